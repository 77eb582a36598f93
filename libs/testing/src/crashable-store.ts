import {
  type KeyRange,
  type KeyValue,
  MemoryStore,
  type OrderedReader,
  type OrderedStore,
  type OrderedView,
  type OrderedWriter,
  type StatusError,
} from '@skerry/kernel';

/**
 * A store in memory of which a crash keeps what was last made durable: whole transactions, none after the first that is
 * lost. As `runtime/kv` does, it awaits `beforeCommit` first, and what ends meanwhile is not made durable.
 */
export class CrashableStore implements OrderedStore {
  #now = new MemoryStore();
  #durable: readonly KeyValue[] = [];
  #committing: Promise<void> = Promise.resolve();
  #beforeCommit: () => Promise<void> = () => Promise.resolve();
  #crashed = false;
  /** Of the disk beneath: while it is set, nothing is made durable. */
  failure: StatusError | undefined;

  /** Another life with what is durable; this one makes nothing durable any more. */
  crash(): CrashableStore {
    this.#crashed = true;
    const next = new CrashableStore();
    next.#durable = this.#durable;
    next.#now.transaction((writer) => {
      for (const [key, value] of this.#durable) writer.put(key, value);
    });
    return next;
  }
  get(key: Uint8Array): Uint8Array | undefined {
    return this.#now.get(key);
  }
  range(range: KeyRange): Iterable<KeyValue> {
    return this.#now.range(range);
  }
  transaction<T>(body: (writer: OrderedWriter) => T): T {
    return this.#now.transaction(body);
  }
  /** In the order of calls, as one disk does it. */
  flush(): Promise<void> {
    const sealed = rowsOf(this.#now);
    const commit = this.#committing.then(async () => {
      await this.#beforeCommit();
      if (this.failure !== undefined) throw this.failure;
      if (!this.#crashed) this.#durable = sealed;
    });
    this.#committing = commit.catch(() => undefined);
    return commit;
  }
  beforeCommit(body: () => Promise<void>): void {
    this.#beforeCommit = body;
  }
  sizeBytes(): number {
    return rowsOf(this.#now).reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  }
  async openView(): Promise<OrderedView> {
    await this.flush();
    return this.#now.openView();
  }
  async close(): Promise<void> {
    await this.flush();
  }
}

const rowsOf = (reader: OrderedReader): readonly KeyValue[] =>
  [...reader.range({ from: new Uint8Array(0) })].map(([key, value]) => [key.slice(), value.slice()]);
