/** The messages of one direction of a stream, as the rpc takes them: one when it has room, made at that moment. */
import type { StatusError } from '@skerry/kernel';
import type { raft } from '@skerry/proto';
import { giveUp } from '@skerry/runtime-rpc';

export type Outgoing = { readonly header: undefined; readonly frame: raft.Frame };
type Step = IteratorResult<Outgoing, undefined>;
const finished: Step = { done: true, value: undefined };

/**
 * Made of what was said together: {@link FrameSource.poke} lets whoever speaks end first. The first frame of a turn of
 * the event loop goes within it, for whoever has nothing else to wait for; what is said later in the turn goes together
 * at its end. What is left over goes as soon as there is room.
 */
export class FrameSource implements AsyncIterableIterator<Outgoing, undefined> {
  readonly #make: () => raft.Frame | undefined;
  #poked = false;
  /** A frame was made in this turn. */
  #spoke = false;
  #end: { readonly failure?: StatusError } | undefined;
  #reader: { readonly resolve: (step: Step) => void; readonly reject: (failure: StatusError) => void } | undefined;

  /** @param make undefined: there is nothing to say. */
  constructor(make: () => raft.Frame | undefined) {
    this.#make = make;
  }
  [Symbol.asyncIterator](): this {
    return this;
  }
  /** There is something to say. */
  poke(): void {
    if (this.#poked || this.#end !== undefined) return;
    this.#poked = true;
    if (this.#spoke) setImmediate(this.#speak);
    else process.nextTick(this.#speak);
  }
  readonly #speak = (): void => {
    this.#poked = false;
    this.#offer();
  };
  readonly #turned = (): void => {
    this.#spoke = false;
  };
  next(): Promise<Step> {
    if (this.#end !== undefined) return this.#ended(this.#end);
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
      if (!this.#poked) this.#offer();
    });
  }
  return(): Promise<Step> {
    this.end();
    return Promise.resolve(finished);
  }
  /** The reader gets the end, or the failure. Idempotent. */
  end(failure?: StatusError): void {
    if (this.#end !== undefined) return;
    this.#end = failure === undefined ? {} : { failure };
    const reader = this.#reader;
    this.#reader = undefined;
    if (failure === undefined) reader?.resolve(finished);
    else reader?.reject(failure);
  }
  #ended({ failure }: { readonly failure?: StatusError }): Promise<Step> {
    return failure === undefined ? Promise.resolve(finished) : Promise.reject(failure);
  }
  #offer(): void {
    const reader = this.#reader;
    if (reader === undefined || this.#end !== undefined) return;
    const frame = this.#make();
    if (frame === undefined) return;
    this.#reader = undefined;
    if (!this.#spoke) {
      this.#spoke = true;
      setImmediate(this.#turned);
    }
    reader.resolve({ done: false, value: giveUp({ header: undefined, frame }) });
  }
}
