/** An invariant of ours was broken: a bug, never the world's fault. The process crashes and recovers from disk. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/** @throws AssertionError when `condition` does not hold. */
export function assert(condition: unknown, message = 'assertion failed'): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** Never returns. The compiler rejects the call while a case is still open. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${JSON.stringify(value)}`);
}

/** `value`, which by an invariant of ours is there. @throws AssertionError when it is not. */
export function present<T>(value: T | undefined | null, what: string): T {
  if (value === undefined || value === null) throw new AssertionError(`absent: ${what}`);
  return value;
}
