/** The prompt at a terminal: history, statements over several lines, Ctrl-C gives up the one that is begun. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Session } from './session.ts';

/** Lines that are kept. */
export const historyLinesMax = 1_000;
const historyPath = (): string => join(homedir(), '.skerry', 'cqlsh_history');

export type Terminal = {
  readonly readline: Interface;
  close(): Promise<void>;
};

export async function openTerminal(): Promise<Terminal> {
  const path = historyPath();
  const text = await readFile(path, 'utf8').catch(() => '');
  // The newest first, as readline has it.
  const lines = text.split('\n').filter((line) => line !== '');
  let history = lines.toReversed();
  const readline = createInterface({
    input: process.stdin,
    output: process.stdout,
    terminal: true,
    historySize: historyLinesMax,
    removeHistoryDuplicates: true,
    history: [...history],
  });
  readline.on('history', (now: string[]) => (history = now));
  const close = async (): Promise<void> => {
    readline.close();
    // A password that was typed is not kept.
    const kept = history.filter((line) => !/password/i.test(line)).toReversed();
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, kept.map((line) => `${line}\n`).join(''), { mode: 0o600 });
    } catch (thrown) {
      // What was done at the prompt is done: a home that cannot be written to makes it no failure.
      process.stderr.write(`skerry: Cannot keep the history: ${(thrown as Error).message}\n`);
    }
  };
  return { readline, close };
}

/** Until EXIT or Ctrl-D. */
export async function runPrompt(session: Session, { readline }: Terminal): Promise<void> {
  let open = '';
  const show = (): void => {
    const name = session.keyspace === undefined ? 'cqlsh' : `cqlsh:${session.keyspace}`;
    readline.setPrompt(open === '' ? `${name}> ` : `${'... '.padStart(name.length + 2)}`);
    readline.prompt();
  };
  readline.on('SIGINT', () => {
    open = '';
    process.stdout.write('\n');
    // What was typed of the line goes too: to its end, and all before that away.
    readline.write(null, { ctrl: true, name: 'e' });
    readline.write(null, { ctrl: true, name: 'u' });
    show();
  });
  show();
  for await (const line of readline) {
    open = await session.input(open === '' ? line : `${open}\n${line}`);
    if (session.over) return;
    show();
  }
  process.stdout.write('\n');
}
