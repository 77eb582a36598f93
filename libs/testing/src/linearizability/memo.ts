/** Pairs of (operations taken so far, state) that were tried already. Source: Lowe 2017 §4; exact, not by hash alone. */
type Seen<State> = { readonly taken: Uint32Array; readonly state: State };

export class Memo<State> {
  readonly #seen = new Map<number, Seen<State>[]>();
  readonly #sameState: (a: State, b: State) => boolean;
  size = 0;

  constructor(sameState: (a: State, b: State) => boolean) {
    this.#sameState = sameState;
  }
  /** False when the pair was there. */
  add(hash: number, taken: Uint32Array, state: State): boolean {
    const bucket = this.#seen.get(hash) ?? [];
    if (bucket.some((seen) => sameBits(seen.taken, taken) && this.#sameState(seen.state, state))) return false;
    bucket.push({ taken: taken.slice(), state });
    this.#seen.set(hash, bucket);
    this.size += 1;
    return true;
  }
}

const sameBits = (a: Uint32Array, b: Uint32Array): boolean => a.every((word, place) => word === b[place]);
