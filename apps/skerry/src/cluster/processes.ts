/** Operating-system processes of a cluster: start, watch, signal; each by its own id. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { StatusError } from '@skerry/kernel';
import { checkShape, shape } from '@skerry/runtime-config';

/** What a node prints on stdout when its doors answer. */
const readyLine = shape.object({
  ready: shape.literal(true),
  pid: shape.number(),
  node: shape.string(),
  endpoints: shape.record(shape.string(), shape.string()),
  /** For whoever started it. */
  notice: shape.string().optional(),
});
export type ReadyLine = ReturnType<typeof readyLine.parse>;

/** Longest wait for a node to become ready, in milliseconds: many start at once on two cores. */
export const nodeReadyTimeoutMs = 30_000;

/**
 * Starts a node, its log appended to `log`; resolves when it prints its ready line. `spawned` is called before it runs.
 * @throws StatusError `no_node` with the log's last line.
 */
export async function startNodeProcess(
  command: readonly string[],
  log: string,
  environment: NodeJS.ProcessEnv,
  spawned: (child: ChildProcess) => void,
): Promise<{ child: ChildProcess; ready: ReadyLine }> {
  const [file = process.execPath, ...args] = command;
  const logFile = openSync(log, 'a', 0o600);
  // A group of its own: Ctrl-C is for the supervisor, which drains the nodes in order. The channel tells a node that we died.
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', logFile, 'ipc'], env: environment, detached: true });
  closeSync(logFile);
  spawned(child);
  try {
    return { child, ready: await firstReadyLine(child, log) };
  } catch (cause) {
    child.kill('SIGKILL');
    throw cause;
  }
}

function firstReadyLine(child: ChildProcess, log: string): Promise<ReadyLine> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      settle();
      reject(new StatusError('no_node', `Cannot start node: ${why}. Last line of ${log}: ${lastLine(log)}`));
    };
    const timer = setTimeout(() => fail(`not ready after ${nodeReadyTimeoutMs} ms`), nodeReadyTimeoutMs);
    const exited = (code: number | null, signal: string | null): void =>
      fail(`it ended with ${signal ?? `exit code ${code}`}`);
    const lines = child.stdout === null ? undefined : createInterface({ input: child.stdout });
    const settle = (): void => {
      clearTimeout(timer);
      child.off('exit', exited);
    };
    child.once('exit', exited);
    child.once('error', (error) => fail(error.message));
    lines?.on('line', (line) => {
      if (!line.startsWith('{"ready"')) return;
      settle();
      resolve(checkShape(readyLine, JSON.parse(line), 'ready line'));
    });
  });
}

function lastLine(log: string): string {
  return readFileSync(log, 'utf8').trimEnd().split('\n').at(-1) ?? '';
}

/** Whether the process is there, and whether it is stopped (SIGSTOP), from Linux's /proc; elsewhere only the former. */
export function processState(pid: number): 'running' | 'paused' | 'dead' {
  try {
    process.kill(pid, 0);
  } catch {
    return 'dead';
  }
  try {
    const state = /^\d+ \(.*\) (\S)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
    if (state === 'Z') return 'dead';
    return state === 'T' ? 'paused' : 'running';
  } catch {
    return 'running';
  }
}
