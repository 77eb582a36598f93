/**
 * One other member: the queue to it and the stream with it, opened again whenever it is lost.
 *
 * The smaller node id of a pair opens the stream. The larger waits for it, and after a while opens one itself: the
 * smaller may not know yet that it is a member. Should both come, the smaller's stays, on both sides.
 */
import { StatusError, type NodeId } from '@skerry/kernel';
import { raft } from '@skerry/proto';
import type { Target } from '@skerry/runtime-rpc';
import { streamProgressMs } from './limits.ts';
import type { Member } from './member.ts';
import { SendQueue } from './send-queue.ts';
import { Stream, type Incoming } from './stream.ts';
import type { LinkMessage } from './types.ts';
import { BackOff, Wake } from '@skerry/runtime-world';

export class Peer {
  readonly id: NodeId;
  readonly #member: Member;
  readonly #queue: SendQueue;
  readonly #backOff: BackOff;
  readonly #wake = new Wake();
  readonly #gone: (peer: Peer) => void;
  /** Runs of streams that are not over, the active one's too. */
  readonly #runs = new Set<Promise<void>>();
  #active: Stream | undefined;
  #attempt: Stream | undefined;
  /** Waiting for the smaller id's stream: what is said meanwhile waits too. */
  #inGrace = false;
  #mayDial: boolean;
  #kept: boolean;
  #closed = false;
  #usedMs: number;
  #loop: Promise<void>;
  #lastFailure = '';

  /** @param gone called when it is no member and was not used for long: it is to be forgotten, and then closed. */
  constructor(id: NodeId, member: Member, kept: boolean, gone: (peer: Peer) => void) {
    const { limits, world } = member;
    this.id = id;
    this.#member = member;
    this.#kept = kept;
    this.#gone = gone;
    this.#queue = new SendQueue(limits.bulkQueueMaxBytes);
    const chance = (): number => (world.random(1)[0] ?? 0) / 256;
    this.#backOff = new BackOff(limits.redialPauseMinMs, limits.redialPauseMaxMs, chance);
    this.#usedMs = world.clock.monotonicMs();
    this.#mayDial = this.#dialsFirst;
    this.#loop = this.#run();
  }
  get isConnected(): boolean {
    return this.#active !== undefined;
  }
  get pendingBytes(): number {
    return this.#queue.sizeBytes;
  }
  keep(kept: boolean): void {
    this.#kept = kept;
  }
  send(message: LinkMessage): boolean {
    const stream = this.#active;
    this.#used();
    if (stream === undefined && this.#attempt === undefined && !this.#inGrace) return false;
    if (!this.#queue.offer(message)) return false;
    stream?.poke();
    return true;
  }
  /**
   * A stream that the other side opened and whose first frame is good: runs it, unless there is a better one.
   * @throws StatusError `version_conflict` when there is.
   */
  accept(first: Incoming, rest: AsyncIterator<Incoming, unknown>): Stream {
    if (this.#closed) throw new StatusError('shutting_down', `Cannot take stream of "${this.id}": this side is closed`);
    if (this.#active?.dialled === true && this.#dialsFirst)
      throw new StatusError('version_conflict', `Cannot take stream of "${this.id}": there is one already`);
    const stream = this.#streamOf(false);
    this.#follow(stream.run(rest, first));
    return stream;
  }
  /** Resolves when the handler is called no more. */
  async close(): Promise<void> {
    this.#closed = true;
    const failure = new StatusError('shutting_down', `Stream with "${this.id}": this side was closed`);
    this.#attempt?.cut(failure);
    this.#active?.cut(failure);
    this.#wake.wake();
    await this.#loop;
    await Promise.all(this.#runs);
  }

  get #dialsFirst(): boolean {
    return this.#member.self < this.id;
  }
  async #run(): Promise<void> {
    const { clock } = this.#member.world;
    while (!this.#closed) {
      if (this.#active !== undefined) {
        await this.#wake.rest(clock);
        continue;
      }
      if (this.#isIdle()) return this.#gone(this);
      if (this.#mayDial) {
        await this.#dial();
        // Another's stream may have come meanwhile.
        if (this.#active !== undefined || this.#closed) continue;
        this.#drop();
        if (!this.#isIdle()) await this.#wake.rest(clock, this.#backOff.next());
      } else {
        this.#inGrace = true;
        await this.#wake.rest(clock, this.#member.limits.dialGraceMaxMs);
        this.#inGrace = false;
        this.#mayDial = true;
      }
    }
    this.#drop();
  }
  #isIdle(): boolean {
    const { limits, world } = this.#member;
    if (this.#kept || !this.#queue.isEmpty) return false;
    return world.clock.monotonicMs() - this.#usedMs >= limits.idleMaxMs;
  }
  /** Resolves when the stream that it opened is over, or none could be opened. */
  async #dial(): Promise<void> {
    const { rpc, resolve, identity } = this.#member;
    const address = resolve(this.id);
    if (address === undefined) return this.#failed('no address is known');
    const target: Target = { nodeId: this.id, address, lane: `raft/${identity.group}` };
    const calling = new AbortController();
    let over = (): void => undefined;
    const cut = new Promise<void>((resolve) => {
      over = resolve;
    });
    const stream = this.#streamOf(true, (failure) => {
      calling.abort(failure);
      over();
    });
    this.#attempt = stream;
    const call = rpc
      .client(raft.RaftServiceDefinition, target)
      .exchange(stream.outgoing, { signal: calling.signal, progressDeadlineMs: streamProgressMs });
    this.#follow(stream.run(call[Symbol.asyncIterator]()));
    // Not to the end of its run: the member may have something of it in hand for long.
    await cut;
    if (this.#attempt === stream) this.#attempt = undefined;
    const { failure, wasEstablished } = stream;
    // One that went silent, which TCP may take minutes to notice; one that could not be made, which would pause by itself.
    const useless = failure?.code === 'deadline_exceeded' || (failure?.code === 'unavailable' && !wasEstablished);
    if (useless) rpc.disconnect(target);
    if (!wasEstablished) this.#failed(failure?.message ?? '');
  }
  #streamOf(dialled: boolean, cut?: (failure: StatusError) => void): Stream {
    return new Stream({
      member: this.#member,
      peer: this.id,
      dialled,
      queue: this.#queue,
      established: (stream) => this.#established(stream),
      used: () => this.#used(),
      isWanted: () => !this.#isIdle(),
      ended: (stream, failure) => {
        cut?.(failure);
        this.#ended(stream, failure);
      },
    });
  }
  #established(stream: Stream): boolean {
    const { identity, telemetry } = this.#member;
    const before = this.#active;
    const ofSmaller = (one: Stream): boolean => one.dialled === this.#dialsFirst;
    const better = before === undefined || ofSmaller(stream) || !ofSmaller(before);
    const replaced = new StatusError('cancelled', `Stream with "${this.id}": another took its place`);
    if (!better || this.#closed) {
      stream.cut(replaced);
      return false;
    }
    this.#active = stream;
    if (this.#attempt === stream) this.#attempt = undefined;
    before?.cut(replaced);
    this.#backOff.reset();
    this.#mayDial = this.#dialsFirst;
    this.#lastFailure = '';
    const { dialled } = stream;
    telemetry.emit({ event: 'raft_link_opened', group: identity.group, peer: this.id, dialled });
    this.#wake.wake();
    stream.poke();
    return true;
  }
  #ended(stream: Stream, failure: StatusError): void {
    if (this.#active !== stream) return;
    const { identity, telemetry } = this.#member;
    this.#active = undefined;
    this.#drop();
    const { message, reason } = failure;
    telemetry.emit({ event: 'raft_link_lost', message, reason, group: identity.group, peer: this.id });
    this.#wake.wake();
  }
  /** An event when it is news: a node that is down would fill the log. */
  #failed(why: string): void {
    if (why === this.#lastFailure || this.#closed) return;
    this.#lastFailure = why;
    const { identity, telemetry } = this.#member;
    const message = `cannot open stream to "${this.id}": ${why}`;
    telemetry.emit({ event: 'raft_link_failed', level: 'debug', message, group: identity.group, peer: this.id });
  }
  #drop(): void {
    this.#member.metrics.dropped(this.#queue.clear());
  }
  #follow(run: Promise<void>): void {
    const followed = run.then(() => void this.#runs.delete(followed));
    this.#runs.add(followed);
  }
  #used(): void {
    this.#usedMs = this.#member.world.clock.monotonicMs();
  }
}
