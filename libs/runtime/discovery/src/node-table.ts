/** The nodes that are known now, and the choice among them. */
import { Prng, StatusError } from '@skerry/kernel';
import type { Clock, World } from '@skerry/runtime-world';
import type { Directory, NodeRecord } from './types.ts';

/** A node that failed is passed over for so long, in ms: as long as a restart, or the news of its end, takes. */
export const failureAvoidedMs = 2_000;
/** Nodes kept, in all: more than one cluster has, and no more than a discovery node tells. */
export const nodeCountMax = 4_096;
/**
 * A node that a new table does not name is kept for so long, in ms: a discovery node that has just started knows nobody
 * until the others' next heartbeats.
 */
export const unconfirmedKeptMs = 15_000;

export class NodeTable implements Omit<Directory, 'isAlone'> {
  readonly #clock: Clock;
  readonly #prng: Prng;
  readonly #records = new Map<string, NodeRecord>();
  readonly #failedUntilMs = new Map<string, number>();
  readonly #unconfirmedUntilMs = new Map<string, number>();
  readonly #listeners = new Set<() => void>();
  #byRole = new Map<string, readonly NodeRecord[]>();
  #closed = false;

  constructor({ clock, random }: Pick<World, 'clock' | 'random'>) {
    this.#clock = clock;
    this.#prng = new Prng(new DataView(random(4).slice().buffer).getUint32(0));
  }

  nodes(role: string): readonly NodeRecord[] {
    const known = this.#byRole.get(role);
    if (known !== undefined) return known;
    const all = [...this.#records.values()].filter((record) => record.role === role);
    const sorted = all.toSorted((a, b) => (a.nodeId < b.nodeId ? -1 : 1));
    this.#byRole.set(role, sorted);
    return sorted;
  }

  pick(role: string, except?: ReadonlySet<string>): NodeRecord {
    const all = this.nodes(role);
    const wanted = except === undefined ? all : all.filter(({ nodeId }) => !except.has(nodeId));
    const sound = this.#failedUntilMs.size === 0 ? wanted : wanted.filter(({ nodeId }) => !this.#hasFailed(nodeId));
    const candidates = [sound, wanted, all].find(({ length }) => length > 0) ?? [];
    const first = candidates[this.#prng.below(candidates.length)];
    if (first === undefined) throw new StatusError('no_node', `No node of role "${role}" is known`);
    const second = candidates[this.#prng.below(candidates.length)] ?? first;
    return second.load < first.load ? second : first;
  }

  #hasFailed(nodeId: string): boolean {
    const untilMs = this.#failedUntilMs.get(nodeId);
    if (untilMs === undefined) return false;
    if (this.#clock.monotonicMs() < untilMs) return true;
    this.#failedUntilMs.delete(nodeId);
    return false;
  }

  waitFor(role: string, deadlineMs: number, signal?: AbortSignal): Promise<NodeRecord> {
    if (this.nodes(role).length > 0) return Promise.resolve(this.pick(role));
    return new Promise((resolve, reject) => {
      const finish = (error?: StatusError): void => {
        timer.cancel();
        stop();
        signal?.removeEventListener('abort', cancelled);
        if (error === undefined) resolve(this.pick(role));
        else reject(error);
      };
      const what = `node of role "${role}"`;
      const cancelled = (): void => finish(new StatusError('cancelled', `Wait for a ${what} was cancelled`));
      const timer = this.#clock.setTimer(deadlineMs, () =>
        finish(new StatusError('no_node', `No ${what} was found in ${deadlineMs} ms`)),
      );
      const stop = this.listen(() => {
        if (this.nodes(role).length > 0) finish();
        else if (this.#closed) finish(new StatusError('shutting_down', `Wait for a ${what}: this node is stopping`));
      });
      if (this.#closed) finish(new StatusError('shutting_down', `Wait for a ${what}: this node is stopping`));
      else if (signal?.aborted === true) cancelled();
      else signal?.addEventListener('abort', cancelled, { once: true });
    });
  }

  reportFailure(nodeId: string): void {
    if (this.#records.has(nodeId)) this.#failedUntilMs.set(nodeId, this.#clock.monotonicMs() + failureAvoidedMs);
  }

  listen(listener: () => void): () => void {
    // A function of its own, so that one that listens twice is called twice.
    const own = (): void => listener();
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  /** A whole table, from a discovery node. */
  replaceAll(records: readonly NodeRecord[]): void {
    const untilMs = this.#clock.monotonicMs() + unconfirmedKeptMs;
    const named = new Set(records.map(({ nodeId }) => nodeId));
    for (const nodeId of this.#records.keys())
      if (!named.has(nodeId) && !this.#unconfirmedUntilMs.has(nodeId)) this.#unconfirmedUntilMs.set(nodeId, untilMs);
    for (const record of records) this.#take(record);
    this.#changed();
  }

  put(record: NodeRecord): void {
    this.#take(record);
    this.#changed();
  }
  #take(record: NodeRecord): void {
    const known = this.#records.get(record.nodeId);
    if (known === undefined && this.#records.size >= nodeCountMax) return;
    if (known !== undefined && known.incarnation > record.incarnation) return;
    // A new life has not failed yet.
    if (known?.incarnation !== record.incarnation) this.#failedUntilMs.delete(record.nodeId);
    this.#unconfirmedUntilMs.delete(record.nodeId);
    this.#records.set(record.nodeId, record);
  }

  /** An older life's end does not drop a newer one. */
  drop({ nodeId, incarnation }: NodeRecord): void {
    const known = this.#records.get(nodeId);
    if (known === undefined || known.incarnation > incarnation) return;
    this.#forget(nodeId);
    this.#changed();
  }
  /** Drops those that no discovery node has named for a while; to be called now and then while one can be heard. */
  dropUnconfirmed(): void {
    const nowMs = this.#clock.monotonicMs();
    const over = [...this.#unconfirmedUntilMs].filter(([, untilMs]) => untilMs <= nowMs);
    for (const [nodeId] of over) this.#forget(nodeId);
    if (over.length > 0) this.#changed();
  }
  #forget(nodeId: string): void {
    this.#records.delete(nodeId);
    this.#failedUntilMs.delete(nodeId);
    this.#unconfirmedUntilMs.delete(nodeId);
  }

  /** Whoever still waits is told so. */
  close(): void {
    this.#closed = true;
    this.#changed();
    this.#listeners.clear();
  }
  #changed(): void {
    this.#byRole = new Map();
    for (const listener of this.#listeners) listener();
  }
}

/** A directory of nodes that are known beforehand: for tests, and tools that were given one address. */
export function fixedDirectory(world: Pick<World, 'clock' | 'random'>, records: readonly NodeRecord[]): Directory {
  const table = new NodeTable(world);
  table.replaceAll(records);
  return Object.assign(table, { isAlone: records.length === 0 });
}
