/** The messages of one direction of a stream, as the rpc takes them: one when it has room, made at that moment. */
import type { StatusError } from '@skerry/kernel';
import type { raft } from '@skerry/proto';

export type Outgoing = { readonly frame: raft.Frame };
type Step = IteratorResult<Outgoing, undefined>;
const finished: Step = { done: true, value: undefined };

/**
 * Made of what was said in one turn of the event loop: {@link FrameSource.poke} lets the turn end first. What is left
 * over goes as soon as there is room.
 */
export class FrameSource implements AsyncIterableIterator<Outgoing, undefined> {
  readonly #make: () => raft.Frame | undefined;
  #poked = false;
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
    setImmediate(() => {
      this.#poked = false;
      this.#offer();
    });
  }
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
    reader.resolve({ done: false, value: { frame } });
  }
}
