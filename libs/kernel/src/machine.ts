/** An algorithm: no clock, no chance, no I/O. Time comes in as ticks, chance from a seeded generator given at construction. */
export interface Machine<Input, Effect> {
  /** Takes one input; returns the effects, to be performed in this order. */
  step(input: Input): readonly Effect[];
}
