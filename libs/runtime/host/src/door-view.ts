/** What a node's doors for operators and monitors answer for: the node alone, or all nodes of its process. */
import { StatusError } from '@skerry/kernel';
import type { RevocationList } from '@skerry/runtime-security';
import { mergeMetrics, type Level, type Telemetry } from '@skerry/runtime-telemetry';
import type { NodeStatus } from './types.ts';

/** A node, as its neighbours in the process see it. */
export type Neighbour = {
  readonly telemetry: Telemetry;
  readonly revocations: RevocationList;
  ready(): boolean;
  status(): NodeStatus;
};

export class DoorView {
  readonly #own: Neighbour;
  readonly #all: ReadonlySet<Neighbour>;

  /** @param all nodes that start, run or stop in this process, the own one among them. */
  constructor(own: Neighbour, all: ReadonlySet<Neighbour>) {
    this.#own = own;
    this.#all = all;
  }
  /** Only when every node is. */
  ready(): boolean {
    return [...this.#all].every((node) => node.ready());
  }
  /**
   * The node's own, ready when all are, with the others' by name.
   *
   * @param node only this one of them. @throws StatusError `no_such_node`.
   */
  status(node?: string): NodeStatus {
    if (node !== undefined) return this.#statusOf(node);
    const own = this.#own.status();
    const others = this.#others.map((each) => each.status());
    if (others.length === 0) return own;
    return { ...own, ready: this.ready(), nodes: Object.fromEntries(others.map((each) => [each.node, each])) };
  }
  /** Prometheus text, each sample with its node. */
  async metrics(): Promise<string> {
    const texts = await Promise.all([...this.#all].map(({ telemetry }) => telemetry.metricsText()));
    return texts.length === 1 ? texts.join('') : mergeMetrics(texts);
  }
  /** Of all nodes. @returns the own one's level before. */
  setLevel(level: Level): Level {
    const previous = this.#own.telemetry.level;
    for (const { telemetry } of this.#all) telemetry.setLevel(level);
    return previous;
  }
  revoke(ids: readonly string[]): void {
    for (const { revocations } of this.#all) revocations.add(ids);
  }

  get #others(): readonly Neighbour[] {
    return [...this.#all].filter((each) => each !== this.#own);
  }
  #statusOf(node: string): NodeStatus {
    const all = [this.#own, ...this.#others].map((each) => each.status());
    const found = all.find((status) => status.node === node);
    if (found === undefined)
      throw new StatusError(
        'no_such_node',
        `Cannot find node "${node}" behind this door: wanted ${all.map((status) => status.node).join(', ')}`,
      );
    return found;
  }
}
