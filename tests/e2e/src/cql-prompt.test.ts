/** `skerry cqlsh` at a terminal: a pseudo-terminal of Python's plays the person. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { program, removeFolder, run, System, temporaryFolder } from './system.ts';

jest.setTimeout(90_000);
const folder = temporaryFolder('cql-prompt');
let system: System;
beforeAll(async () => {
  const words = ['up', '--only', 'cql', '--cql-port', '0', '--grpc-port', '0', '--metrics-port', '0'];
  system = await System.start(words, join(folder, 'data'));
}, 60_000);
afterAll(async () => {
  await system.stop();
  removeFolder(folder);
}, 60_000);

/** Says each line of a script when what it waits for was shown since the line before; then waits for the end. */
const person = String.raw`
import json, os, pty, select, sys, time
steps, command = json.loads(sys.argv[1]), sys.argv[2:]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
shown, since = '', 0
def look(seconds):
    global shown
    if not select.select([terminal], [], [], seconds)[0]:
        return True
    try:
        part = os.read(terminal, 65536)
    except OSError:
        return False
    shown += part.decode('utf8', 'replace')
    return part != b''
for wanted, said in steps:
    end = time.monotonic() + 30
    while wanted not in shown[since:]:
        if time.monotonic() > end or not look(1):
            sys.exit('not shown: ' + repr(wanted) + ' in ' + repr(shown[since:]))
    since = shown.index(wanted, since) + len(wanted)
    os.write(terminal, said.encode())
while look(30):
    pass
_, status = os.waitpid(pid, 0)
print(json.dumps({'code': os.waitstatus_to_exitcode(status), 'shown': shown}))
`;
type Seen = { readonly code: number; readonly shown: string };
/** @param steps what is waited for, and what is then typed. @returns what was shown, without the terminal's own codes. */
async function type(
  steps: readonly (readonly [wanted: string, typed: string])[],
  words: readonly string[] = [],
  home = folder,
): Promise<Seen> {
  const port = (system.ready.endpoints['cql'] ?? '').split(':').at(-1) ?? '';
  const command = [process.execPath, program, 'cqlsh', '127.0.0.1', port, ...words];
  const env = { HOME: home, TERM: 'xterm' };
  const { code, stdout, stderr } = await run('python3', ['-c', person, JSON.stringify(steps), ...command], { env });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const seen = JSON.parse(stdout) as Seen;
  // oxlint-disable-next-line no-control-regex
  return { ...seen, shown: seen.shown.replaceAll(/\u001b\[[0-9;]*[A-Za-z]/g, '').replaceAll('\r', '') };
}
const enter = '\r';
const up = '\u001B[A';
const controlC = '\u0003';
const controlD = '\u0004';

describe('the prompt at a terminal', () => {
  it('says who is there, takes statements over several lines, and ends at Ctrl-D', async () => {
    const { code, shown } = await type([
      [
        'cqlsh> ',
        `CREATE KEYSPACE shop WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1};${enter}`,
      ],
      ['cqlsh> ', `USE shop;${enter}`],
      ['cqlsh:shop> ', `CREATE TABLE t (${enter}`],
      ['... ', `id int PRIMARY KEY,${enter}`],
      ['... ', `v text);${enter}`],
      ['cqlsh:shop> ', `INSERT INTO t (id, v) VALUES (1, 'it''s');INSERT INTO t (id) VALUES (2);${enter}`],
      ['cqlsh:shop> ', `SELECT *${enter}`],
      ['... ', `FROM t WHERE id = 1;${enter}`],
      ['(1 rows)', ''],
      ['cqlsh:shop> ', controlD],
    ]);
    expect(code).toBe(0);
    expect(shown).toMatch(/Connected to Skerry at 127\.0\.0\.1:\d+\n[\s\S]*Use HELP for help\.\n/);
    expect(shown).toContain("id | v\n----+------\n  1 | it's\n");
  });
  it('Ctrl-C gives up the statement that is begun, and an error leaves the prompt', async () => {
    const { code, shown } = await type(
      [
        ['cqlsh:shop> ', `SELECT${enter}`],
        ['... ', `nonsense${controlC}`],
        ['cqlsh:shop> ', `SELECT nothing FROM t;${enter}`],
        ['Undefined column name nothing', ''],
        ['cqlsh:shop> ', `EXIT${enter}`],
      ],
      ['-k', 'shop'],
    );
    expect(code).toBe(0);
    expect(shown).not.toContain('no viable alternative');
  });
  it('EXPAND, DESCRIBE, PAGING with its question, COPY there and back', async () => {
    const file = join(folder, 'rows.csv');
    const { shown } = await type(
      [
        ['cqlsh:shop> ', `EXPAND ON${enter}`],
        ['cqlsh:shop> ', `SELECT id FROM t WHERE id = 2;${enter}`],
        ['@ Row 1', ''],
        ['cqlsh:shop> ', `EXPAND OFF;${enter}`],
        ['cqlsh:shop> ', `DESC TABLE t${enter}`],
        ['... ', `;${enter}`],
        ['CREATE TABLE shop.t (', ''],
        ['cqlsh:shop> ', `PAGING 1${enter}`],
        ['cqlsh:shop> ', `SELECT id FROM t;${enter}`],
        ['---MORE---', enter],
        // The second page is full too, and may not be the last.
        ['---MORE---', enter],
        ['(2 rows)', ''],
        ['cqlsh:shop> ', `COPY t TO '${file}' WITH HEADER = true;${enter}`],
        ['2 rows exported', ''],
        ['cqlsh:shop> ', `TRUNCATE t;${enter}`],
        ['cqlsh:shop> ', `COPY t FROM '${file}' WITH HEADER = true;${enter}`],
        ['2 rows imported', ''],
        ['cqlsh:shop> ', `EXIT${enter}`],
      ],
      ['-k', 'shop'],
    );
    expect(readFileSync(file, 'utf8')).toMatch(/^id,v\n/);
    expect(shown).not.toMatch(/Improper|SyntaxException|Error/);
  });
  it('lines that come all at once are one after the other', async () => {
    const { shown } = await type([
      [
        'cqlsh> ',
        `USE shop;${enter}SELECT id${enter}FROM t${enter}WHERE id = 1;${enter}SELECT v FROM t WHERE id = 1;${enter}EXIT;${enter}`,
      ],
    ]);
    expect(shown).toMatch(/ id\n----\n {2}1\n\n\(1 rows\)\n[\s\S]* v\n------\n it's\n\n\(1 rows\)/);
  });
  it('the history is there at the next time, without what has a password', async () => {
    await type([
      ['cqlsh> ', `SELECT cluster_name FROM system.local;${enter}`],
      ['(1 rows)', ''],
      ['cqlsh> ', `LIST ROLES OF nobody WITH PASSWORD 'hunter2';${enter}`],
      ['cqlsh> ', controlD],
    ]);
    expect(readFileSync(join(folder, '.skerry', 'cqlsh_history'), 'utf8')).not.toContain('hunter2');
    const { shown } = await type([
      ['cqlsh> ', `${up}${enter}`],
      ['(1 rows)', ''],
      ['cqlsh> ', controlD],
    ]);
    expect(shown).toContain('SELECT cluster_name FROM system.local;');
    expect(shown).toContain(' Skerry');
  });
  it('a history that cannot be kept is no reason to fail', async () => {
    const home = join(folder, 'home-is-a-file');
    writeFileSync(home, '');
    const { code } = await type([['cqlsh> ', `EXIT${enter}`]], [], home);
    expect(code).toBe(0);
  });
});
