/** A member of a replicated group, as its service sees it. */
import type { RefusalReason } from '@skerry/cluster-raft';
import {
  encodeProposal,
  type HybridClock,
  type HybridTime,
  type LogIndex,
  type NodeId,
  type OperationId,
  type OrderedReader,
  type OrderedWriter,
  type RecordEntry,
  StatusError,
  toStatusError,
} from '@skerry/kernel';
import type { RaftAdmin } from '@skerry/runtime-raft-links';
import type { Timer } from '@skerry/runtime-world';
import { Admin } from './admin.ts';
import { isPassing } from './applying.ts';
import { Engine, type EngineParts, type OpenLog } from './engine.ts';
import { Leadership } from './leadership.ts';
import { aloneTickMs, tickMs, ticksBehindMax } from './limits.ts';
import { localPart, localWriter, readJoining, writeJoining } from './meta.ts';
import { Proposals } from './proposals.ts';
import { ReadBarriers } from './read-barriers.ts';
import { Reopening } from './reopening.ts';
import { digestState } from './state-digest.ts';
import { statusOf } from './status.ts';
import type { OpenedReplica, Proposal, ReplicaOptions, ReplicaStatus } from './types.ts';

type Proposed = { readonly result: Uint8Array; readonly index: LogIndex };

export type Parts<Effect> = EngineParts<Effect> & {
  /** Again, after the disk refused a write. */
  reopen(): Promise<OpenLog>;
  readonly clock: HybridClock;
};

const noResult = new Uint8Array(0);

export class RaftReplica<Effect> implements OpenedReplica {
  readonly state: OrderedReader;
  readonly local: OrderedReader;
  readonly admin: RaftAdmin;
  readonly #options: ReplicaOptions<Effect>;
  readonly #parts: Parts<Effect>;
  readonly #engine: Engine<Effect>;
  readonly #proposals: Proposals;
  readonly #barriers: ReadBarriers;
  readonly #admin: Admin;
  readonly #leadership = new Leadership();
  readonly #reopening: Reopening;
  /** Answered by the step under way. */
  #proposing: readonly Proposal[] | undefined;
  #timer: Timer | undefined;
  #closing = false;
  #failure: StatusError | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: ReplicaOptions<Effect>, parts: Parts<Effect>) {
    this.#options = options;
    this.#parts = parts;
    this.state = parts.slots.state;
    this.local = localPart(options.store);
    const { group, world } = options;
    const engine = new Engine(options, parts, {
      proposed: (first, term) => {
        if (this.#proposing === undefined) return this.#admin.proposed(first);
        this.#proposals.place(this.#proposing, first, term);
        this.#proposing = undefined;
      },
      refused: (of, reason) => (of === 'propose' ? this.#refuseProposals(reason) : this.#admin.refused(of, reason)),
      readReady: (request) => this.#barriers.ready(request),
      readRefused: (request) => this.#barriers.refused(request),
      roleChanged: () => {
        if (this.#engine.role !== 'leader') this.#proposals.lost();
        this.#barriers.leaderChanged();
      },
      applied: (entries, results) => this.#applied(entries, results),
      configured: () => this.#configured(),
      restored: () => {
        parts.clock.advance(parts.applier.time);
        options.restored?.();
      },
      stopped: (error) => this.#stopped(error),
      fail: (thrown) => this.fail(thrown),
    });
    this.#engine = engine;
    this.#proposals = new Proposals(group, (batch) => this.#submit(batch));
    this.#barriers = new ReadBarriers(group, (request) => engine.step({ kind: 'read', request }));
    this.#reopening = new Reopening({
      clock: world.clock,
      begin: async () => {
        await engine.rest();
        this.#begin(await parts.reopen());
        engine.applying.resume();
      },
      settled: () => (engine.alone ? this.#leadership.settled : Promise.resolve()),
      fail: (thrown) => this.fail(thrown),
    });
    this.#admin = new Admin({
      group,
      machine: () => engine.machine,
      step: (input) => engine.step(input),
      status: () => this.status(),
      checkpoint: () => engine.checkpoints.take(true),
      digest: (signal) => digestState({ store: options.store, slots: parts.slots, clock: world.clock }, signal),
      log: () => engine.log,
      identity: () => ({ ...parts.identity, incarnation: engine.incarnation, node: options.node }),
      admit: async (next, now) => options.admit?.(next, now),
    });
    this.admin = this.#admin;
  }

  /** Begins: links, machine, ticks. Alone it leads, and has applied what it has, when this resolves. */
  async start(): Promise<void> {
    const { clock } = this.#options.world;
    this.#engine.connect(this.admin);
    this.#begin(this.#parts.opened);
    const tick = (): void => {
      this.#engine.tick();
      this.#barriers.tick();
      this.#admin.tick();
      if (!this.#closing && this.#failure === undefined) arm();
    };
    let dueMs = clock.monotonicMs();
    const arm = (): void => {
      const nowMs = clock.monotonicMs();
      const stepMs = this.#tickMs;
      // Late firings are made up for one by one, what came meanwhile being read between: else an election would take twice as
      // long on a machine that is busy. Not all of them after a pause of the process: others were not heard meanwhile.
      dueMs = Math.max(dueMs + stepMs, nowMs - ticksBehindMax * stepMs);
      this.#timer = clock.setTimer(Math.max(0, dueMs - nowMs), tick);
    };
    arm();
    if (this.#engine.alone) await this.#leadership.settled;
  }
  get #tickMs(): number {
    return this.#engine.alone ? aloneTickMs : (this.#options.tickMs ?? tickMs);
  }
  #begin(opened: OpenLog): void {
    this.#leadership.begin();
    this.#engine.begin(opened);
  }

  get appliedIndex(): LogIndex {
    return this.#parts.applier.index;
  }
  get isLeader(): boolean {
    if (this.#failure !== undefined || this.#closing) return false;
    // Alone it leads also while the disk takes nothing.
    return this.#engine.machine === undefined ? this.#engine.alone : this.#engine.role === 'leader';
  }
  get isJoining(): boolean {
    return readJoining(this.#options.store);
  }
  get leader(): NodeId | undefined {
    return this.#engine.leader;
  }
  remembered(id: OperationId): Uint8Array | undefined {
    return this.#parts.applier.remembered(id);
  }
  onLeading(listener: () => void): () => void {
    if (this.isLeader && this.#leadership.isToldIn(this.#engine.term)) listener();
    return this.#leadership.listen(listener);
  }
  now(): HybridTime {
    return this.#parts.clock.tick(this.#options.world.clock.wallMs());
  }
  changeLocal(body: (local: OrderedWriter) => void): void {
    this.#options.store.transaction((writer) => body(localWriter(writer)));
  }
  status(): ReplicaStatus {
    return statusOf({
      group: this.#options.group,
      node: this.#options.node,
      epoch: this.#parts.identity.epoch,
      machine: this.#engine.status(),
      log: this.#engine.log,
      applied: this.appliedIndex,
      isLeader: this.isLeader,
    });
  }

  propose(command: Uint8Array, operationId: OperationId): Promise<Proposed> {
    return new Promise((resolve, reject) => {
      const decided = (result: Uint8Array, index: LogIndex): void => resolve({ result, index });
      this.proposeAll([{ command, operationId, decided, refused: reject }]);
    });
  }
  proposeAll(proposals: readonly Proposal[]): void {
    // Alone, every proposal asks the disk anew: nobody else could take it.
    const asks = this.#reopening.refusal !== undefined && this.#engine.alone;
    if (asks && this.#failure === undefined && !this.#closing)
      void this.#reopening.try().then(() => this.#proposeAll(proposals));
    else this.#proposeAll(proposals);
  }
  #proposeAll(proposals: readonly Proposal[]): void {
    const refusal = this.#refusal();
    for (const proposal of proposals)
      if (refusal === undefined) this.#proposals.add(proposal);
      else proposal.refused(refusal);
  }
  #refusal(): StatusError | undefined {
    const { group } = this.#options;
    if (this.#failure !== undefined) return this.#failure;
    if (this.#closing)
      return new StatusError('shutting_down', `Cannot propose to group "${group}": this node is shutting down`);
    const refusal = this.#reopening.refusal ?? this.#engine.applying.refusal;
    if (refusal !== undefined)
      return new StatusError(
        refusal.reason,
        `Cannot propose to group "${group}" before what is logged is applied: ${refusal.message}`,
      );
    return this.isLeader ? undefined : this.#notLeader();
  }
  #notLeader(): StatusError {
    const leader = this.leader ?? 'nobody that this node knows of';
    return new StatusError(
      'not_leader',
      `Cannot propose to group "${this.#options.group}" here: its leader is ${leader}`,
    );
  }
  #submit(batch: readonly Proposal[]): void {
    const refusal = this.#refusal();
    if (refusal !== undefined) return this.#proposals.reject(batch, refusal);
    this.#proposing = batch;
    const { incarnation } = this.#engine;
    const bodies = batch.map(({ command, operationId }) =>
      encodeProposal({ incarnation, operationId, time: this.now(), command }),
    );
    this.#engine.step({ kind: 'propose', bodies });
  }
  #refuseProposals(reason: RefusalReason): void {
    const { group } = this.#options;
    const error =
      reason === 'uncommitted_full'
        ? new StatusError('overloaded', `Cannot propose to group "${group}": too much waits for a majority`)
        : this.#notLeader();
    const proposing = this.#proposing ?? [];
    this.#proposing = undefined;
    this.#proposals.reject(proposing, error);
  }
  readBarrier(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    // Without others nothing is acknowledged before it is applied here.
    return this.#engine.alone ? Promise.resolve() : this.#barriers.wait();
  }

  #configured(): void {
    const { store, node } = this.#options;
    const isVoter = this.#engine.status()?.configuration.voters.includes(node) === true;
    if (isVoter && this.isJoining) store.transaction((writer) => writeJoining(writer, false));
  }
  #applied(entries: readonly RecordEntry[], results: readonly (Uint8Array | undefined)[]): void {
    // What is decided is never of the future: who leads next goes on from there.
    this.#parts.clock.advance(this.#parts.applier.time);
    for (const [i, { index, term }] of entries.entries()) this.#proposals.applied(index, term, results[i] ?? noResult);
    this.#admin.applied();
    // A leader serves when the first entry of its term is applied, and with it all before.
    const { term, log } = this.#engine;
    if (this.isLeader && !this.#leadership.isToldIn(term) && log.termAt(this.appliedIndex) === term)
      this.#leadership.reached(term);
  }

  /** The disk refused a write. */
  #stopped(error: StatusError): void {
    if (!isPassing(error)) return this.fail(error);
    const { telemetry, group } = this.#options;
    telemetry.emit({ event: 'replica_stalled', level: 'error', group, error });
    this.#leadership.fail(error);
    this.#proposing = undefined;
    if (this.#engine.alone) this.#proposals.rejectAll(error);
    else this.#proposals.lost();
    this.#reopening.refused(error);
  }
  /** The node cannot go on: everything waiting is refused, and the host is told, once. */
  fail(thrown: unknown): void {
    if (this.#failure !== undefined) return;
    const { group, telemetry, onFatal } = this.#options;
    const cause = toStatusError(thrown);
    const error =
      cause.reason === 'disk_failed' || cause.reason === 'corrupt'
        ? cause
        : new StatusError('unexpected', `Cannot go on with group "${group}": ${cause.message}`, { cause: thrown });
    this.#failure = error;
    this.#engine.stop();
    this.#reopening.stop();
    this.#timer?.cancel();
    telemetry.emit({ event: 'replica_failed', level: 'fatal', group, error });
    this.#leadership.fail(error);
    this.#rejectAll(error);
    onFatal(error);
  }
  #rejectAll(error: StatusError): void {
    this.#proposals.rejectAll(error);
    this.#barriers.rejectAll(error);
    this.#admin.close(error);
  }

  /** Takes no more proposals, ends those it has, cuts the log. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }
  async #close(): Promise<void> {
    const { group } = this.#options;
    this.#closing = true;
    if (this.#failure === undefined && this.#engine.alone && this.#reopening.refusal === undefined)
      await this.#proposals.idle();
    this.#timer?.cancel();
    this.#rejectAll(new StatusError('shutting_down', `Group "${group}": this node is shutting down`));
    await this.#reopening.close();
    await this.#engine.close(this.#failure === undefined);
  }
}
