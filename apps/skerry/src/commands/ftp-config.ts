/** `skerry ftp-config check`: every fault in the settings of a router, before it is started. */
import { constants } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import { lookup } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';
import { dirname, resolve } from 'node:path';
import { StatusError } from '@skerry/kernel';
import { command, shape, type Setting } from '@skerry/runtime-config';
import { jsonSetting } from '../common-settings.ts';
import {
  checkAddresses,
  checkFolders,
  checkPorts,
  checkWebhooks,
  Findings,
  knownSettings,
  readAll,
  type Machine,
  type Problem,
} from '../ftp-config/check.ts';
import { checkTls } from '../ftp-config/check-tls.ts';
import { parseSource } from '../ftp-config/source.ts';

/** Any value: what is wrong with it shall be told with everything else. */
const loose = (setting: Setting<unknown>): Setting<unknown> => ({
  ...setting,
  default: undefined,
  schema: shape.unknown(),
});
const looseSettings = Object.fromEntries(
  Object.entries(knownSettings as Readonly<Record<string, Setting<unknown>>>)
    .filter(([name]) => name !== 'config')
    .map(([name, setting]) => [name, loose(setting)]),
);

const thisMachine: Machine = {
  addresses: Object.values(networkInterfaces()).flatMap((some) => (some ?? []).map(({ address }) => address)),
  nowMs: Date.now(),
  resolve: (name) =>
    lookup(name, { family: 4 }).then(
      ({ address }) => address,
      () => undefined,
    ),
  read: (path) => readFile(path, 'utf8'),
  isOpenToAll: async (path) => ((await stat(path)).mode & 0o004) !== 0,
  unwritable,
};
async function unwritable(folder: string): Promise<string | undefined> {
  const path = resolve(folder);
  const there = await stat(path).catch(() => undefined);
  if (there === undefined && dirname(path) !== path) return unwritable(dirname(path));
  if (there?.isDirectory() !== true) return `"${path}" is no folder`;
  return access(path, constants.W_OK | constants.X_OK).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => `"${path}" cannot be written to (${error.code})`,
  );
}

const lineOf = (file: string | undefined, { level, line, message }: Problem): string =>
  `${file !== undefined && line !== undefined ? `${file}:${line}: ` : ''}${level}: ${message}`;

export const ftpConfigCommand = command({
  path: ['ftp-config', 'check'],
  summary:
    'Check the settings of an FTP router: a configuration file, flags and environment as skerry node routing takes ' +
    'them. Prints every problem; exit 0: none but warnings, 1: errors, 2: the file cannot be read.',
  positional: '[file]',
  settings: { ...looseSettings, json: jsonSetting },
  examples: [
    'skerry ftp-config check /etc/skerry/routing.json',
    'skerry ftp-config check --passive-ports 30000-30010 --passive-host ftp.example.org',
    'skerry ftp-config check routing.json --json | jq -r .problems[].message',
  ],
  run: async ({ json, ...given }, { arguments: [file], stdout }) => {
    const text = file === undefined ? undefined : await textOf(file);
    const source = text === undefined || file === undefined ? undefined : parseSource(text, file);
    const findings = new Findings(source);
    const config = readAll(source, given, findings);
    checkPorts(config, findings);
    await checkAddresses(config, thisMachine, findings);
    await checkTls(config, thisMachine, findings);
    await checkFolders(config, thisMachine, findings);
    await checkWebhooks(config, thisMachine, findings);
    const last = Number.MAX_SAFE_INTEGER;
    const problems = findings.problems.toSorted((a, b) => (a.line ?? last) - (b.line ?? last));
    const ok = !problems.some(({ level }) => level === 'error');
    if (json) stdout.write(`${JSON.stringify({ ok, file: file ?? null, problems })}\n`);
    else stdout.write(`${[...problems.map((problem) => lineOf(file, problem)), ok ? 'ok' : 'not ok'].join('\n')}\n`);
    return ok ? 0 : 1;
  },
});

async function textOf(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause: unknown) => {
    throw new StatusError('malformed', `Cannot read configuration file "${file}": ${(cause as Error).message}`, {
      cause,
    });
  });
}
