/** What clients saw: operations with the times of call and return, and what they should have seen. */

/**
 * `returned` undefined: no answer came; the operation took effect at some time after the call, or never. One that surely
 * did not take effect is left out of the history.
 */
export type Operation<Input, Output> = {
  readonly client: string;
  /** Any clock that all operations share; an operation that returned at the very time of another's call overlaps it. */
  readonly calledAt: number;
  readonly input: Input;
  readonly returned: { readonly at: number; readonly output: Output } | undefined;
};

/** A sequential object. All functions are pure. */
export type Model<State, Input, Output> = {
  readonly initial: State;
  readonly apply: (state: State, input: Input) => { readonly state: State; readonly output: Output };
  /** It changes no state. */
  readonly isRead: (input: Input) => boolean;
  readonly sameOutput: (a: Output, b: Output) => boolean;
  readonly sameState: (a: State, b: State) => boolean;
  /** Equal states have equal hashes: an integer. */
  readonly hash: (state: State) => number;
  /** Operations with different keys do not see each other, and are checked apart (Herlihy and Wing, 1990, theorem 1). */
  readonly keyOf?: (input: Input) => string;
};
