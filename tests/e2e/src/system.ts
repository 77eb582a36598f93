/** Starts real Skerry processes for a test, and ends them; nothing else on the machine is touched. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as after } from 'node:timers/promises';

export const root = join(import.meta.dirname, '../../..');
export const program = join(root, 'apps/skerry/bin/skerry.mjs');
export const adminPassword = 'correct horse battery';

/** A start takes a second; on a machine that runs all tests at once, several. */
const readyTimeoutMs = 60_000;
/** Between two looks of {@link until}. */
const untilPauseMs = 50;

export type Ready = { readonly ms: number; readonly pid: number; readonly endpoints: Readonly<Record<string, string>> };
export type Run = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

/** A new empty folder; removed by {@link System.stop} of the system that lives in it, or by the caller. */
export const temporaryFolder = (name: string): string => mkdtempSync(join(tmpdir(), `skerry-${name}-`));
export const removeFolder = (path: string): void => rmSync(path, { recursive: true, force: true });

/** Resolves when `holds` says so, asked again and again. @throws Error after `withinMs`, with what was waited for. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, withinMs = 20_000): Promise<void> {
  const endMs = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`not within ${withinMs} ms: ${what}`);
    await after(untilPauseMs);
  }
}

/** Runs a command to its end. */
export async function run(
  command: string,
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; input?: string; timeoutMs?: number; cwd?: string } = {},
): Promise<Run> {
  const child = spawn(command, args, { env: { ...process.env, ...options.env }, cwd: options.cwd });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.on('error', () => undefined).end(options.input ?? '');
  const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 60_000);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(timer);
  return { code, stdout, stderr };
}

export const skerry = (args: readonly string[], options?: Parameters<typeof run>[2]): Promise<Run> =>
  run(process.execPath, [program, ...args], options);

/** One `skerry up` or `skerry cluster up`. */
export class System {
  readonly child: ChildProcess;
  readonly data: string;
  readonly ready: Ready;
  readonly #stderr: () => string;

  private constructor(child: ChildProcess, data: string, ready: Ready, stderr: () => string) {
    this.child = child;
    this.data = data;
    this.ready = ready;
    this.#stderr = stderr;
  }

  /** @param through a command that runs another in its place, such as `ip netns exec NAME`. */
  static async start(
    args: readonly string[],
    data: string,
    env: NodeJS.ProcessEnv = {},
    through: readonly string[] = [],
  ): Promise<System> {
    const words = [...through, process.execPath, program, ...args, '--data', data, '--json'];
    const child = spawn(words[0] ?? '', words.slice(1), {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, SKERRY_ADMIN_PASSWORD: adminPassword, ...env },
    });
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-20_000)));
    const ready = await new Promise<Ready>((resolve, reject) => {
      const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
      const late = setTimeout(() => {
        child.kill('SIGKILL');
        reject(new Error(`skerry ${args.join(' ')} was not ready within ${readyTimeoutMs} ms: ${stderr}`));
      }, readyTimeoutMs);
      lines.once('line', (line) => {
        clearTimeout(late);
        resolve(JSON.parse(line) as Ready);
      });
      child.once('exit', (code) => reject(new Error(`skerry ${args.join(' ')} ended with ${code}: ${stderr}`)));
    });
    return new System(child, data, ready, () => stderr);
  }
  /** The embedded system on free ports. */
  static embedded(data: string, ...more: readonly string[]): Promise<System> {
    return System.start(['up', '--ftp-port', '0', '--passive-ports', '0-0', ...more], data);
  }
  /** The five roles as processes. */
  static cluster(data: string, ...more: readonly string[]): Promise<System> {
    return System.start(['cluster', 'up', 'ftp', '--replicas', '1', ...more], data, {
      SKERRY_FTP_PORT: '0',
      SKERRY_PASSIVE_PORTS: '0-0',
    });
  }

  get ftp(): { readonly host: string; readonly port: number } {
    const url = new URL(this.ready.endpoints['ftp'] ?? '');
    // Of IPv6 without its brackets.
    return { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(url.port) };
  }
  get stderr(): string {
    return this.#stderr();
  }
  /** Resolves when its log has it: what a node writes may arrive later than the answer that it wrote of. */
  said(what: RegExp): Promise<void> {
    return until(`the log has ${String(what)}`, () => what.test(this.stderr));
  }
  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }
  /** Drains it; resolves with its exit code. */
  async stop(): Promise<number | null> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return this.child.exitCode;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await exited;
    return this.child.exitCode;
  }
}
