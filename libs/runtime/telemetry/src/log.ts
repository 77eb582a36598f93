/** Where log lines go. The only module that knows pino. */
import { pino } from 'pino';
import { prettifier } from './pretty.ts';
import type { Level } from './types.ts';

export type LineSink = { write(line: string): void };
export type Output = 'json' | 'pretty' | 'silent' | LineSink;

export type LogWriter = {
  write(level: Level, record: Readonly<Record<string, unknown>>): void;
  /** Resolves when all that was written before is out. */
  flush(): Promise<void>;
};

/** Lines waiting for a slow standard error, in bytes; past that they are dropped rather than kept. */
export const linesWaitingMaxBytes = 16 * 1024 * 1024;
const standardErrorDescriptor = 2;

type Destination = ReturnType<typeof pino.destination>;
let standardError: Destination | undefined;
// One for the process: several telemetries (the embedded system) must not cut into each other's lines.
function openStandardError(): Destination {
  standardError ??= pino.destination({
    fd: standardErrorDescriptor,
    sync: false,
    // 1, not 0: each line goes out as soon as the one before did, and flush() still waits for the last.
    minLength: 1,
    maxLength: linesWaitingMaxBytes,
  });
  return standardError;
}

export function openLog(output: Output): LogWriter {
  if (output === 'silent') return { write: () => undefined, flush: () => Promise.resolve() };
  const toStandardError = typeof output === 'string';
  const destination = toStandardError ? openStandardError() : undefined;
  const pretty = output === 'pretty' ? prettifier() : undefined;
  const write = (line: string): void => {
    if (!toStandardError) output.write(line);
    else destination?.write(pretty === undefined ? line : pretty(line));
  };
  const logger = pino(
    {
      level: 'trace',
      base: null,
      messageKey: 'message',
      formatters: { level: (label) => ({ level: label }) },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    // pino calls flushSync after a fatal line: it is out before the process ends.
    { write, flushSync: () => destination?.flushSync() } as { write(line: string): void },
  );
  return {
    write: (level, record) => logger[level](record),
    flush: () =>
      new Promise((resolve) => {
        // Also when standard error is gone (EPIPE): that must not hold anything up.
        if (destination === undefined) resolve();
        else destination.flush(() => resolve());
      }),
  };
}

/** What suits standard error: a terminal reads `pretty`, anything else `json`. */
export const defaultOutput = (): Output => (process.stderr.isTTY ? 'pretty' : 'json');
