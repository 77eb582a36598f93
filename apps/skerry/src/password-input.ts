/** A password from a flag, from standard input, or typed unseen on a terminal. */
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { StatusError } from '@skerry/kernel';
import type { CommandContext } from '@skerry/runtime-config';

/** @throws StatusError `malformed` when there is no way to get one. */
export async function readPassword(
  config: { readonly password: string | undefined; readonly passwordStdin: boolean },
  context: CommandContext,
): Promise<string> {
  if (config.passwordStdin) return firstLine();
  if (config.password !== undefined) return config.password;
  if (!process.stdin.isTTY)
    throw new StatusError('malformed', 'Cannot go on without a password: give --password-stdin or --password');
  const password = await typed('Password: ', context);
  if ((await typed('Again: ', context)) !== password)
    throw new StatusError('malformed', 'Cannot take the password: the two differ');
  return password;
}

async function firstLine(): Promise<string> {
  for await (const line of createInterface({ input: process.stdin, terminal: false })) return line;
  throw new StatusError('malformed', 'Cannot read a password: standard input is empty');
}

/** Typed once, for a password that is known. @throws StatusError `malformed` without a terminal. */
export function typedPassword(prompt: string, context: CommandContext): Promise<string> {
  if (!process.stdin.isTTY) throw new StatusError('malformed', 'Cannot go on without a password: give --password');
  return typed(prompt, context);
}

async function typed(prompt: string, { stderr }: CommandContext): Promise<string> {
  const unseen = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: unseen, terminal: true });
  stderr.write(prompt);
  const line = await terminal.question('');
  terminal.close();
  stderr.write('\n');
  return line;
}
