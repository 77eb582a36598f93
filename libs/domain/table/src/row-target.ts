/** Where rows are copied to, one behind the other, as a result of the native protocol has them: a connection's answer. */
export interface RowTarget {
  readonly buffer: Uint8Array;
  /** Of `buffer`. */
  readonly view: DataView;
  /** Where the next byte goes. */
  at: number;
  /** Whether so many bytes can be written at `at`; what is here may be another buffer then, and another place in it. */
  room(sizeBytes: number): boolean;
}
