/**
 * Resolves when the event loop has asked the operating system for news of every socket at least once more.
 *
 * Assumes: an immediate runs after the poll phase of the turn that is under way, which may have asked before now; the
 * second immediate runs after the poll of the next turn.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(() => setImmediate(resolve));
  });
}
