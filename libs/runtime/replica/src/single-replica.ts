/** A replica without others: what its own disk has is committed. */
import {
  AssertionError,
  commandSizeMaxBytes,
  encodeLogRecord,
  type Entry,
  type HybridClock,
  type HybridTime,
  LogIndex,
  type LogRecord,
  type OperationId,
  OperationId as asOperationId,
  type Reason,
  type OrderedReader,
  type OrderedWriter,
  StatusError,
  Term,
  toStatusError,
} from '@skerry/kernel';
import { pause } from '@skerry/runtime-world';
import type { Wal } from '@skerry/runtime-wal';
import type { Applier } from './apply.ts';
import {
  applyBatchMax,
  checkpointBytes,
  proposalBytesMax,
  proposalCountMax,
  stallPauseMs,
  unflushedBytesMax,
} from './limits.ts';
import { type Identity, localPart, localWriter, statePart } from './meta.ts';
import type { Replica, ReplicaOptions, ReplicaStatus } from './types.ts';

/** The only term of a log with one member: nobody is elected. */
const onlyTerm = Term(1);
/** The disk takes nothing now; what is logged stays logged, and is applied when it does. */
const passing: ReadonlySet<Reason> = new Set<Reason>(['disk_full', 'read_only_disk', 'overloaded']);
type Proposed = { readonly result: Uint8Array; readonly index: LogIndex };
/** A durable record whose proposer waits for its result. */
type Waiting = { readonly entry: Entry; resolve(proposed: Proposed): void; reject(error: StatusError): void };
type Parts<Effect> = {
  readonly identity: Identity;
  readonly wal: Wal;
  readonly applier: Applier<Effect>;
  readonly clock: HybridClock;
};

export class SingleReplica<Effect> implements Replica {
  readonly state: OrderedReader;
  readonly local: OrderedReader;
  readonly #options: ReplicaOptions<Effect>;
  readonly #identity: Identity;
  readonly #wal: Wal;
  readonly #applier: Applier<Effect>;
  readonly #clock: HybridClock;
  /** Of a record around an empty command. */
  readonly #recordOverheadBytes: number;
  /** Durable, not yet applied, in the order of the log. */
  #queue: Waiting[] = [];
  #applying: Promise<void> | undefined;
  #proposalCount = 0;
  #proposalBytes = 0;
  #unflushedBytes = 0;
  #loggedBytes = 0;
  #checkpointing: Promise<void> | undefined;
  /** While the disk takes nothing of what is logged and applied, nothing more is logged. */
  #stalled: StatusError | undefined;
  #failure: StatusError | undefined;
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;
  #idle: (() => void)[] = [];

  constructor(options: ReplicaOptions<Effect>, { identity, wal, applier, clock }: Parts<Effect>) {
    this.#options = options;
    this.#identity = identity;
    this.#wal = wal;
    this.#applier = applier;
    this.#clock = clock;
    this.state = statePart(options.store);
    this.local = localPart(options.store);
    const zero = { wallMs: 0, counter: 0 };
    const empty = this.#record(LogIndex(0), new Uint8Array(0), asOperationId('0'.repeat(32)), zero);
    this.#recordOverheadBytes = encodeLogRecord(empty).length;
  }
  #record(index: LogIndex, command: Uint8Array, operationId: OperationId, time: HybridTime): LogRecord {
    const { epoch, incarnation } = this.#identity;
    const { group } = this.#options;
    return { kind: 'command', group, epoch, term: onlyTerm, index, incarnation, operationId, time, command };
  }
  get appliedIndex(): LogIndex {
    return this.#applier.index;
  }
  get isLeader(): boolean {
    return this.#failure === undefined && !this.#closing.signal.aborted;
  }
  now(): HybridTime {
    return this.#clock.tick(this.#options.world.clock.wallMs());
  }
  status(): ReplicaStatus {
    return {
      group: this.#options.group,
      epoch: this.#identity.epoch,
      term: onlyTerm,
      leader: this.isLeader,
      committed: this.#wal.lastPosition,
      applied: this.#applier.index,
      firstIndex: this.#wal.firstPosition,
    };
  }
  /** Nothing is acknowledged before it is applied here. */
  readBarrier(): Promise<void> {
    return this.#failure === undefined ? Promise.resolve() : Promise.reject(this.#failure);
  }
  changeLocal(body: (local: OrderedWriter) => void): void {
    this.#options.store.transaction((writer) => body(localWriter(writer)));
  }

  propose(command: Uint8Array, operationId: OperationId): Promise<Proposed> {
    const refusal = this.#refusal(command);
    if (refusal !== undefined) return Promise.reject(refusal);
    this.#proposalCount += 1;
    this.#proposalBytes += command.length;
    return new Promise((resolve, reject) => {
      const refuse = (error: unknown): void => {
        this.#settled(command);
        reject(toStatusError(error));
      };
      const accept = (proposed: Proposed): void => {
        this.#settled(command);
        resolve(proposed);
      };
      this.#log(command, operationId).then(
        (entry) => this.#enqueue({ entry, resolve: accept, reject: refuse }),
        refuse,
      );
    });
  }
  #settled(command: Uint8Array): void {
    this.#proposalCount -= 1;
    this.#proposalBytes -= command.length;
    if (this.#proposalCount === 0) for (const idle of this.#idle.splice(0)) idle();
  }
  #refusal(command: Uint8Array): StatusError | undefined {
    const { group } = this.#options;
    if (this.#failure !== undefined) return this.#failure;
    if (this.#closing.signal.aborted)
      return new StatusError('shutting_down', `Cannot propose to group "${group}": this node is shutting down`);
    if (command.length > commandSizeMaxBytes)
      return new StatusError(
        'too_large',
        `Cannot propose ${command.length} bytes to group "${group}": limit ${commandSizeMaxBytes}`,
      );
    if (this.#stalled !== undefined) {
      const { reason, message } = this.#stalled;
      return new StatusError(reason, `Cannot propose to group "${group}" before what is logged is applied: ${message}`);
    }
    if (this.#proposalCount >= proposalCountMax || this.#proposalBytes + command.length > proposalBytesMax)
      return new StatusError(
        'overloaded',
        `Cannot propose to group "${group}": ${this.#proposalCount} proposals with ${this.#proposalBytes} bytes wait`,
      );
    return undefined;
  }
  /** Resolves, in the order of the log, when the record is durable. */
  async #log(command: Uint8Array, operationId: OperationId): Promise<Entry> {
    let entry: LogRecord | undefined;
    const sizeBytes = this.#recordOverheadBytes + command.length;
    await this.#wal.appendEncoded(sizeBytes, (position) => {
      entry = this.#record(LogIndex(position), command, operationId, this.now());
      return encodeLogRecord(entry);
    });
    this.#loggedBytes += sizeBytes;
    if (entry === undefined) throw new AssertionError('a record was logged without being encoded');
    return entry;
  }

  #enqueue(waiting: Waiting): void {
    if (this.#failure !== undefined) {
      waiting.reject(this.#failure);
      return;
    }
    this.#queue.push(waiting);
    this.#applying ??= this.#applyAll();
  }
  async #applyAll(): Promise<void> {
    // A group of the log is acknowledged in one turn: all of it joins the first batch. What comes while one ends, the
    // next.
    do {
      await Promise.resolve();
      await this.#applyQueue();
    } while (this.#queue.length > 0);
    this.#applying = undefined;
  }
  async #applyQueue(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue.slice(0, applyBatchMax);
      const results = await this.#applyBatch(batch.map(({ entry }) => entry));
      if (results === undefined) return;
      this.#queue.splice(0, batch.length);
      for (const [i, { entry, resolve }] of batch.entries()) {
        this.#unflushedBytes += entry.command.length;
        resolve({ result: results[i] ?? new Uint8Array(0), index: LogIndex(entry.index) });
      }
      if (this.#loggedBytes >= (this.#options.checkpointBytes ?? checkpointBytes)) this.#startCheckpoint();
      if (this.#unflushedBytes >= unflushedBytesMax && !(await this.#flush())) return;
    }
  }
  /**
   * Undefined, and the queue refused, when there is no going on. A full disk is waited for: what is logged stays
   * logged.
   */
  async #applyBatch(entries: readonly Entry[]): Promise<readonly Uint8Array[] | undefined> {
    for (;;)
      try {
        const results = this.#applier.apply(entries);
        this.#stalled = undefined;
        return results;
      } catch (thrown) {
        if (!(await this.#waitForRoom(thrown))) return undefined;
      }
  }
  async #flush(): Promise<boolean> {
    for (;;)
      try {
        await this.#options.store.flush();
        this.#unflushedBytes = 0;
        this.#stalled = undefined;
        return true;
      } catch (thrown) {
        if (!(await this.#waitForRoom(thrown))) return false;
      }
  }
  /** False when the disk is neither full nor read-only, which is fatal, or the replica closes. */
  async #waitForRoom(thrown: unknown): Promise<boolean> {
    const { world, telemetry, group } = this.#options;
    if (!(thrown instanceof StatusError) || !passing.has(thrown.reason)) {
      this.fail(thrown);
      return false;
    }
    if (this.#stalled === undefined) telemetry.emit({ event: 'replica_stalled', level: 'error', group, error: thrown });
    this.#stalled = thrown;
    await pause(world.clock, stallPauseMs, this.#closing.signal);
    if (this.#failure !== undefined) return false;
    if (!this.#closing.signal.aborted) return true;
    this.#rejectQueue(
      new StatusError('shutting_down', `Cannot apply what group "${group}" has logged: ${thrown.message}`),
    );
    return false;
  }
  #rejectQueue(error: StatusError): void {
    for (const { reject } of this.#queue.splice(0)) reject(error);
  }

  /** The node cannot go on: everything waiting is refused, and the host is told, once. */
  fail(thrown: unknown): void {
    if (this.#failure !== undefined) return;
    const { group, telemetry, onFatal } = this.#options;
    const cause = toStatusError(thrown);
    this.#failure =
      cause.reason === 'disk_failed' || cause.reason === 'corrupt'
        ? cause
        : new StatusError('unexpected', `Cannot go on with group "${group}": ${cause.message}`, { cause: thrown });
    telemetry.emit({ event: 'replica_failed', level: 'fatal', group, error: this.#failure });
    this.#rejectQueue(this.#failure);
    onFatal(this.#failure);
  }

  #startCheckpoint(): void {
    if (this.#checkpointing !== undefined || this.#closing.signal.aborted) return;
    this.#checkpointing = this.#checkpoint().finally(() => {
      this.#checkpointing = undefined;
    });
  }
  /** Cuts the log below what the store has on disk. Tried again after as much more was logged. */
  async #checkpoint(): Promise<void> {
    const { beforeCut, store, telemetry, group } = this.#options;
    this.#loggedBytes = 0;
    try {
      const applied = this.#applier.index;
      await beforeCut();
      await store.flush();
      await this.#wal.cut(applied + 1);
    } catch (thrown) {
      const error = toStatusError(thrown);
      if (passing.has(error.reason)) telemetry.emit({ event: 'checkpoint_failed', level: 'warn', group, error });
      else this.fail(error);
    }
  }

  /** Takes no more proposals, ends those it has, cuts the log. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }
  async #close(): Promise<void> {
    this.#closing.abort();
    if (this.#proposalCount > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
    await this.#applying;
    await this.#checkpointing;
    if (this.#failure === undefined) await this.#checkpoint();
    await this.#wal.close();
  }
}
