import { assert } from '@skerry/kernel';

type Step<T> = IteratorResult<T, unknown>;
type Waiting<T> = {
  readonly resolve: (step: IteratorResult<T, undefined>) => void;
  readonly reject: (e: unknown) => void;
};
export type StreamEnd = { readonly failure?: unknown; readonly returned?: true };

const finished = { done: true, value: undefined } as const;
const itself = (thrown: unknown): unknown => thrown;

/**
 * The items of a source, mapped, for one reader; {@link CuttableStream.cut} ends it while the reader waits and while
 * the source is stuck. The next item is asked for ahead when `ahead` is set, so that the source runs on while the
 * reader is busy with something else.
 */
export class CuttableStream<I, O> implements AsyncIterableIterator<O, undefined> {
  readonly #source: AsyncIterator<I, unknown>;
  readonly #map: (item: I) => O;
  readonly #onEnd: (end: StreamEnd) => void;
  readonly #ahead: boolean;
  readonly #failure: (thrown: unknown) => unknown;
  #coming: Promise<Step<I>> | undefined;
  #waiting: Waiting<O> | undefined;
  #end: StreamEnd | undefined;

  /**
   * @param onEnd called once: the source ended or failed, the map threw, or the reader stopped; not at a cut.
   * @param failure what the source's failure is to its reader.
   */
  constructor(
    source: AsyncIterable<I>,
    map: (item: I) => O,
    onEnd: (end: StreamEnd) => void,
    ahead = false,
    failure: (thrown: unknown) => unknown = itself,
  ) {
    this.#failure = failure;
    this.#source = source[Symbol.asyncIterator]();
    this.#map = map;
    this.#onEnd = onEnd;
    this.#ahead = ahead;
    if (ahead) this.#ask();
  }
  [Symbol.asyncIterator](): this {
    return this;
  }
  next(): Promise<IteratorResult<O, undefined>> {
    assert(this.#waiting === undefined, 'a stream has one reader, which awaits one item at a time');
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      if (this.#end !== undefined) return this.#answerEnd(this.#end);
      const coming = this.#coming ?? this.#source.next();
      this.#coming = undefined;
      coming.then(this.#take, this.#sourceFailed);
    });
  }
  return(): Promise<IteratorResult<O, undefined>> {
    this.#finish({ returned: true });
    return Promise.resolve(finished);
  }
  /** From now on the reader gets `failure`; without one, the end. The source is told to stop. */
  cut(failure?: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = failure === undefined ? {} : { failure };
    this.#stopSource();
    this.#answerEnd(this.#end);
  }

  readonly #take = (step: Step<I>): void => {
    if (this.#end !== undefined) return;
    if (step.done === true) return this.#finish({});
    let value: O;
    try {
      value = this.#map(step.value);
    } catch (failure) {
      return this.#fail(failure);
    }
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (this.#ahead) this.#ask();
    waiting?.resolve({ done: false, value });
  };
  readonly #sourceFailed = (thrown: unknown): void => this.#fail(this.#failure(thrown));
  #fail(failure: unknown): void {
    this.#finish({ failure });
  }

  #ask(): void {
    this.#coming = this.#source.next();
    // Heard when the reader comes for it; until then nobody is missing it.
    this.#coming.catch(() => undefined);
  }
  #finish(end: StreamEnd): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#stopSource();
    this.#onEnd(end);
    this.#answerEnd(end);
  }
  #answerEnd(end: StreamEnd): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if ('failure' in end) waiting?.reject(end.failure);
    else waiting?.resolve(finished);
  }
  // Not awaited: a generator that is stuck answers only when it comes to its next yield.
  #stopSource(): void {
    this.#source.return?.().catch(() => undefined);
  }
}
