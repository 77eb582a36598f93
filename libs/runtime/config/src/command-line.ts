/**
 * A program as a table of commands: parsing, `--help`, validation and exit codes from the rows alone.
 *
 * Exit codes (contracts): 0 done, 1 failed while running, 2 wrong command, flag or value, always with one clear line.
 */
import { readFile } from 'node:fs/promises';
import { StatusError, toStatusError } from '@skerry/kernel';
import { Command, CommanderError, Option } from 'commander';
import { flagOf, readSettings, variableOf } from './read.ts';
import { readJson } from './schema.ts';
import type { ConfigOf, Setting, Settings } from './setting.ts';
import { shape } from './zod.ts';

export type Output = { write(text: string): void };
export type CommandContext = {
  readonly arguments: readonly string[];
  readonly stdout: Output;
  readonly stderr: Output;
  readonly environment: Readonly<Record<string, string | undefined>>;
};
export type CommandRow = {
  /** Words that name it, such as ['user', 'add']; none: the program is this one command. */
  readonly path: readonly string[];
  /** One line. */
  readonly summary: string;
  /** Positional arguments as in `--help`: `<name>` wanted, `[name]` optional, `<name...>` many. */
  readonly positional?: string;
  readonly settings: Settings;
  /** Letters that stand for settings, by their keys: `{ execute: 'e' }` is `-e`. */
  readonly letters?: Readonly<Record<string, string>>;
  readonly examples: readonly string[];
  /** Resolves with the exit code; a StatusError `malformed` is exit 2, any other failure exit 1. */
  readonly run: (config: never, context: CommandContext) => Promise<number>;
};
export type ProgramTable = {
  readonly name: string;
  readonly version: string;
  readonly summary: string;
  readonly commands: readonly CommandRow[];
  /** What the words of a path that is no command of its own mean, for `--help`. */
  readonly groups?: Readonly<Record<string, string>>;
};

/** A row whose `run` gets the configuration that its own settings describe. */
export function command<S extends Settings>(
  row: Omit<CommandRow, 'settings' | 'run'> & {
    readonly settings: S;
    readonly run: (config: ConfigOf<S>, context: CommandContext) => Promise<number>;
  },
): CommandRow {
  return row;
}

function optionOf(key: string, setting: Setting<unknown>, letter: string | undefined): Option {
  const flags = letter === undefined ? flagOf(key) : `-${letter}, ${flagOf(key)}`;
  const shown = setting.placeholder === undefined ? flags : `${flags} <${setting.placeholder}>`;
  const byDefault = defaultText(setting);
  const details = [setting.placeholder === undefined ? '' : setting.wanted, byDefault, `env ${variableOf(key)}`];
  return new Option(shown, `${setting.help} (${details.filter((part) => part !== '').join('; ')})`);
}
function defaultText({ default: value, secret, placeholder }: Setting<unknown>): string {
  if (secret || placeholder === undefined || value === undefined) return '';
  const text = Array.isArray(value) ? value.join(',') : String(value);
  return text === '' ? '' : `default ${text}`;
}

async function configurationFile(config: unknown): Promise<Readonly<Record<string, unknown>>> {
  if (typeof config !== 'string') return {};
  const text = await readFile(config, 'utf8').catch((cause: unknown) => {
    throw new StatusError('malformed', `Cannot read configuration file "${config}": ${(cause as Error).message}`, {
      cause,
    });
  });
  return readJson(shape.record(shape.string(), shape.unknown()), text, `configuration file "${config}"`);
}

type Run = (row: CommandRow, flags: Readonly<Record<string, unknown>>, positional: readonly string[]) => Promise<void>;

function addCommand(program: Command, row: CommandRow, groups: Readonly<Record<string, string>>, run: Run): void {
  let parent = program;
  for (const [depth, word] of row.path.slice(0, -1).entries()) {
    const known = parent.commands.find((child) => child.name() === word);
    const summary = groups[row.path.slice(0, depth + 1).join(' ')] ?? '';
    parent = known ?? inherit(parent.command(word).description(summary));
  }
  const word = row.path.at(-1);
  const own = word === undefined ? program : inherit(parent.command(word).description(row.summary));
  if (row.positional !== undefined) own.arguments(row.positional);
  for (const [key, setting] of Object.entries(row.settings)) own.addOption(optionOf(key, setting, row.letters?.[key]));
  own.addHelpText('after', `\nExamples:\n${row.examples.map((line) => `  ${line}`).join('\n')}\n`);
  own.action(() => run(row, own.opts(), own.args));
}
const inherit = (child: Command): Command => child.showSuggestionAfterError(true).helpCommand(false);

/** Runs one command line; resolves with the exit code. */
export async function runCommandLine(
  table: ProgramTable,
  argv: readonly string[],
  io: {
    readonly stdout: Output;
    readonly stderr: Output;
    readonly environment: Readonly<Record<string, string | undefined>>;
  },
): Promise<number> {
  let exitCode = 0;
  const complain = (line: string): void => io.stderr.write(`${table.name}: ${line}\n`);
  const program = new Command(table.name)
    .description(table.summary)
    .version(table.version)
    .showSuggestionAfterError(true);
  program.helpCommand(false).exitOverride();
  let help = '';
  program.configureOutput({
    writeOut: (text) => io.stdout.write(text),
    // Commander's own complaints take several lines; ours is one, made from the thrown error.
    writeErr: (text) => (help = text),
  });
  const run: Run = async (row, flags, positional) => {
    const file = await configurationFile(
      'config' in row.settings ? (flags['config'] ?? io.environment['SKERRY_CONFIG']) : undefined,
    );
    const config = readSettings(row.settings, { flags, environment: io.environment, file });
    // `command` tied this row's run to these very settings.
    exitCode = await row.run(config as never, { ...io, arguments: positional });
  };
  for (const row of table.commands) addCommand(program, row, table.groups ?? {}, run);
  forEachCommand(program, (each) => each.copyInheritedSettings(program).exitOverride());
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return answerOf(thrown, () => io.stderr.write(help), complain);
    const error = toStatusError(thrown);
    complain(error.message.split('\n').join(' '));
    return error.reason === 'malformed' ? 2 : 1;
  }
}

function answerOf(error: CommanderError, showHelp: () => void, complain: (line: string) => void): number {
  if (error.exitCode === 0) return 0;
  if (error.code === 'commander.help') showHelp();
  else
    complain(
      error.message
        .replace(/^error: /, '')
        .split('\n')
        .join(' '),
    );
  return 2;
}
function forEachCommand(parent: Command, visit: (each: Command) => void): void {
  for (const child of parent.commands) {
    visit(child);
    forEachCommand(child, visit);
  }
}
