/** News for every node of a role: each is told, again and again until it took them, also when it comes later. */
import { NodeId, toStatusError } from '@skerry/kernel';
import type { Directory, NodeRecord } from '@skerry/runtime-discovery';
import type { CallOptions, Target } from '@skerry/runtime-rpc';
import type { Telemetry } from '@skerry/runtime-telemetry';
import type { Timer, World } from '@skerry/runtime-world';

/** News told at once and remembered for nodes that come later; beyond, the oldest is forgotten. */
export const newsPendingMax = 10_000;
/** How long to wait after a node could not be told, in ms. */
const retryMs = 1_000;
/** Deadline of one call, in ms. */
const callMs = 2_000;

/** `untilMs`: by the wall clock, when it may be forgotten. */
export type News<V> = V & { readonly untilMs: number };
export type PushParts<V> = {
  readonly world: World;
  readonly directory: Directory;
  readonly telemetry: Telemetry;
  readonly role: string;
  /** Of a node that could not be told. */
  readonly event: string;
  /** Idempotent. */
  tell(target: Target, news: readonly News<V>[], options: CallOptions): Promise<void>;
};

export class Push<V> {
  readonly #parts: PushParts<V>;
  /** By what it is about: newer news of the same take its place. */
  readonly #news = new Map<string, News<V> & { readonly number: number }>();
  /** Node and its life → number of the last news that it was told. */
  readonly #told = new Map<string, number>();
  readonly #closing = new AbortController();
  readonly #stopListening: () => void;
  #count = 0;
  #running = false;
  #retry: Timer | undefined;

  constructor(parts: PushParts<V>) {
    this.#parts = parts;
    this.#stopListening = parts.directory.listen(() => this.#start());
  }

  add(key: string, news: News<V>): void {
    this.#count += 1;
    this.#news.delete(key);
    this.#news.set(key, { ...news, number: this.#count });
    for (const oldest of this.#news.keys()) {
      if (this.#news.size <= newsPendingMax) break;
      this.#news.delete(oldest);
    }
    this.#start();
  }

  close(): void {
    this.#stopListening();
    this.#retry?.cancel();
    this.#closing.abort();
  }

  #start(): void {
    if (this.#running || this.#closing.signal.aborted) return;
    this.#running = true;
    // What is added in this turn goes together.
    queueMicrotask(
      () =>
        void this.#tellAll().finally(() => {
          this.#running = false;
        }),
    );
  }

  async #tellAll(): Promise<void> {
    this.#dropExpired();
    if (this.#news.size === 0) return;
    this.#retry?.cancel();
    const nodes = this.#parts.directory.nodes(this.#parts.role);
    const keys = new Set(nodes.map(keyOf));
    for (const key of this.#told.keys()) if (!keys.has(key)) this.#told.delete(key);
    const told = await Promise.all(nodes.filter((node) => this.#isBehind(node)).map((node) => this.#tell(node)));
    const again = told.includes(false) || nodes.some((node) => this.#isBehind(node));
    if (again && !this.#closing.signal.aborted)
      this.#retry = this.#parts.world.clock.setTimer(retryMs, () => this.#start());
  }
  #isBehind(node: NodeRecord): boolean {
    return this.#told.get(keyOf(node)) !== this.#count;
  }

  async #tell(node: NodeRecord): Promise<boolean> {
    const { telemetry, role, event } = this.#parts;
    const count = this.#count;
    const before = this.#told.get(keyOf(node)) ?? 0;
    const news = [...this.#news.values()].filter(({ number }) => number > before);
    const options = { idempotent: true, deadlineMs: callMs, signal: this.#closing.signal };
    try {
      await this.#parts.tell({ nodeId: NodeId(node.nodeId), address: node.address }, news, options);
      this.#told.set(keyOf(node), count);
      return true;
    } catch (thrown) {
      const { reason, message } = toStatusError(thrown);
      telemetry.emit({ event, level: 'warn', message, reason, [role]: node.nodeId });
      return false;
    }
  }

  #dropExpired(): void {
    const nowMs = this.#parts.world.clock.wallMs();
    for (const [key, { untilMs }] of this.#news) if (untilMs <= nowMs) this.#news.delete(key);
  }
}

const keyOf = (node: NodeRecord): string => `${node.nodeId}/${node.incarnation}`;
