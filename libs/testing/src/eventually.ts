type EventuallyOptions = {
  /** How long the condition may take, in milliseconds of real time. Default 20,000: far over what a busy machine needs. */
  readonly timeoutMs?: number;
  /** Between two looks, in milliseconds. Default 5. */
  readonly intervalMs?: number;
};

/**
 * Looks until `condition` gives something truthy, and returns that. A condition that throws (an `expect`) counts as not
 * yet. Rejects after the time-out, with the last failure as its cause.
 */
export async function eventually<T>(
  condition: () => T | Promise<T>,
  { timeoutMs = 20_000, intervalMs = 5 }: EventuallyOptions = {},
): Promise<T> {
  const end = performance.now() + timeoutMs;
  let last: unknown;
  while (true) {
    try {
      const value = await condition();
      if (value) return value;
      last = `the condition gave ${String(value)}`;
    } catch (thrown) {
      last = thrown;
    }
    if (performance.now() >= end)
      throw new Error(`Condition did not hold within ${timeoutMs} ms: ${messageOf(last)}`, { cause: last });
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
}

const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));
