/** `skerry cqlsh`: a prompt for CQL. */
import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import { StatusError } from '@skerry/kernel';
import { command, flag, integer, optionalText, type CommandContext, type ConfigOf } from '@skerry/runtime-config';
import { connect } from '../cqlsh/connect.ts';
import type { Output } from '../cqlsh/output.ts';
import { openTerminal, runPrompt, type Terminal } from '../cqlsh/prompt.ts';
import { typedPassword } from '../password-input.ts';
import { version } from '../version.ts';

/** Exit code when a statement failed: cqlsh's. */
const statementFailed = 2;

const settings = {
  execute: optionalText({ help: 'Run these statements and end.', placeholder: 'CQL' }),
  file: optionalText({ help: 'Run the statements of a file and end.', placeholder: 'FILE' }),
  keyspace: optionalText({ help: 'Keyspace to begin in.', placeholder: 'NAME' }),
  username: optionalText({ help: 'Role to log in as.', placeholder: 'NAME' }),
  password: optionalText({ help: 'Its password; without one it is asked for.', placeholder: 'P', secret: true }),
  ssl: flag({ help: "Connect with TLS; the server's certificate is checked." }),
  cafile: optionalText({
    help: "PEM file that the server's certificate is checked with, such as DIR/cassandra_1/cql-tls.pem.",
    placeholder: 'FILE',
  }),
  requestTimeoutMs: integer({
    default: 10_000,
    min: 1,
    max: 3_600_000,
    unit: 'ms',
    help: 'Longest wait for an answer.',
  }),
};
type Config = ConfigOf<typeof settings>;

export const cqlshCommand = command({
  path: ['cqlsh'],
  summary: 'A prompt for CQL, on the stock driver. HELP shows its commands.',
  positional: '[host] [port]',
  settings,
  letters: { execute: 'e', file: 'f', keyspace: 'k', username: 'u', password: 'p' },
  examples: [
    'skerry cqlsh',
    'skerry cqlsh -e "SELECT cluster_name FROM system.local"',
    'skerry cqlsh 10.0.0.7 9042 -u cassandra -f schema.cql',
    'skerry cqlsh --ssl --cafile skerry-data/cassandra_1/cql-tls.pem',
  ],
  run,
});

async function run(config: Config, context: CommandContext): Promise<number> {
  const [host = '127.0.0.1', portText = '9042'] = context.arguments;
  const port = Number(portText);
  if (!/^\d{1,5}$/.test(portText) || port < 1 || port > 65_535)
    throw new StatusError('malformed', `Cannot read the port: must be within [1, 65535]: got "${portText}"`);
  if (config.execute !== undefined && config.file !== undefined)
    throw new StatusError('malformed', 'Cannot run both: give --execute or --file');
  const script = await scriptOf(config);
  const password =
    config.username === undefined ? '' : (config.password ?? (await typedPassword('Password: ', context)));
  const client = await connect({
    host,
    port,
    username: config.username,
    password,
    keyspace: config.keyspace,
    ssl: config.ssl || config.cafile !== undefined,
    cafile: config.cafile,
    timeoutMs: config.requestTimeoutMs,
  });
  // As the driver, of no use to other commands.
  const { Session } = await import('../cqlsh/session.ts');
  const isPrompt = script === undefined && process.stdin.isTTY === true;
  const terminal = isPrompt ? await openTerminal() : undefined;
  try {
    const session = new Session({ client, output: outputOf(context, terminal), version, address: `${host}:${port}` });
    if (terminal !== undefined) {
      await session.input('SHOW HOST');
      await session.input('SHOW VERSION');
      context.stdout.write('Use HELP for help.\n');
      await runPrompt(session, terminal);
      return 0;
    }
    await session.script(script?.text ?? (await readAll(process.stdin)), script?.name ?? '<stdin>');
    return session.failed ? statementFailed : 0;
  } finally {
    await terminal?.close();
    await client.shutdown();
  }
}

async function scriptOf({
  execute,
  file,
}: Config): Promise<{ readonly text: string; readonly name: string } | undefined> {
  if (execute !== undefined) return { text: execute, name: '<stdin>' };
  if (file === undefined) return undefined;
  try {
    return { text: await readFile(file, 'utf8'), name: file };
  } catch (cause) {
    throw new StatusError('malformed', `Cannot open "${file}": ${(cause as Error).message}`, { cause });
  }
}

function outputOf({ stdout, stderr }: CommandContext, terminal: Terminal | undefined): Output {
  const more = (): Promise<boolean> => {
    if (terminal === undefined) return Promise.resolve(true);
    return new Promise((resolve) => {
      terminal.readline.question('---MORE--- (q ends) ', (answer) => resolve(!/^q/i.test(answer)));
    });
  };
  return { line: (text) => stdout.write(`${text}\n`), error: (text) => stderr.write(`${text}\n`), more };
}
