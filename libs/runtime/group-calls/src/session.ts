/** One stream to one member, as long as it lasts. */
import { type GroupId, type NodeId, StatusError, toStatusError } from '@skerry/kernel';
import { group as wire } from '@skerry/proto';
import { Channel } from '@skerry/runtime-driver';
import { giveUp, type RpcNode } from '@skerry/runtime-rpc';
import type { Clock, Timer } from '@skerry/runtime-world';
import type { MemberPlace } from './types.ts';

export type SessionOptions = {
  readonly rpc: Pick<RpcNode, 'client'>;
  readonly clock: Clock;
  readonly group: GroupId;
  readonly place: MemberPlace;
  /** Given up when something was asked, and nothing came for so long. */
  readonly silenceMaxMs: number;
  answered(outcomes: readonly wire.Outcome[]): void;
  /** Once, when it ended by itself. */
  ended(error: StatusError): void;
};

/** A calls's messages in the queue are bounded by what its client lets wait. */
const messagesMax = 65_536;

export class Session {
  readonly nodeId: NodeId;
  readonly #options: SessionOptions;
  readonly #requests = new Channel<wire.OperateRequest>({ capacity: messagesMax });
  readonly #controller = new AbortController();
  #unanswered = 0;
  #heardMs: number;
  #watch: Timer | undefined;
  #over = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.nodeId = options.place.nodeId;
    this.#heardMs = options.clock.monotonicMs();
    void this.#run();
  }
  send(operations: wire.Operation[]): void {
    if (this.#over) return;
    if (this.#unanswered === 0) this.#heardMs = this.#options.clock.monotonicMs();
    this.#unanswered += operations.length;
    this.#requests.offer(giveUp({ header: undefined, group: this.#options.group, operations }));
    this.#watch ??= this.#options.clock.setTimer(this.#options.silenceMaxMs, () => this.#look());
  }
  /** No more is wanted of it. */
  end(): void {
    this.#over = true;
    this.#watch?.cancel();
    this.#controller.abort();
    this.#requests.cancel();
  }

  async #run(): Promise<void> {
    const { rpc, place, answered } = this.#options;
    try {
      const client = rpc.client(wire.GroupServiceDefinition, place);
      const { signal } = this.#controller;
      for await (const { outcomes } of client.operate(this.#requests, { signal, progressDeadlineMs: never })) {
        this.#heardMs = this.#options.clock.monotonicMs();
        this.#unanswered -= outcomes.length;
        if (this.#over) return;
        answered(outcomes);
      }
      this.#fail(new StatusError('connection_lost', `Member "${this.nodeId}" ended the stream`));
    } catch (thrown) {
      this.#fail(toStatusError(thrown));
    }
  }
  #look(): void {
    this.#watch = undefined;
    if (this.#over || this.#unanswered === 0) return;
    const { clock, silenceMaxMs } = this.#options;
    const leftMs = this.#heardMs + silenceMaxMs - clock.monotonicMs();
    if (leftMs > 0) this.#watch = clock.setTimer(leftMs, () => this.#look());
    else this.#fail(new StatusError('stalled', `Member "${this.nodeId}" has not answered for ${silenceMaxMs} ms`));
  }
  #fail(error: StatusError): void {
    if (this.#over) return;
    this.end();
    this.#options.ended(error);
  }
}

/** An idle stream is kept; one that is silent when it should not be is seen by {@link Session}. */
const never = 2 ** 31 - 1;
