/** One group's links: its peers, and its snapshots both ways. */
import { StatusError, Term, toStatusError, type NodeId } from '@skerry/kernel';
import type { raft } from '@skerry/proto';
import type { CallContext } from '@skerry/runtime-rpc';
import { decodeMark } from './codec.ts';
import { peersCountMax, recordsCountMax, recordsMaxBytes, snapshotIdLengthMax } from './limits.ts';
import { refusalOf, type Member } from './member.ts';
import { Peer } from './peer.ts';
import { recordsSizeBytes } from './records.ts';
import { SnapshotReceiver, type SnapshotAnswer, type SnapshotParts } from './snapshot-receiver.ts';
import { SnapshotSender } from './snapshot-sender.ts';
import type { Incoming, Stream } from './stream.ts';
import type { LinkMessage, OutgoingSnapshot, RaftLinks, SnapshotOffer } from './types.ts';

export class GroupLinks implements RaftLinks {
  readonly #member: Member;
  readonly #closed: () => void;
  readonly #peers = new Map<NodeId, Peer>();
  readonly #closing = new AbortController();
  #kept: ReadonlySet<NodeId> = new Set();
  #receiving: SnapshotReceiver | undefined;
  #closes: Promise<void> | undefined;

  /** @param closed called at {@link close}. */
  constructor(member: Member, closed: () => void) {
    this.#member = member;
    this.#closed = closed;
  }

  send(message: LinkMessage): boolean {
    const { self, metrics } = this.#member;
    const { to, from } = message;
    const sent = from === self && this.#fits(message) && this.#peerOf(to)?.send(message) === true;
    if (!sent) metrics.dropped(1);
    return sent;
  }
  pendingBytes(to: NodeId): number {
    return this.#peers.get(to)?.pendingBytes ?? 0;
  }
  isConnected(to: NodeId): boolean {
    return this.#peers.get(to)?.isConnected ?? false;
  }
  keep(peers: readonly NodeId[]): void {
    this.#kept = new Set(peers);
    for (const [id, peer] of this.#peers) peer.keep(this.#kept.has(id));
    for (const id of this.#kept) this.#peerOf(id);
  }
  async sendSnapshot(to: NodeId, snapshot: OutgoingSnapshot, signal: AbortSignal): Promise<void> {
    const either = AbortSignal.any([signal, this.#closing.signal]);
    await new SnapshotSender(this.#member, to, snapshot).send(either);
  }
  close(): Promise<void> {
    this.#closes ??= this.#close();
    return this.#closes;
  }

  /** The answering side of a stream. `first` names this group. @throws StatusError when it is refused. */
  accept(caller: NodeId, first: Incoming, rest: AsyncIterator<Incoming, unknown>): Stream {
    const { frame } = first;
    if (this.#closing.signal.aborted) throw this.#closing.signal.reason;
    if (frame !== undefined) this.#check(caller, frame);
    const peer = this.#peerOf(caller);
    if (peer === undefined)
      throw new StatusError('overloaded', `Cannot take stream of "${caller}": ${peersCountMax} others are there`);
    return peer.accept(first, rest);
  }
  /** The answering side of a snapshot's call. @throws StatusError when it is refused. */
  async *receive(
    { caller, signal }: CallContext,
    wire: raft.SnapshotOffer,
    parts: SnapshotParts,
  ): AsyncGenerator<SnapshotAnswer, void> {
    this.#check(caller.nodeId, wire);
    const offer = this.#offerOf(caller.nodeId, wire);
    const before = this.#receiving;
    if (this.#closing.signal.aborted) throw this.#closing.signal.reason;
    if (before !== undefined && offer.term < before.offer.term)
      throw new StatusError('fenced', `Cannot take snapshot of term ${offer.term}: one of ${before.offer.term} comes`);
    before?.cut(new StatusError('version_conflict', `Snapshot "${before.offer.id}": another took its place`));
    const receiver = new SnapshotReceiver(this.#member, offer, parts, before?.finished);
    this.#receiving = receiver;
    const cut = (): void => receiver.cut(toStatusError(signal.reason));
    signal.addEventListener('abort', cut, { once: true });
    try {
      yield* receiver.answers();
    } finally {
      signal.removeEventListener('abort', cut);
      receiver.cut(new StatusError('cancelled', 'Call is over'));
      void receiver.finished.then(() => {
        if (this.#receiving === receiver) this.#receiving = undefined;
      });
    }
  }

  #offerOf(from: NodeId, { id, mark, term, fromIncarnation }: raft.SnapshotOffer): SnapshotOffer {
    try {
      if (id.length > snapshotIdLengthMax)
        throw new StatusError(
          'malformed',
          `Cannot take snapshot: its id has more than ${snapshotIdLengthMax} characters`,
        );
      return { id, mark: decodeMark(mark), from, fromIncarnation, term: Term(term) };
    } catch (thrown) {
      this.#member.refusals.refuse('snapshot', this.#member.identity.group, from, thrown);
      throw thrown;
    }
  }
  #check(caller: NodeId, what: raft.Frame | raft.SnapshotOffer): void {
    const refused = refusalOf(this.#member, caller, what);
    if (refused === undefined) return;
    this.#member.refusals.refuse(refused.why, this.#member.identity.group, caller, refused.failure);
    throw refused.failure;
  }
  /** What the receiver would refuse (raft.md 63). */
  #fits({ to, body }: LinkMessage): boolean {
    if (body.kind !== 'append') return true;
    const sizeBytes = recordsSizeBytes(body.entries);
    if (sizeBytes <= recordsMaxBytes && body.entries.length <= recordsCountMax) return true;
    const { telemetry, identity } = this.#member;
    const message = `append of ${sizeBytes} bytes, ${body.entries.length} entries is over the limit, and is dropped`;
    telemetry.emit({ event: 'raft_append_too_large', level: 'error', message, group: identity.group, peer: to });
    return false;
  }
  /** Undefined: this is the node itself, the links are closed, or there are too many. */
  #peerOf(id: NodeId): Peer | undefined {
    const known = this.#peers.get(id);
    if (known !== undefined) return known;
    if (id === this.#member.self || this.#closing.signal.aborted) return undefined;
    // Strangers never keep a member out.
    if (this.#peers.size >= peersCountMax && !this.#kept.has(id)) return undefined;
    const peer = new Peer(id, this.#member, this.#kept.has(id), (gone) => this.#forget(gone));
    this.#peers.set(id, peer);
    return peer;
  }
  #forget(peer: Peer): void {
    this.#peers.delete(peer.id);
    void peer.close();
  }
  async #close(): Promise<void> {
    const failure = new StatusError('shutting_down', `Links of group "${this.#member.identity.group}" were closed`);
    this.#closing.abort(failure);
    this.#receiving?.cut(failure);
    this.#closed();
    await Promise.all([this.#receiving?.finished, ...[...this.#peers.values()].map((peer) => peer.close())]);
    this.#peers.clear();
  }
}
