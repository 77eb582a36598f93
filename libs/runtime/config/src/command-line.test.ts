import { describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StatusError } from '@skerry/kernel';
import { command, runCommandLine, type ProgramTable } from './command-line.ts';
import { flag, integer, optionalText } from './setting.ts';

const settings = {
  ftpPort: integer({ default: 2121, min: 0, max: 65_535, help: 'Port.' }),
  config: optionalText({ help: 'File.', placeholder: 'FILE' }),
  json: flag({ help: 'JSON.' }),
};
const program: ProgramTable = {
  name: 'skerry',
  version: '1.2.3',
  summary: 'A test program.',
  groups: { user: 'Users.' },
  commands: [
    command({
      path: ['up'],
      summary: 'Start.',
      settings,
      examples: ['skerry up'],
      run: async (config, { stdout }) => {
        stdout.write(`port ${config.ftpPort}`);
        return 0;
      },
    }),
    command({
      path: ['user', 'add'],
      summary: 'Add.',
      positional: '<name>',
      settings: {},
      examples: ['skerry user add ada'],
      run: async (_, { arguments: [name], stdout }) => {
        if (name === 'nobody') throw new StatusError('user_exists', 'Cannot add "nobody":\nthere is one');
        stdout.write(`added ${name}`);
        return 0;
      },
    }),
  ],
};

async function run(
  line: string,
  environment: Record<string, string> = {},
): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const io = {
    stdout: { write: (part: string) => (out += part) },
    stderr: { write: (part: string) => (err += part) },
    environment,
  };
  const code = await runCommandLine(program, line === '' ? [] : line.split(' '), io as never);
  return { code, out, err };
}

describe('exit codes and the one line that explains them', () => {
  const rows: [line: string, code: number, out: RegExp, err: RegExp][] = [
    ['up', 0, /^port 2121$/, /^$/],
    ['up --ftp-port 7', 0, /^port 7$/, /^$/],
    ['up --ftp-prt 7', 2, /^$/, /^skerry: unknown option '--ftp-prt' \(Did you mean --ftp-port\?\)\n$/],
    ['up --ftp-port x', 2, /^$/, /^skerry: Cannot read --ftp-port: must be an integer in \[0, 65535\]: got "x"\n$/],
    ['up more', 2, /^$/, /^skerry: too many arguments.*\n$/],
    ['upp', 2, /^$/, /^skerry: unknown command 'upp' \(Did you mean up\?\)\n$/],
    ['user add ada', 0, /^added ada$/, /^$/],
    ['user add', 2, /^$/, /^skerry: missing required argument 'name'\n$/],
    ['user add nobody', 1, /^$/, /^skerry: Cannot add "nobody": there is one\n$/],
    ['user ad', 2, /^$/, /Did you mean add\?/],
    ['up --help', 0, /Examples:\n {2}skerry up\n/, /^$/],
    ['--version', 0, /^1\.2\.3\n$/, /^$/],
    ['', 2, /^$/, /Usage: skerry/],
    ['user', 2, /^$/, /Usage: skerry user/],
  ];
  it.each(rows)('skerry %s', async (line, code, out, err) => {
    const result = await run(line);
    expect(result.code).toBe(code);
    expect(result.out).toMatch(out);
    expect(result.err).toMatch(err);
  });
});

it('help tells flag, meaning, range, default and variable from the one table', async () => {
  const { out } = await run('up --help');
  expect(out.replaceAll(/\s+/g, ' ')).toContain(
    '--ftp-port <N> Port. (an integer in [0, 65535]; default 2121; env SKERRY_FTP_PORT)',
  );
});

it('reads the environment and the configuration file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'skerry-config-'));
  const file = join(folder, 'skerry.json');
  writeFileSync(file, '{"ftpPort": 5}');
  expect((await run(`up --config ${file}`)).out).toBe('port 5');
  expect((await run('up', { SKERRY_CONFIG: file })).out).toBe('port 5');
  expect((await run('up', { SKERRY_CONFIG: file, SKERRY_FTP_PORT: '6' })).out).toBe('port 6');
  writeFileSync(file, '{"ftpPort": ');
  const broken = await run(`up --config ${file}`);
  expect(broken.code).toBe(2);
  expect(broken.err).toContain('no JSON');
  rmSync(folder, { recursive: true });
  expect((await run(`up --config ${file}`)).err).toContain(`Cannot read configuration file "${file}"`);
});
