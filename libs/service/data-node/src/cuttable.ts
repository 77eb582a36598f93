/** A stream that can be left while it waits. */

/**
 * What `source` gives, until one of `signals` aborts: then its reason is thrown, also while the source has nothing to
 * give. Several, since AbortSignal.any costs as much as a small upload's own work.
 * The source is not closed by that: whoever made it learns of the end from the failed call.
 */
export async function* untilAborted<T>(
  source: AsyncIterable<T>,
  ...signals: readonly AbortSignal[]
): AsyncGenerator<T, void, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  let abort = (): void => undefined;
  // One listener and one promise for each item: racing against one long-lived promise would collect a reaction for
  // each.
  const onAbort = (): void => abort();
  for (const signal of signals) signal.addEventListener('abort', onAbort);
  let waiting = false;
  try {
    while (true) {
      waiting = true;
      const next = await new Promise<IteratorResult<T>>((resolve, reject) => {
        const aborted = (): AbortSignal | undefined => signals.find((signal) => signal.aborted);
        abort = () => reject(aborted()?.reason);
        if (aborted() !== undefined) abort();
        else iterator.next().then(resolve, reject);
      });
      waiting = false;
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    for (const signal of signals) signal.removeEventListener('abort', onAbort);
    if (!waiting) await iterator.return?.();
  }
}

/** What `source` gives, with the next item already asked for while one is being used: disk and network work at once. */
export async function* readAhead<T>(source: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  let next = iterator.next();
  try {
    while (true) {
      const { done, value } = await next;
      if (done === true) return;
      next = iterator.next();
      // Its failure is met at the next turn, or is nobody's business when the reader left before.
      next.catch(() => undefined);
      yield value;
    }
  } finally {
    await iterator.return?.();
  }
}
