/** The sending side of one snapshot. */
import { StatusError, toStatusError, type NodeId } from '@skerry/kernel';
import { raft } from '@skerry/proto';
import { chunkOf } from '@skerry/runtime-rpc';
import { pause, Wake } from '@skerry/runtime-world';
import { encodeMark } from './codec.ts';
import { snapshotChunkMaxBytes, snapshotIdLengthMax, snapshotWindowCountMax } from './limits.ts';
import type { Member } from './member.ts';
import type { OutgoingSnapshot } from './types.ts';

type Part = { readonly part: NonNullable<raft.SendSnapshotRequest['part']> };

export class SnapshotSender {
  readonly #member: Member;
  readonly #to: NodeId;
  readonly #snapshot: OutgoingSnapshot;
  readonly #wake = new Wake();
  /** The chunk that the receiver wants next; undefined until it says so. */
  #wanted: number | undefined;
  #over = false;
  /** Before it no chunk may be sent, for the rate, in ms. */
  #nextMs = 0;

  constructor(member: Member, to: NodeId, snapshot: OutgoingSnapshot) {
    this.#member = member;
    this.#to = to;
    this.#snapshot = snapshot;
  }
  /** Rejects as {@link RaftLinks.sendSnapshot} says. */
  async send(signal: AbortSignal): Promise<void> {
    const { rpc, resolve, identity, limits } = this.#member;
    const address = resolve(this.#to);
    if (address === undefined)
      throw new StatusError('no_node', `Cannot send snapshot to "${this.#to}": no address is known`);
    if (this.#snapshot.id.length > snapshotIdLengthMax)
      throw new StatusError(
        'malformed',
        `Cannot send snapshot: its id has more than ${snapshotIdLengthMax} characters`,
      );
    const target = { nodeId: this.#to, address, lane: `raft-snapshot/${identity.group}` };
    const client = rpc.client(raft.RaftServiceDefinition, target);
    const options = { signal, progressDeadlineMs: limits.snapshotSilenceMaxMs };
    try {
      for await (const { nextChunk, done } of client.sendSnapshot(this.#parts(signal), options)) {
        if (done) return;
        this.#wanted = nextChunk ?? this.#wanted;
        this.#wake.wake();
      }
    } catch (thrown) {
      const failure = toStatusError(thrown);
      if (failure.code === 'unavailable' || failure.code === 'deadline_exceeded') rpc.disconnect(target);
      throw failure;
    } finally {
      this.#over = true;
      this.#wake.wake();
    }
    throw new StatusError('connection_lost', `Cannot send snapshot to "${this.#to}": it ended the call too early`);
  }

  async *#parts(signal: AbortSignal): AsyncGenerator<Part, void> {
    const { crc32 } = this.#member.world;
    yield { part: { $case: 'offer', value: this.#offer() } };
    await this.#until(() => this.#wanted !== undefined);
    let number = this.#wanted ?? 0;
    if (this.#over) return;
    for await (const bytes of this.#snapshot.chunks(number)) {
      if (bytes.length > snapshotChunkMaxBytes)
        throw new StatusError(
          'too_large',
          `Cannot send chunk of ${bytes.length} bytes: limit ${snapshotChunkMaxBytes}`,
        );
      await this.#until(() => number - (this.#wanted ?? 0) < snapshotWindowCountMax);
      await this.#pace(bytes.length, signal);
      if (this.#over) return;
      yield { part: { $case: 'chunk', value: { number, chunk: chunkOf(bytes, crc32) } } };
      number += 1;
      // A window of them, one behind the other, would be a long turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
    yield { part: { $case: 'end', value: { chunkCount: number } } };
    // The requests stay open until the receiver is done: their end would look like a sender that gave up.
    await this.#until(() => false);
  }
  #offer(): raft.SnapshotOffer {
    const { identity, self } = this.#member;
    const { id, mark, term, fromIncarnation } = this.#snapshot;
    const { group, epochBytes: epoch } = identity;
    return { group, epoch, from: self, to: this.#to, fromIncarnation, term, id, mark: encodeMark(mark) };
  }
  async #until(condition: () => boolean): Promise<void> {
    while (!this.#over && !condition()) await this.#wake.rest(this.#member.world.clock);
  }
  async #pace(sizeBytes: number, signal: AbortSignal): Promise<void> {
    const { limits, world } = this.#member;
    const bytesPerSecond = limits.snapshotBytesPerSecond?.();
    if (bytesPerSecond === undefined) return;
    const nowMs = world.clock.monotonicMs();
    const waitMs = this.#nextMs - nowMs;
    this.#nextMs = Math.max(nowMs, this.#nextMs) + (1_000 * sizeBytes) / bytesPerSecond;
    if (waitMs > 0) await pause(world.clock, waitMs, signal);
  }
}
