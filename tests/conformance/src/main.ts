/** `npm run conformance -- ftp …`: the suite against a server that is named, or against ours and its peers. */
import { parseArgs } from 'node:util';
import type { Case } from './case.ts';
import { comparePages, corpusFolder, describeDifference } from './cql/compare.ts';
import { compareRandomly } from './cql/random.ts';
import { Mismatch } from './outcome.ts';
import { count, describeResult, differences, summary, table, type Column } from './report.ts';
import { fullName, runSuite, type Result } from './run.ts';
import { isPresent, ours, peers, type Loopback, type ServerKind } from './servers.ts';
import { suite } from './suite.ts';
import type { Target, TlsUse } from './target.ts';

const usage = `Usage: npm run conformance -- ftp --host H --port P --user U --password W [options]
       npm run conformance -- ftp --peers [options]
       npm run conformance -- cql --host H --port P [--user U] [--password W] [--only PATTERN] [--write]

ftp looks at an FTP server as a client sees it. Every case makes a directory of its own and removes it.

cql plays the corpus of CQL statements against a server, which it EMPTIES of keyspaces and roles, and tells each answer that
is another one. --only: pages whose name fits; --dir: pages of another folder;
--write: rewrites the pages with the server's answers;
--random SEED --against PORT: random statements on it and on a second server of the same host, which is emptied too.

Options of ftp:
  --tls explicit|implicit|none  how the session begins (default: none)
  --dir DIR                     where cases make their directories (default: where the login leads)
  --only PATTERN                only cases whose "group: name" fits the regular expression
  --at-once N                   cases at the same time, 1 to 64 (default: 6)
  --verbose                     passed and skipped cases too, and transcripts of failures
  --json                        results as JSON on stdout, and nothing else there
  --peers                       our embedded system and what is present of vsftpd, proftpd and pure-ftpd, each on loopback,
                                as a table; SKERRY_PEERS names a folder into which Debian's packages were unpacked
  --address 127.0.0.1|::1       with --peers: where they listen (default: 127.0.0.1)

Exits 0 when no case of level must fails (cql: all answers are equal), 1 when one does, 2 when the command line is wrong.
`;
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const tell = (text: string): void => void process.stderr.write(`${text}\n`);

class WrongCommandLine extends Error {}
function wanted<T extends string>(name: string, value: string, words: readonly T[]): T {
  const found = words.find((word) => word === value);
  if (found === undefined)
    throw new WrongCommandLine(`Cannot read --${name}: must be one of ${words.join(', ')}: got "${value}"`);
  return found;
}
function whole(name: string, value: string, max: number): number {
  const number = /^\d{1,5}$/.test(value) ? Number(value) : 0;
  if (number < 1 || number > max)
    throw new WrongCommandLine(`Cannot read --${name}: must be an integer in [1, ${max}]: got "${value}"`);
  return number;
}
function patternOf(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch {
    throw new WrongCommandLine(`Cannot read --only: must be a regular expression: got "${text}"`);
  }
}

function readOptions() {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  return parseArgs({
    allowPositionals: true,
    options: {
      host: { ...text, default: '127.0.0.1' },
      port: { ...text, default: '' },
      user: { ...text, default: '' },
      password: { ...text, default: '' },
      tls: { ...text, default: 'none' },
      dir: { ...text, default: '' },
      only: { ...text, default: '' },
      'at-once': { ...text, default: '6' },
      address: { ...text, default: '127.0.0.1' },
      verbose: flag,
      json: flag,
      peers: flag,
      write: flag,
      random: { ...text, default: '' },
      against: { ...text, default: '' },
      help: { ...flag, short: 'h' },
    },
  });
}
type Options = ReturnType<typeof readOptions>['values'];

async function lookAt(target: Target, cases: readonly Case[], options: Options): Promise<readonly Result[]> {
  const onResult = (result: Result): void => {
    if (options.json || options.peers) return;
    if (options.verbose || result.outcome.kind === 'fail') say(describeResult(result, options.verbose));
  };
  return runSuite(cases, target, { atOnce: whole('at-once', options['at-once'], 64), onResult });
}

async function column(kind: ServerKind, cases: readonly Case[], options: Options): Promise<Column> {
  const server = await kind.start(wanted<Loopback>('address', options.address, ['127.0.0.1', '::1']));
  const interrupted = (): void => void server.stop().finally(() => process.exit(130));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupted);
  try {
    const tls = wanted<TlsUse>('tls', options.tls, ['explicit', 'none']);
    const results = await lookAt({ ...server.target, tls }, cases, options);
    tell(`${kind.name}: ${summary(results)}`);
    return { name: kind.name, results: new Map(results.map((each) => [fullName(each), each])) };
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, interrupted);
    await server.stop();
  }
}
async function comparePeers(cases: readonly Case[], options: Options): Promise<number> {
  const columns: Column[] = [];
  for (const kind of [ours, ...peers]) {
    if (isPresent(kind)) columns.push(await column(kind, cases, options));
    else tell(`${kind.name}: not present (Debian: ${kind.peer?.packages})`);
  }
  if (options.json) say(JSON.stringify(columns.map(({ name, results }) => ({ name, results: [...results.values()] }))));
  else {
    const { differ, allFail } = differences(columns);
    say(table(columns));
    say(`\nDifferences:\n${differ.join('\n')}\n\nAll peers fail:\n${allFail.join('\n')}`);
  }
  return count([...(columns[0]?.results.values() ?? [])]).mustFail === 0 ? 0 : 1;
}
async function lookAtOne(cases: readonly Case[], options: Options): Promise<number> {
  const { host, user, password, dir } = options;
  const target: Target = {
    host,
    port: whole('port', options.port || '21', 65_535),
    user,
    password,
    tls: wanted<TlsUse>('tls', options.tls, ['explicit', 'implicit', 'none']),
    directory: dir.replace(/\/+$/, ''),
  };
  const results = await lookAt(target, cases, options);
  if (options.json) say(JSON.stringify(results));
  else say(summary(results));
  return count(results).mustFail === 0 ? 0 : 1;
}

/** Tables that one seed makes. */
const randomTables = 10;
async function compareCql(options: Options): Promise<number> {
  const target = {
    host: options.host,
    port: whole('port', options.port || '9042', 65_535),
    user: options.user || 'cassandra',
    password: options.password || 'cassandra',
  };
  if (options.random !== '') {
    const other = whole('against', options.against, 65_535);
    const { statements, differences } = await compareRandomly(
      [target, { ...target, port: other }],
      whole('random', options.random, 99_999),
      randomTables,
      ({ statement, answers: [one, two] }) =>
        say(`${statement}\n${one.replaceAll(/^/gm, '  - ')}\n${two.replaceAll(/^/gm, '  + ')}\n`),
    );
    say(`${statements} random statements, ${differences} differ`);
    return differences === 0 ? 0 : 1;
  }
  const { statements, differences } = await comparePages(target, patternOf(options.only), {
    write: options.write,
    folder: options.dir || corpusFolder,
    onPage: (page, found) => {
      for (const each of found.differences) say(describeDifference(each));
      tell(`${page}: ${found.statements} statements, ${found.differences.length} differ`);
    },
  });
  say(`${statements} statements, ${differences.length} differ`);
  return differences.length === 0 ? 0 : 1;
}

async function main(): Promise<number> {
  const { values, positionals } = readOptions();
  if (values.help) {
    say(usage);
    return 0;
  }
  const [what = '', ...more] = positionals;
  if (wanted('suite', [what, ...more].join(' '), ['ftp', 'cql']) === 'cql') return compareCql(values);
  if (!values.peers && values.user === '') throw new WrongCommandLine('Cannot run conformance: --user is missing');
  const only = patternOf(values.only);
  const cases = suite.filter((each) => only.test(fullName(each)));
  if (cases.length === 0) throw new WrongCommandLine(`Cannot run conformance: no case fits "${values.only}"`);
  return values.peers ? comparePeers(cases, values) : lookAtOne(cases, values);
}

/** What a person at the command line can put right. */
function advice(thrown: unknown): { readonly text: string; readonly code: number } | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const { code = '' } = thrown as { code?: string };
  if (thrown instanceof WrongCommandLine || code.startsWith('ERR_PARSE_ARGS'))
    return { text: `${thrown.message}\n\n${usage}`, code: 2 };
  if (thrown instanceof Mismatch) return { text: `Cannot log in: ${thrown.message}`, code: 1 };
  return code.startsWith('E') && !code.startsWith('ERR')
    ? { text: `Cannot reach it: ${thrown.message}`, code: 1 }
    : undefined;
}

try {
  process.exitCode = await main();
} catch (thrown) {
  const found = advice(thrown);
  if (found === undefined) throw thrown;
  tell(`conformance: ${found.text}`);
  process.exitCode = found.code;
}
