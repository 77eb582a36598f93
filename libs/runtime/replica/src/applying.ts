/** Brings what is decided from the log into the state, in order, in batches, with pauses for others. */
import {
  decodeProposal,
  type Entry,
  type Epoch,
  type LogIndex,
  type Reason,
  type RecordEntry,
  StatusError,
} from '@skerry/kernel';
import type { RaftLog } from '@skerry/runtime-raft-log';
import { pause, type Clock } from '@skerry/runtime-world';
import type { Applier } from './apply.ts';
import { applyBatchMax, applyReadMaxBytes, applySliceMs, stallPauseMs, unflushedBytesMax } from './limits.ts';

/** The disk takes nothing now; what is decided stays decided, and is applied when it does. */
const passing: ReadonlySet<Reason> = new Set<Reason>(['disk_full', 'read_only_disk', 'overloaded']);
export const isPassing = (thrown: unknown): thrown is StatusError =>
  thrown instanceof StatusError && passing.has(thrown.reason);

export type ApplyingHost = {
  readonly clock: Clock;
  readonly epoch: Epoch;
  log(): RaftLog;
  flush(): Promise<void>;
  /** These are in the state now, with what each gave, in their order; entries that are no commands gave nothing. */
  applied(entries: readonly RecordEntry[], results: readonly (Uint8Array | undefined)[]): void;
  /** Once, when the disk begins to refuse. */
  stalled(error: StatusError): void;
  fail(thrown: unknown): void;
};

export class Applying<Effect> {
  readonly #applier: Applier<Effect>;
  readonly #host: ApplyingHost;
  readonly #closing = new AbortController();
  #target: LogIndex;
  #running: Promise<void> | undefined;
  #held = false;
  #unflushedBytes = 0;
  /** Why the state takes nothing now. */
  #refusal: StatusError | undefined;

  constructor(applier: Applier<Effect>, host: ApplyingHost) {
    this.#applier = applier;
    this.#host = host;
    this.#target = applier.index;
  }
  get refusal(): StatusError | undefined {
    return this.#refusal;
  }
  /** All up to here is decided, and in the log. */
  commit(index: LogIndex): void {
    if (index <= this.#target) return;
    this.#target = index;
    this.#start();
  }
  /** A snapshot takes the place of the state: nothing is applied until {@link resume}. */
  hold(): void {
    this.#held = true;
  }
  /** From the applier's index on, which may have changed. */
  resume(): void {
    this.#held = false;
    if (this.#target < this.#applier.index) this.#target = this.#applier.index;
    this.#start();
  }
  /** Resolves when it rests: all is applied, or it cannot go on. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }
  /** Resolves when it rests. */
  async idle(): Promise<void> {
    await this.#running;
  }

  #start(): void {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      if (this.#due && !this.#closing.signal.aborted && !this.#failed) this.#start();
    });
  }
  #failed = false;
  get #due(): boolean {
    return !this.#held && this.#applier.index < this.#target;
  }
  async #run(): Promise<void> {
    // What is decided in one turn joins the first batch.
    await Promise.resolve();
    let sinceMs = this.#host.clock.monotonicMs();
    try {
      while (this.#due) {
        const entries = await this.#read();
        if (entries === undefined) continue;
        for (let i = 0; i < entries.length && !this.#held; i += applyBatchMax) {
          if (!(await this.#apply(entries.slice(i, i + applyBatchMax)))) return;
          if (this.#host.clock.monotonicMs() - sinceMs < applySliceMs) continue;
          await pause(this.#host.clock, 0);
          sinceMs = this.#host.clock.monotonicMs();
        }
      }
    } catch (thrown) {
      this.#failed = true;
      this.#host.fail(thrown);
    }
  }
  /** Undefined when the state was replaced meanwhile. */
  async #read(): Promise<readonly RecordEntry[] | undefined> {
    const log = this.#host.log();
    const { index } = this.#applier;
    const term = log.termAt(index);
    if (term === undefined) return this.#unread(log);
    const previous = { index, term };
    const cached = log.readCached(previous, this.#target, applyReadMaxBytes);
    if (cached !== undefined) return cached;
    const read = await log.read(previous, this.#target, applyReadMaxBytes);
    if (this.#held || this.#applier.index !== index || log !== this.#host.log()) return undefined;
    return read ?? this.#unread(log);
  }
  /** A log that the disk has ended is opened again; then it goes on. */
  #unread(log: RaftLog): undefined {
    if (log.failure === undefined)
      throw new StatusError(
        'corrupt',
        `Cannot apply what follows record ${this.#applier.index}: the log does not hold it`,
      );
    this.#held = true;
    return undefined;
  }

  /** False when there is no going on. A full disk is waited for: what is decided stays decided. */
  async #apply(entries: readonly RecordEntry[]): Promise<boolean> {
    const last = entries.at(-1);
    if (last === undefined) return true;
    const commands: Entry[] = [];
    for (const { kind, index, term, body } of entries) {
      if (kind !== 'command') continue;
      const { operationId, time, command } = decodeProposal(body);
      commands.push({ epoch: this.#host.epoch, term, index, operationId, time, command });
      this.#unflushedBytes += body.length;
    }
    const results = await this.#insist(() => this.#applier.apply(commands, last.index));
    if (results === undefined) return false;
    let given = 0;
    this.#host.applied(
      entries,
      results.length === entries.length
        ? results
        : entries.map(({ kind }) => (kind === 'command' ? results[given++] : undefined)),
    );
    if (this.#unflushedBytes < unflushedBytesMax) return true;
    if ((await this.#insist(() => this.#host.flush().then(() => true))) === undefined) return false;
    this.#unflushedBytes = 0;
    return true;
  }
  /** Undefined when it closes before the disk takes it. */
  async #insist<T>(act: () => T | Promise<T>): Promise<T | undefined> {
    for (;;)
      try {
        const result = await act();
        this.#refusal = undefined;
        return result;
      } catch (thrown) {
        if (!isPassing(thrown)) throw thrown;
        if (this.#refusal === undefined) this.#host.stalled(thrown);
        this.#refusal = thrown;
        await pause(this.#host.clock, stallPauseMs, this.#closing.signal);
        if (this.#closing.signal.aborted) return undefined;
      }
  }
}
