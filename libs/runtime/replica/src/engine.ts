/** Drives one member's machine: its inputs in order, its effects on log, state and links. */
import {
  type Effect as RaftEffect,
  type Input,
  Raft,
  type RefusalReason,
  type Role,
  type SnapshotMark,
  type Status,
  type Stored,
} from '@skerry/cluster-raft';
import { LogIndex, type NodeId, type RecordEntry, StatusError, Term, unreachable } from '@skerry/kernel';
import type { LinkMessage, RaftAdmin, RaftLinks } from '@skerry/runtime-raft-links';
import type { RaftLog } from '@skerry/runtime-raft-log';
import type { Applier } from './apply.ts';
import { Applying } from './applying.ts';
import { Checkpoints } from './checkpoints.ts';
import { Installer } from './installer.ts';
import {
  checkpointBytes,
  cutKeepCountMax,
  electionTicks,
  proposalBytesMax,
  snapshotWorthFactor,
  snapshotWorthMinBytes,
  writeStallFatalTicks,
  writeStallTicks,
} from './limits.ts';
import type { Identity } from './meta.ts';
import { Sender } from './sender.ts';
import type { Slots } from './slots.ts';
import { SnapshotSender } from './snapshot-out.ts';
import type { ReplicaOptions } from './types.ts';
import { Writer } from './writer.ts';

export type OpenLog = { readonly log: RaftLog; readonly stored: Omit<Stored, 'applied'> };
export type EngineParts<Effect> = {
  readonly identity: Identity;
  readonly opened: OpenLog;
  readonly applier: Applier<Effect>;
  readonly slots: Slots;
};
/** What whoever uses the machine hears of it. */
export type EngineHost = {
  proposed(first: LogIndex, term: Term): void;
  refused(of: 'propose' | 'configure' | 'transfer', reason: RefusalReason): void;
  readReady(request: number): void;
  readRefused(request: number): void;
  roleChanged(): void;
  applied(entries: readonly RecordEntry[], results: readonly (Uint8Array | undefined)[]): void;
  /** The state was replaced. */
  restored(): void;
  configured(): void;
  /** The log took nothing more: the machine is gone until {@link Engine.begin}. */
  stopped(error: StatusError): void;
  fail(thrown: unknown): void;
};

export class Engine<Effect> {
  readonly #options: ReplicaOptions<Effect>;
  readonly #parts: EngineParts<Effect>;
  readonly #host: EngineHost;
  readonly #writer: Writer;
  readonly applying: Applying<Effect>;
  readonly checkpoints: Checkpoints;
  readonly #installer: Installer<Effect>;
  #links: RaftLinks | undefined;
  #sender: Sender | undefined;
  #snapshots: SnapshotSender | undefined;
  #log: RaftLog;
  /** Undefined while the disk takes nothing. */
  #machine: Raft | undefined;
  #incarnation: number;
  #inputs: Input[] = [];
  #stepping = false;
  #ticks = 0;
  #over = false;
  /** As the machine told last. */
  role: Role = 'follower';
  term = Term(0);
  leader: NodeId | undefined;
  /** The only member: it waits for nobody. */
  alone = false;

  constructor(options: ReplicaOptions<Effect>, parts: EngineParts<Effect>, host: EngineHost) {
    this.#options = options;
    this.#parts = parts;
    this.#host = host;
    this.#log = parts.opened.log;
    this.#incarnation = parts.identity.incarnation - 1;
    const { group, world, telemetry, store } = options;
    this.applying = new Applying(parts.applier, {
      clock: world.clock,
      epoch: parts.identity.epoch,
      log: () => this.#log,
      flush: () => store.flush(),
      applied: (entries, results) => {
        this.step({ kind: 'applied', index: parts.applier.index });
        host.applied(entries, results);
      },
      stalled: (error) => telemetry.emit({ event: 'replica_stalled', level: 'error', group, error }),
      fail: host.fail,
    });
    this.#installer = new Installer({
      options,
      slots: parts.slots,
      applier: parts.applier,
      applying: this.applying,
      log: () => this.#log,
      receive: (message) => this.step({ kind: 'receive', message }),
      restored: host.restored,
    });
    this.#writer = new Writer({
      log: () => this.#log,
      persisted: (sequence) => this.step({ kind: 'persisted', sequence }),
      replaced: () => this.#installer.install(),
      refused: (error, log) => this.#refused(error, log),
      now: () => this.#ticks,
    });
    this.checkpoints = new Checkpoints({
      group,
      telemetry,
      bytes: options.checkpointBytes ?? checkpointBytes,
      keepCountMax: options.cutKeepCountMax ?? cutKeepCountMax,
      log: () => this.#log,
      appliedIndex: () => parts.applier.index,
      slowestMatch: () => this.#slowestMatch(),
      flush: () => this.#flush(),
      markAt: (index) => this.#markAt(index),
      cut: (index) => this.step({ kind: 'compacted', index }),
      fail: host.fail,
    });
  }
  get log(): RaftLog {
    return this.#log;
  }
  /** Counts the lives of this member, from 1. */
  get incarnation(): number {
    return this.#incarnation;
  }
  get machine(): Raft | undefined {
    return this.#machine;
  }
  status(): Status | undefined {
    return this.#machine?.status();
  }

  connect(admin: RaftAdmin): void {
    const { connect, group, telemetry, world, store } = this.#options;
    const { identity, slots } = this.#parts;
    if (connect === undefined) return;
    const installer = this.#installer;
    const links = connect({
      epoch: identity.epoch,
      admin,
      handler: {
        receive: (message) => this.#receive(message),
        beginSnapshot: (offer) => installer.begin(offer),
        snapshotChunk: (id, number, bytes) => installer.chunk(id, number, bytes),
        endSnapshot: (id, chunkCount) => installer.end(id, chunkCount),
      },
    });
    this.#links = links;
    this.#sender = new Sender(links, () => this.#log, this.#host.fail);
    this.#snapshots = new SnapshotSender({
      group,
      clock: world.clock,
      telemetry,
      links,
      openView: () => store.openView(),
      stateIn: (view) => slots.reader(view),
      markAt: (index) => this.#markAt(index),
      envelope: () => ({ fromIncarnation: this.#incarnation, term: this.term }),
      firstIndex: () => this.#log.firstIndex,
      sent: (to, ok) => this.step({ kind: 'snapshotSent', to, ok }),
    });
  }
  /** A machine on what the log holds. */
  begin({ log, stored }: OpenLog): void {
    const { node, world } = this.#options;
    this.#log = log;
    this.#incarnation += 1;
    this.#writer.reset();
    this.#machine = new Raft({
      id: node,
      incarnation: this.#incarnation,
      stored: { ...stored, applied: this.#parts.applier.index },
      below: (limit) => world.random(4).reduce((sum, byte) => sum * 256 + byte, 0) % limit,
      electionTicks,
      uncommittedSizeMaxBytes: 2 * proposalBytesMax,
      tellsCommitAtOnce: false,
      prefersSnapshot: (missingBytes) => this.#prefersSnapshot(missingBytes),
    });
    this.role = 'follower';
    this.term = stored.hardState.term;
    this.leader = undefined;
    this.#configured();
    void this.#installer.clear();
    // Nobody else can lead.
    for (let left = 3 * electionTicks; this.alone && left > 0 && !this.#stands; left--) this.step({ kind: 'tick' });
  }
  /** What was written over and over is many entries, and few rows. */
  #prefersSnapshot(missingBytes: number): boolean {
    if (missingBytes < snapshotWorthMinBytes) return false;
    const stateBytes = this.#options.store.sizeBytes?.() ?? Infinity;
    return missingBytes > snapshotWorthFactor * stateBytes;
  }
  get #stands(): boolean {
    return this.role === 'candidate' || this.role === 'leader';
  }

  step(input: Input): void {
    if (this.#over) return;
    this.#inputs.push(input);
    if (this.#stepping) return;
    this.#stepping = true;
    try {
      for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift())
        for (const effect of this.#machine?.step(next) ?? []) this.#perform(effect);
    } catch (thrown) {
      this.#host.fail(thrown);
    } finally {
      this.#stepping = false;
    }
  }
  tick(): void {
    this.#ticks += 1;
    const waited = this.#writer.waitedTicks(this.#ticks);
    const { group } = this.#options;
    if (waited > writeStallFatalTicks)
      this.#host.fail(
        new StatusError('disk_failed', `A write to the log of group "${group}" hangs: the disk does not answer`),
      );
    if (waited > writeStallTicks && !this.alone) this.step({ kind: 'stalled' });
    this.step({ kind: 'tick' });
  }
  #receive(message: LinkMessage): void | Promise<void> {
    if (this.#over) return undefined;
    this.#writer.during(message, () => this.step({ kind: 'receive', message }));
    return this.#writer.room();
  }

  #perform(effect: RaftEffect): void {
    switch (effect.kind) {
      case 'write':
        // Nothing is applied to a state that is about to be replaced.
        if (effect.snapshot !== undefined) this.applying.hold();
        this.checkpoints.logged(effect.entries.reduce((sum, { body }) => sum + body.length, 0));
        return this.#writer.write(effect);
      case 'send':
        return this.#sender?.send(effect.message);
      case 'commit':
        return this.applying.commit(effect.index);
      case 'proposed':
        return this.#host.proposed(effect.first, effect.term);
      case 'refused':
        return this.#host.refused(effect.of, effect.reason);
      case 'readReady':
        return this.#host.readReady(effect.request);
      case 'readRefused':
        return this.#host.readRefused(effect.request);
      case 'sendSnapshot':
        return this.#snapshots?.send(effect.to);
      case 'role':
        return this.#roleChanged(effect);
      case 'configured':
        return this.#configured();
      default:
        return unreachable(effect);
    }
  }
  #roleChanged({ role, term, leader }: Extract<RaftEffect, { kind: 'role' }>): void {
    const { telemetry, group } = this.#options;
    this.role = role;
    this.term = term;
    this.leader = leader;
    telemetry.emit({ event: 'raft_role_changed', group, raftRole: role, term, leader: leader ?? '' });
    if (role !== 'leader') this.#snapshots?.stop();
    this.#host.roleChanged();
  }
  #configured(): void {
    const { node, telemetry, group } = this.#options;
    const configuration = this.status()?.configuration;
    if (configuration === undefined) return;
    const { voters, outgoing, learners } = configuration;
    this.alone = voters.length === 1 && voters[0] === node && outgoing.length === 0 && learners.length === 0;
    this.#links?.keep([...new Set([...voters, ...outgoing, ...learners])].filter((id) => id !== node));
    telemetry.emit({ event: 'raft_configured', level: 'debug', group, voters, outgoing, learners });
    this.#host.configured();
  }
  #markAt(index: number): SnapshotMark | undefined {
    const term = this.#log.termAt(LogIndex(index));
    if (term === undefined || this.#machine === undefined) return undefined;
    return { last: { index: LogIndex(index), term }, configuration: this.#machine.configurationAt(LogIndex(index)) };
  }
  #slowestMatch(): number {
    const followers = this.status()?.followers.filter(({ active }) => active) ?? [];
    return Math.min(...followers.map(({ match }) => match));
  }
  async #flush(): Promise<void> {
    await this.#options.beforeCut();
    await this.#options.store.flush();
  }

  /** The log ended there: as after a crash, a machine begins anew on what is durable, when the disk takes it. */
  #refused(error: StatusError, log: RaftLog): void {
    if (log !== this.#log || this.#machine === undefined || this.#over) return;
    this.#machine = undefined;
    this.role = 'follower';
    this.leader = undefined;
    this.applying.hold();
    this.#snapshots?.stop();
    this.#host.stopped(error);
  }
  /** What is durable, when no machine runs on the log that ended. */
  async rest(): Promise<void> {
    await this.applying.idle();
    await this.#log.close();
  }

  /** Steps no more. */
  stop(): void {
    this.#over = true;
  }
  async close(whole: boolean): Promise<void> {
    await this.#snapshots?.close();
    await this.#links?.close();
    await this.applying.close();
    await this.#installer.close();
    if (whole) await this.checkpoints.close();
    this.stop();
    await this.#log.close();
  }
}
