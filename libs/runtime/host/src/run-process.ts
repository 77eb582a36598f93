/** The life of a process: signals, uncaught failures, exit codes. */
import { StatusError } from '@skerry/kernel';
import type { Telemetry } from '@skerry/runtime-telemetry';

export type RunningProcess = {
  /** Resolves when it ended by itself (a drain); rejects when it cannot go on. */
  readonly ended: Promise<void>;
  readonly telemetry?: Telemetry;
  stop(graceMs: number): Promise<void>;
};

/** What runs may finish for this long after SIGTERM, in ms: Docker sends SIGKILL 10 s after. */
export const drainGraceMs = 8_000;
/** Past the grace, for closing; a process that does not end by then is ended, in ms. */
const closeMaxMs = 1_000;

/** Exit codes (contracts, Commands). */
export const exitCodes = { done: 0, failed: 1, usage: 2 } as const;

/**
 * Runs until a signal, a drain or a failure; then ends the process: 0 after a drain, 2 when a setting is wrong, 1 for
 * every other failure and for a second signal. One line on standard error says why.
 */
export async function runProcess(main: () => Promise<RunningProcess>, graceMs = drainGraceMs): Promise<never> {
  let running: RunningProcess | undefined;
  const crash = (error: unknown): never => {
    running?.telemetry?.emit({ event: 'process_failed', level: 'fatal', message: 'the process cannot go on', error });
    process.stderr.write(describe(error));
    return process.exit(exitOf(error));
  };
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);
  const signalled = nextSignal();
  try {
    const started = main();
    // A signal before the start is through: nothing was promised to anybody yet.
    running = await Promise.race([started, signalled.then((): undefined => undefined)]);
    if (running === undefined) process.exit(exitCodes.done);
    await Promise.race([running.ended, signalled]);
    // Not unref'd: when nothing else is left to wait for, it still decides how the process ends.
    setTimeout(() => crash(new StatusError('deadline', `Cannot stop within ${graceMs} ms`)), graceMs + closeMaxMs);
    await running.stop(graceMs);
  } catch (error) {
    return crash(error);
  }
  return process.exit(exitCodes.done);
}

/** Resolves at the first SIGINT or SIGTERM; at the second the process ends at once. */
function nextSignal(): Promise<void> {
  return new Promise((resolve) => {
    let signals = 0;
    const hear = (): void => {
      signals += 1;
      if (signals > 1) process.exit(exitCodes.failed);
      resolve();
    };
    process.on('SIGINT', hear);
    process.on('SIGTERM', hear);
  });
}

const exitOf = (error: unknown): number =>
  error instanceof StatusError && error.reason === 'malformed' ? exitCodes.usage : exitCodes.failed;

/** One line for what the world did; the stack too where the fault is ours. */
const describe = (error: unknown): string =>
  error instanceof StatusError || !(error instanceof Error) ? `${messageOf(error)}\n` : `${error.stack}\n`;
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
