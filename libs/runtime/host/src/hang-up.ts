/** SIGHUP: look again at what stands in files (certificates, logs that were moved), without a restart. */
import { closeSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';

const listeners = new Set<() => void>();
/** Asked while it is there: a terminal that was closed is none any more. */
let startedInTerminal = false;

function hear(): void {
  if (startedInTerminal && !hasTerminal()) {
    // A terminal that was closed ends what ran in it, at once and as if nobody listened: nothing can be told any more.
    process.off('SIGHUP', hear);
    process.kill(process.pid, 'SIGHUP');
    return;
  }
  for (const listener of listeners) listener();
}
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}

/** Calls `listener` at each SIGHUP, which then does not end the process. Returns the way to stop. */
export function onHangUp(listener: () => void): () => void {
  // A wrapper of its own: the same function may listen twice.
  const own = (): void => listener();
  if (listeners.size === 0) {
    startedInTerminal = isatty(0);
    process.on('SIGHUP', hear);
  }
  listeners.add(own);
  return () => {
    listeners.delete(own);
    if (listeners.size === 0) process.off('SIGHUP', hear);
  };
}
