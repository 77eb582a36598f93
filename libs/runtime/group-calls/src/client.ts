/** One multiplexed stream to a group's leader: finds the next one by itself, and asks it again what waits. */
import {
  type GroupId,
  idToBytes,
  isReason,
  NodeId,
  type OperationId,
  OperationId as asOperationId,
  randomId,
  StatusError,
} from '@skerry/kernel';
import type { group as wire } from '@skerry/proto';
import { pause, type Clock, type Timer } from '@skerry/runtime-world';
import {
  batchBytesMax,
  batchCountMax,
  operationBytesMax,
  operationCountMax,
  operationDeadlineMs,
  retryPauseMs,
  silenceMaxMs,
} from './limits.ts';
import { Session } from './session.ts';
import type { GroupCalls, GroupClientOptions, MemberPlace, OperationOptions } from './types.ts';

type Waiting = {
  readonly kind: NonNullable<wire.Operation['kind']>;
  readonly sizeBytes: number;
  readonly endMs: number;
  resolve(result: Uint8Array): void;
  reject(error: StatusError): void;
};

/** Deadlines are looked at so often, in milliseconds. */
const sweepMs = 50;

export class GroupClient implements GroupCalls {
  readonly #options: GroupClientOptions;
  readonly #clock: Clock;
  readonly #group: GroupId;
  /** By number, in the order of asking; of those {@link #unsent} are yet to be sent on the stream of the moment. */
  readonly #waiting = new Map<number, Waiting>();
  #unsent: number[] = [];
  #sizeBytes = 0;
  #number = 0;
  #session: Session | undefined;
  /** Why the last try failed. */
  #trouble: StatusError | undefined;
  #connecting = false;
  #asked = new Set<NodeId>();
  #hint: NodeId | undefined;
  #sweep: Timer | undefined;
  readonly #closing = new AbortController();

  constructor(options: GroupClientOptions) {
    this.#options = options;
    this.#clock = options.world.clock;
    this.#group = options.group;
  }
  get leader(): NodeId | undefined {
    return this.#session?.nodeId;
  }

  propose(
    command: Uint8Array,
    { operationId, ...options }: OperationOptions & { readonly operationId?: OperationId } = {},
  ): Promise<Uint8Array> {
    const id = operationId ?? asOperationId(randomId(this.#options.world.random));
    const proposal = { operationId: idToBytes(id), command };
    return this.#ask({ $case: 'proposal', value: proposal }, command.length, options);
  }
  query(query: Uint8Array, options: OperationOptions = {}): Promise<Uint8Array> {
    return this.#ask({ $case: 'query', value: query }, query.length, options);
  }
  #ask(kind: Waiting['kind'], sizeBytes: number, { deadlineMs }: OperationOptions): Promise<Uint8Array> {
    if (this.#closing.signal.aborted)
      return Promise.reject(
        new StatusError('shutting_down', `Cannot ask group "${this.#group}": the client is closed`),
      );
    if (this.#waiting.size >= operationCountMax || this.#sizeBytes + sizeBytes > operationBytesMax)
      return Promise.reject(
        new StatusError(
          'overloaded',
          `Cannot ask group "${this.#group}": ${this.#waiting.size} operations with ${this.#sizeBytes} bytes wait`,
        ),
      );
    return new Promise((resolve, reject) => {
      this.#number += 1;
      const endMs = this.#clock.monotonicMs() + (deadlineMs ?? operationDeadlineMs);
      this.#waiting.set(this.#number, { kind, sizeBytes, endMs, resolve, reject });
      this.#sizeBytes += sizeBytes;
      if (this.#unsent.length === 0) queueMicrotask(() => this.#send());
      this.#unsent.push(this.#number);
      this.#sweep ??= this.#clock.setTimer(sweepMs, () => this.#expire());
    });
  }
  #take(number: number): Waiting | undefined {
    const waiting = this.#waiting.get(number);
    if (waiting === undefined) return undefined;
    this.#waiting.delete(number);
    this.#sizeBytes -= waiting.sizeBytes;
    return waiting;
  }

  #send(): void {
    const session = this.#session;
    if (session === undefined) {
      if (this.#waiting.size > 0) void this.#connect();
      return;
    }
    const numbers = this.#unsent;
    this.#unsent = [];
    let batch: wire.Operation[] = [];
    let sizeBytes = 0;
    for (const number of numbers) {
      const waiting = this.#waiting.get(number);
      if (waiting === undefined) continue;
      batch.push({ number, kind: waiting.kind });
      sizeBytes += waiting.sizeBytes;
      if (batch.length < batchCountMax && sizeBytes < batchBytesMax) continue;
      session.send(batch);
      batch = [];
      sizeBytes = 0;
    }
    if (batch.length > 0) session.send(batch);
  }

  /** One member after another, the one that was named first, until one leads; for as long as something waits. */
  async #connect(): Promise<void> {
    if (this.#connecting) return;
    this.#connecting = true;
    try {
      while (this.#session === undefined && this.#waiting.size > 0 && !this.#closing.signal.aborted) {
        const place = this.#next();
        if (place === undefined) {
          this.#asked.clear();
          await pause(this.#clock, retryPauseMs, this.#closing.signal);
          continue;
        }
        this.#asked.add(place.nodeId);
        this.#open(place);
      }
    } finally {
      this.#connecting = false;
    }
  }
  #next(): MemberPlace | undefined {
    const members = this.#options.members();
    const hinted = members.find(({ nodeId }) => nodeId === this.#hint);
    this.#hint = undefined;
    if (hinted !== undefined) return hinted;
    const [first = 0] = this.#options.world.random(1);
    const fresh = members.filter(({ nodeId }) => !this.#asked.has(nodeId));
    if (members.length === 0)
      this.#trouble = new StatusError('no_node', `No member of group "${this.#group}" is known`);
    return fresh[first % Math.max(1, fresh.length)];
  }
  #open(place: MemberPlace): void {
    const session = new Session({
      rpc: this.#options.rpc,
      clock: this.#clock,
      group: this.#group,
      place,
      silenceMaxMs,
      answered: (outcomes) => {
        for (const outcome of outcomes) this.#answered(session, outcome);
      },
      ended: (error) => this.#lost(session, error),
    });
    this.#session = session;
    // All that waits is asked of it, what an earlier one was asked too.
    this.#unsent = [...this.#waiting.keys()];
    this.#send();
  }
  #answered(session: Session, { number, kind }: wire.Outcome): void {
    if (kind?.$case === 'result') {
      this.#asked.clear();
      this.#take(number)?.resolve(kind.value);
      return;
    }
    const { reason = 'unexpected', message = 'no outcome', leader = '' } = kind?.value ?? {};
    const error = new StatusError(isReason(reason) ? reason : 'unexpected', message);
    if (!error.retryable) {
      this.#take(number)?.reject(error);
      return;
    }
    if (leader !== '' && leader !== session.nodeId) this.#hint = NodeId(leader);
    session.end();
    this.#lost(session, error);
  }
  /** What waits goes to another member. */
  #lost(session: Session, error: StatusError): void {
    this.#trouble = error;
    if (this.#session !== session) return;
    this.#session = undefined;
    if (this.#waiting.size > 0) void this.#connect();
  }
  #expire(): void {
    this.#sweep = undefined;
    const nowMs = this.#clock.monotonicMs();
    for (const [number, { endMs }] of this.#waiting) {
      if (endMs > nowMs) continue;
      const why = this.#trouble === undefined ? 'no answer came' : this.#trouble.message;
      const error = new StatusError('deadline', `Group "${this.#group}" did not answer in time: ${why}`, {
        cause: this.#trouble,
      });
      this.#take(number)?.reject(error);
    }
    if (this.#waiting.size > 0) this.#sweep = this.#clock.setTimer(sweepMs, () => this.#expire());
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#sweep?.cancel();
    const error = new StatusError('shutting_down', `Group "${this.#group}": the client is closed`);
    for (const number of [...this.#waiting.keys()]) this.#take(number)?.reject(error);
    this.#session?.end();
    this.#session = undefined;
  }
}
