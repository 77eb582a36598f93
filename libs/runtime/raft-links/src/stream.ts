/** One open stream between two members, whichever of them opened it: what goes out, what comes in, and when it is cut. */
import { StatusError, toStatusError, type NodeId } from '@skerry/kernel';
import type { raft } from '@skerry/proto';
import type { Timer } from '@skerry/runtime-world';
import { BulkIntake } from './bulk-intake.ts';
import { decodeMessage, encodeMessage } from './codec.ts';
import { FrameSource } from './frame-source.ts';
import { frameMessagesCountMax } from './limits.ts';
import { refusalOf, type Member, type Refused } from './member.ts';
import { bulkWeightBytes, giveBackMessageOf } from './records.ts';
import type { SendQueue } from './send-queue.ts';
import type { LinkMessage } from './types.ts';

export type StreamParts = {
  readonly member: Member;
  readonly peer: NodeId;
  /** Opened by this side. */
  readonly dialled: boolean;
  readonly queue: SendQueue;
  /** The first frame came. False: it is of no use now, and is cut. */
  established(stream: Stream): boolean;
  /** Messages came. */
  used(): void;
  /** Asked now and then. */
  isWanted(): boolean;
  /** Called once, at the cut, whoever made it. */
  ended(stream: Stream, failure: StatusError): void;
};
export type Incoming = { readonly frame: raft.Frame | undefined };

export class Stream {
  readonly outgoing: FrameSource;
  readonly dialled: boolean;
  readonly #parts: StreamParts;
  readonly #intake: BulkIntake;
  #timer: Timer;
  #established = false;
  #failure: StatusError | undefined;
  /** Waiting for the peer: only then is it the peer who is silent. */
  #listening = true;
  #heardMs: number;
  #checkedMs: number;
  #sentMs = -Infinity;
  #sentBytes = 0;
  #takenBytes = 0;
  #mustSend = true;

  constructor(parts: StreamParts) {
    this.#parts = parts;
    this.dialled = parts.dialled;
    const { clock } = parts.member.world;
    this.#heardMs = clock.monotonicMs();
    this.#checkedMs = this.#heardMs;
    this.outgoing = new FrameSource(() => this.#frame());
    this.#intake = new BulkIntake({
      receive: (message) => parts.member.handler.receive(message),
      tell: () => this.#sendSomething(),
      failed: (thrown) => this.#handlerFailed(thrown),
    });
    this.#timer = this.#arm();
  }
  get wasEstablished(): boolean {
    return this.#established;
  }
  get failure(): StatusError | undefined {
    return this.#failure;
  }
  /** There is something in the queue. */
  poke(): void {
    this.outgoing.poke();
  }
  /** Reads to the end, `first` before all; resolves when the stream is cut and the member has nothing of it in hand. Never rejects. */
  async run(incoming: AsyncIterator<Incoming, unknown>, first?: Incoming): Promise<void> {
    try {
      if (first !== undefined) await this.#receive(first.frame);
      while (this.#failure === undefined) {
        const step = await incoming.next();
        if (step.done === true) break;
        this.#listening = false;
        await this.#receive(step.value.frame);
        this.#listening = true;
      }
      this.cut(new StatusError('connection_lost', `Stream with "${this.#parts.peer}" was ended by the other side`));
    } catch (thrown) {
      this.cut(toStatusError(thrown));
    }
    await this.#intake.stop();
  }
  cut(failure: StatusError): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    this.#timer.cancel();
    this.outgoing.end();
    this.#parts.member.metrics.flush();
    this.#parts.ended(this, failure);
  }

  /** Resolves when the next frame may be read. */
  async #receive(frame: raft.Frame | undefined): Promise<void> {
    const { member, established, used } = this.#parts;
    const refused = frame === undefined ? noFrame : this.#refusalOf(frame);
    if (frame === undefined || refused !== undefined) return this.#refuse(refused ?? noFrame);
    this.#heard();
    if (!this.#established) {
      this.#established = true;
      if (!established(this)) return;
    }
    if (frame.bulkTakenBytes > this.#takenBytes) {
      this.#takenBytes = frame.bulkTakenBytes;
      if (this.#parts.queue.hasBulk) this.outgoing.poke();
    }
    if (frame.messages.length === 0) return;
    used();
    let bulkBytes = 0;
    let records: Uint8Array | undefined;
    for (const wire of frame.messages) {
      if (wire.body?.$case === 'append') {
        const { length } = wire.body.value.records;
        if (length > 0) ({ records } = wire.body.value);
        bulkBytes += length;
        this.#takeAppend(wire, bulkWeightBytes(length));
      } else {
        const message = this.#decode(wire);
        const taking = message && this.#hand(message);
        if (taking !== undefined) await taking;
      }
      if (this.#failure !== undefined) return;
    }
    if (records !== undefined) giveBackMessageOf(records);
    // A member that took its time has kept the stream from being read.
    this.#heard();
    member.metrics.received(frame.messages.length, bulkBytes);
  }
  #refusalOf(frame: raft.Frame): Refused | undefined {
    const { member, peer } = this.#parts;
    const refused = refusalOf(member, peer, frame);
    if (refused !== undefined) return refused;
    if (frame.messages.length > frameMessagesCountMax)
      return malformed(`Cannot take frame: ${frame.messages.length} messages, limit ${frameMessagesCountMax}`);
    if (frame.bulkTakenBytes > this.#sentBytes)
      return malformed(
        `Cannot take frame: ${frame.bulkTakenBytes} bytes taken in of ${this.#sentBytes} that were sent`,
      );
    return undefined;
  }
  #refuse({ why, failure }: Refused): void {
    const { member, peer } = this.#parts;
    member.refusals.refuse(why, member.identity.group, peer, failure);
  }
  /** Undefined: refused. One message that is no good says nothing about the others. */
  #decode(wire: raft.RaftMessage): LinkMessage | undefined {
    const { member, peer } = this.#parts;
    const { records } = member.identity;
    try {
      return decodeMessage(wire, { from: peer, to: member.self, records, checksum: member.world.checksum });
    } catch (thrown) {
      const failure = toStatusError(thrown);
      this.#refuse({ why: failure.reason === 'corrupt' ? 'corrupt' : 'malformed', failure });
      return undefined;
    }
  }
  #takeAppend(wire: raft.RaftMessage, weightBytes: number): void {
    const message = this.#decode(wire);
    if (message === undefined) return this.#intake.skip(weightBytes);
    if (this.#intake.push(message, weightBytes)) return;
    const failure = new StatusError(
      'overloaded',
      `Cannot take append from "${this.#parts.peer}": too many others wait`,
    );
    this.#refuse({ why: 'window', failure });
    this.cut(failure);
  }
  #hand(message: LinkMessage): Promise<void> | undefined {
    try {
      const taking = this.#parts.member.handler.receive(message);
      return taking?.catch((thrown: unknown) => this.#handlerFailed(thrown));
    } catch (thrown) {
      this.#handlerFailed(thrown);
      return undefined;
    }
  }
  #handlerFailed(thrown: unknown): void {
    const { member, peer } = this.#parts;
    const { group } = member.identity;
    const message = `group "${group}" failed to take a message of "${peer}"`;
    member.telemetry.emit({ event: 'raft_receive_failed', level: 'error', message, group, peer, error: thrown });
    this.cut(new StatusError('unexpected', message, { cause: thrown }));
  }

  #frame(): raft.Frame | undefined {
    const { member, peer, queue } = this.#parts;
    const { identity, self, world, metrics } = member;
    // Nothing of the queue before the other side has shown that it takes it.
    const { messages, bulkBytes } = this.#established ? queue.take(this.#sentBytes - this.#takenBytes) : nothing;
    if (messages.length === 0 && !this.#mustSend) return undefined;
    this.#mustSend = false;
    this.#sentBytes += bulkBytes;
    this.#sentMs = world.clock.monotonicMs();
    metrics.sent(messages.length, bulkBytes);
    return {
      group: identity.group,
      epoch: identity.epochBytes,
      from: self,
      to: peer,
      bulkTakenBytes: this.#intake.told(),
      messages: messages.map((message) => encodeMessage(message, world.checksum)),
    };
  }
  #sendSomething(): void {
    this.#mustSend = true;
    this.outgoing.poke();
  }
  #heard(): void {
    this.#heardMs = this.#parts.member.world.clock.monotonicMs();
  }
  #arm(): Timer {
    const { clock } = this.#parts.member.world;
    return clock.setTimer(this.#parts.member.limits.keepaliveIntervalMs, () => this.#check());
  }
  #check(): void {
    const { member, peer } = this.#parts;
    const { keepaliveIntervalMs, silenceMaxMs } = member.limits;
    const nowMs = member.world.clock.monotonicMs();
    member.metrics.flush();
    // This process stood still: what the peer said meanwhile has not been read yet.
    if (nowMs - this.#checkedMs > 2 * keepaliveIntervalMs) this.#heardMs = nowMs;
    this.#checkedMs = nowMs;
    if (this.#listening && nowMs - this.#heardMs >= silenceMaxMs)
      return this.cut(new StatusError('stalled', `Stream with "${peer}": nothing came for ${silenceMaxMs} ms`));
    if (!this.#parts.isWanted())
      return this.cut(new StatusError('cancelled', `Stream with "${peer}": it was of no use`));
    if (nowMs - this.#sentMs >= keepaliveIntervalMs) this.#sendSomething();
    this.#timer = this.#arm();
  }
}

const nothing = { messages: [], bulkBytes: 0 } as const;
const malformed = (text: string): Refused => ({ why: 'malformed', failure: new StatusError('malformed', text) });
const noFrame = malformed('Cannot take message: it has no frame');
