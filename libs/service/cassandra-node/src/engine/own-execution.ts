/** An execution that outlives its turn: others fill the connection's own meanwhile. */
import type { Execution } from './contract.ts';

/** With values of its own; what the frame has beside them is not kept. */
export function ownExecution(execution: Execution): Execution {
  const { values, pagingState, warnings } = execution;
  const { first, count } = values;
  const starts = new Int32Array(count);
  const lengths = values.lengths.slice(first, first + count);
  let size = 0;
  for (const length of lengths) size += Math.max(0, length);
  const buffer = new Uint8Array(size);
  let at = 0;
  for (const [i, length] of lengths.entries()) {
    starts[i] = at;
    if (length <= 0) continue;
    const from = values.starts[first + i] as number;
    buffer.set(values.buffer.subarray(from, from + length), at);
    at += length;
  }
  return {
    ...execution,
    values: { buffer, starts, lengths, first: 0, count },
    pagingState: pagingState?.slice(),
    warnings: [...warnings],
  };
}
