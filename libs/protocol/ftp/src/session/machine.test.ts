/** Stories: what one line leaves behind for the next. */
import { describe, expect, test } from '@jest/globals';
import { fromUtf8, utf8, type Reason } from '@skerry/kernel';
import { processing } from '@skerry/proto';
import { Conversation, connected, loggedIn } from './conversation.fixture.ts';
import { SessionMachine } from './machine.ts';
import { commands } from './table.ts';

const image = (): Conversation => new Conversation(loggedIn({ type: processing.TransferType.IMAGE }));
const said = (client: Conversation, ...lines: readonly string[]): readonly string[] =>
  lines.map((line) => client.say(line));

describe('login', () => {
  test('USER and PASS', () => {
    const client = new Conversation(connected());
    expect(said(client, 'USER ada', 'PASS right', 'PWD')).toEqual(['331', '230', '257']);
    expect(client.session.phase).toBe(processing.Phase.LOGGED_IN);
    expect(fromUtf8(client.session.grant)).toBe('grant');
  });
  test('the password is taken as it stands', () => {
    const client = new Conversation(connected());
    said(client, 'USER ada', 'PASS  two words ');
    expect(client.calls).toEqual([{ kind: 'login', user: 'ada', password: ' two words ' }]);
  });
  test('a wrong password is 530, and PASS again needs USER', () => {
    expect(said(new Conversation(connected()), 'USER ada', 'PASS x', 'PASS right')).toEqual(['331', '530', '503']);
  });
  test('the fifth failure ends the connection', () => {
    const client = new Conversation(connected());
    const tries = Array.from({ length: 5 }, () => said(client, 'USER ada', 'PASS x')[1]);
    expect(tries).toEqual(['530', '530', '530', '530', '421 closeControl']);
  });
  test.each([
    ['no_node', '421 closeControl', 0],
    ['deadline', '421 closeControl', 0],
    ['too_many_sessions', '421 closeControl', 0],
    ['account_disabled', '530', 1],
  ] as const)('auth fails with %s', (reason: Reason, outcome, failures) => {
    const client = new Conversation(connected());
    client.failing = { kind: 'login', reason };
    expect(said(client, 'USER ada', 'PASS right')[1]).toBe(outcome);
    expect(client.session.failedLogins).toBe(failures);
  });
  test('another USER forgets the first login', () => {
    const client = new Conversation(loggedIn());
    expect(said(client, 'USER bob', 'PWD')).toEqual(['331', '530']);
    expect(client.session.grant).toHaveLength(0);
  });
  test('AUTH after login: log in again, under TLS', () => {
    const client = new Conversation(loggedIn({ workingDirectory: '/sub' }));
    expect(said(client, 'AUTH TLS', 'PWD')).toEqual(['234 startTls', '530']);
    expect(client.session).toMatchObject({ controlTls: true, workingDirectory: '/', user: '' });
  });
  test('REIN keeps what belongs to the connection', () => {
    const client = new Conversation(loggedIn({ failedLogins: 3, restartOffset: 9, clientName: 'lftp' }));
    client.say('REIN');
    expect(client.session).toMatchObject({ failedLogins: 3, restartOffset: 0, user: '', clientName: 'lftp' });
  });
  test('REIN forgets HOST, LANG, OPTS and EPSV ALL; AUTH keeps HOST (RFC 7151 §3.3)', () => {
    const fields = { virtualHost: 'a.example.org', hashAlgorithm: 'MD5', facts: ['size'], extendedPassiveOnly: true };
    const again = new Conversation(loggedIn(fields));
    again.say('REIN');
    expect(again.session).toMatchObject({ virtualHost: '', hashAlgorithm: '', facts: [], extendedPassiveOnly: false });
    const secured = new Conversation(connected({ virtualHost: 'a.example.org' }));
    secured.say('AUTH TLS');
    expect(secured.session.virtualHost).toBe('a.example.org');
  });
  test('AUTH SSL makes data connections private at once, AUTH TLS does not', () => {
    const [old, standard] = [new Conversation(connected()), new Conversation(connected())];
    expect([old.say('AUTH SSL'), standard.say('AUTH TLS')]).toEqual(['234 startTls', '234 startTls']);
    expect([old.session.dataTls, standard.session.dataTls]).toEqual([true, false]);
  });
  test('a session that an operator ended is told so, and closed', () => {
    const client = new Conversation(loggedIn());
    client.failing = { kind: 'stat', reason: 'token_revoked' };
    expect(client.say('CWD /sub')).toBe('421 closeControl');
  });
});

describe('REST', () => {
  const keeping = [
    'PASV',
    'EPSV',
    'PORT 127,0,0,1,200,1',
    'EPRT |1|127.0.0.1|51201|',
    'TYPE I',
    'PBSZ 0',
    'PROT C',
    'NOOP',
  ];
  test.each(keeping)('is kept by %s', (line) => {
    const client = image();
    said(client, 'REST 5', line, 'RETR notes.txt');
    expect(client.calls).toMatchObject([{ kind: 'prepare', offset: 5 }]);
  });
  test('is cleared by every other command', () => {
    const kept = new Set([...keeping.map((line) => line.split(' ')[0]), 'REST']);
    for (const verb of [...commands.keys(), 'NOWT', 'SMNT', ''].filter((each) => !kept.has(each))) {
      const client = image();
      said(client, 'RANG 5 9', `${verb} x`);
      expect(`${verb} ${client.session.restartOffset} ${client.session.rangeEnd}`).toBe(`${verb} 0 undefined`);
    }
  });
  test('counts for one transfer', () => {
    const client = image();
    said(client, 'REST 5', 'STOR new.txt', 'STOR new.txt');
    expect(client.calls).toMatchObject([{ operation: 'store', offset: 0 }]);
  });
  test('a line that is no UTF-8 clears it too', () => {
    const client = image();
    client.say('REST 5');
    client.say(Uint8Array.of(0x43, 0x57, 0x44, 0x20, 0xe9));
    expect(client.session.restartOffset).toBe(0);
  });
  test('not in ASCII: 554, nothing begins', () => {
    const client = new Conversation(loggedIn());
    expect(said(client, 'REST 5', 'RETR notes.txt')).toEqual(['350', '554']);
    expect(said(client, 'REST 5', 'STOR notes.txt')).toEqual(['350', '554']);
  });
  test('TYPE I may come after it', () => {
    expect(said(new Conversation(loggedIn()), 'REST 5', 'TYPE I', 'RETR notes.txt')).toEqual([
      '350',
      '200',
      'transfer',
    ]);
  });
});

describe('RNFR and RNTO', () => {
  test('rename, relative to the working directory', () => {
    const client = new Conversation(loggedIn());
    expect(said(client, 'CWD sub', 'RNFR deep.txt', 'RNTO ../up.txt')).toEqual(['250', '350', '250']);
    expect(client.calls).toEqual([{ kind: 'rename', path: '/sub/deep.txt', targetPath: '/up.txt' }]);
  });
  test.each(['NOOP', 'PWD', 'NOWT', 'RNFR nowhere', 'RNTO', ''])('"%s" between them cancels', (line) => {
    const client = new Conversation(loggedIn());
    said(client, 'RNFR notes.txt', line);
    expect(client.say('RNTO x')).toBe('503');
  });
  test('RNTO counts once', () => {
    expect(said(new Conversation(loggedIn()), 'RNFR notes.txt', 'RNTO x', 'RNTO y')).toEqual(['350', '250', '503']);
  });
});

describe('uploads', () => {
  test('SIZE means the stage that a cut left, and APPE goes on from it', () => {
    const client = image();
    client.say('SIZE cut.bin');
    expect(client.replyLines).toEqual(['40']);
    client.say('APPE cut.bin');
    expect(client.calls).toMatchObject([{ operation: 'append', path: '/cut.bin', expectedLength: 40 }]);
  });
  test('a stage without a version has a SIZE too', () => {
    const client = image();
    expect(client.say('SIZE new.bin')).toBe('213');
    expect(client.replyLines).toEqual(['7']);
  });
  test('MLST shows the version, not the stage', () => {
    const client = image();
    client.say('MLST cut.bin');
    expect(client.replyLines[1]).toContain('size=100;');
  });
  test('APPE without SIZE, or after the SIZE of another file, expects no length', () => {
    const client = image();
    said(client, 'SIZE notes.txt', 'APPE cut.bin');
    expect(client.calls[0]).toMatchObject({ path: '/cut.bin', expectedLength: undefined });
  });
  test('a length counts for one upload', () => {
    const client = image();
    said(client, 'SIZE cut.bin', 'APPE cut.bin', 'APPE cut.bin');
    expect(client.calls[0]).toMatchObject({ expectedLength: undefined });
  });
  test('a SIZE that failed is remembered as none', () => {
    const client = image();
    said(client, 'SIZE cut.bin', 'SIZE nowhere', 'APPE cut.bin');
    expect(client.calls[0]).toMatchObject({ expectedLength: undefined });
  });
  test('ALLO announces the length of the next STOR', () => {
    const client = image();
    said(client, 'ALLO 12', 'PASV', 'STOR a');
    expect(client.calls[0]).toMatchObject({ announcedLength: 12 });
    client.say('STOR b');
    expect(client.calls[0]).toMatchObject({ announcedLength: undefined });
  });
  test('ALLO says nothing about a file in ASCII', () => {
    const client = new Conversation(loggedIn());
    said(client, 'ALLO 12', 'STOR a');
    expect(client.calls[0]).toMatchObject({ announcedLength: undefined });
  });
  test('STOU: a ticket for the directory', () => {
    const client = new Conversation(loggedIn({ workingDirectory: '/sub' }));
    client.say('STOU');
    expect(client.calls[0]).toMatchObject({ operation: 'store', path: '/sub', uniqueName: true });
    expect(client.transfer?.uniqueName).toBe(true);
  });
  test('a refused ticket is answered, and nothing begins', () => {
    const client = image();
    client.failing = { kind: 'prepare', reason: 'access_denied' };
    expect(client.say('STOR a')).toBe('550');
  });
  test('names keep their blanks', () => {
    const client = image();
    client.say('STOR  a b  ');
    expect(client.transfer?.path).toBe('/ a b  ');
  });
});

describe('listings', () => {
  const planOf = (line: string, session = loggedIn()): Partial<processing.Transfer> => {
    const client = new Conversation(session);
    client.say(line);
    const { path, pattern, namePrefix, allNames, itself, order, reverse, recursive } = client.transfer ?? {};
    return { path, pattern, namePrefix, allNames, itself, order, reverse, recursive } as Partial<processing.Transfer>;
  };
  const plan = (path: string, rest: Partial<processing.Transfer> = {}): Partial<processing.Transfer> => ({
    path,
    pattern: '',
    namePrefix: '',
    allNames: false,
    itself: false,
    order: 0,
    reverse: false,
    recursive: false,
    ...rest,
  });
  test.each([
    ['LIST', plan('/')],
    ['LIST -la', plan('/', { allNames: true })],
    ['LIST -l -a sub', plan('/sub', { allNames: true })],
    ['LIST -l', plan('/')],
    ['LIST sub', plan('/sub')],
    ['LIST -', plan('/-')],
    ['LIST -- -la', plan('/-la')],
    ['LIST ./-la', plan('/-la')],
    ['LIST -la a b ', plan('/a b ', { allNames: true })],
    ['LIST -d', plan('/', { itself: true, namePrefix: '.' })],
    ['LIST -ld sub', plan('/sub', { itself: true, namePrefix: 'sub' })],
    ['LIST -t', plan('/', { order: 1 })],
    ['LIST -ltr sub', plan('/sub', { order: 1, reverse: true })],
    ['LIST -S -t', plan('/', { order: 1 })],
    ['LIST -tS', plan('/', { order: 2 })],
    ['LIST -laR sub', plan('/sub', { allNames: true, recursive: true })],
    ['LIST -R s*', plan('/', { pattern: 's*' })],
    ['LIST -d s*', plan('/', { pattern: 's*' })],
    ['NLST -R', plan('/')],
    ['NLST -t', plan('/', { order: 1 })],
    ['LIST *.txt', plan('/', { pattern: '*.txt' })],
    ['LIST sub/d*', plan('/sub', { pattern: 'd*', namePrefix: 'sub/' })],
    ['LIST [x]', plan('/[x]')],
    ['NLST', plan('/')],
    ['NLST *', plan('/', { pattern: '*' })],
    ['NLST sub', plan('/sub', { namePrefix: 'sub/' })],
    ['NLST sub/', plan('/sub', { namePrefix: 'sub/' })],
    ['NLST .', plan('/')],
    ['NLST sub/deep.txt', plan('/sub/deep.txt', { namePrefix: 'sub/' })],
    ['NLST /sub/d*', plan('/sub', { pattern: 'd*', namePrefix: '/sub/' })],
  ])('%s', (line, wanted) => {
    expect(planOf(line)).toEqual(wanted);
  });
  test('MLSD carries the chosen facts and the rights', () => {
    const client = new Conversation(loggedIn());
    said(client, 'OPTS MLST size;UNIX.mode;colour;', 'MLSD');
    expect(client.transfer?.facts).toEqual(['size', 'unix.mode']);
    expect(client.transfer?.rights).toContain('read');
  });
  test('OPTS MLST answers with the facts that it took; FEAT marks them', () => {
    const client = new Conversation(loggedIn());
    client.say('OPTS MLST size;modify;colour');
    expect(client.replyLines).toEqual(['MLST OPTS size;modify;']);
    client.say('FEAT');
    const line = client.replyLines.find((each) => each.startsWith(' MLST'));
    expect(line).toMatch(/ type;size\*;modify\*;create;/);
  });
  test('OPTS MLST with nothing: no facts', () => {
    const client = new Conversation(loggedIn());
    said(client, 'OPTS MLST', 'MLST notes.txt');
    // One blank begins the line, the other belongs to the entry (RFC 3659 §7.2).
    expect(client.replyLines[1]).toBe('  /notes.txt');
  });
  test.each(['type ;size;', 'type; size;', ';', 'type;;size;'])('OPTS MLST %s is no list of facts', (choice) => {
    const client = new Conversation(loggedIn());
    expect(client.say(`OPTS MLST ${choice}`)).toBe('501');
    client.say('MLST notes.txt');
    expect(client.replyLines[1]).toContain('modify=');
  });
});

describe('replies', () => {
  test('PWD doubles quotes', () => {
    const client = new Conversation(loggedIn());
    said(client, 'CWD a"b', 'PWD');
    expect(client.replyLines[0]).toMatch(/^"\/a""b" /);
  });
  test('MLST: one blank, facts, one blank, the whole path', () => {
    const client = new Conversation(loggedIn({ workingDirectory: '/sub' }));
    client.say('MLST deep.txt');
    expect(client.replyLines[1]).toMatch(/^ type=file;size=3;\S* \/sub\/deep\.txt$/);
  });
  test('STAT of a directory lists it', () => {
    const client = new Conversation(loggedIn());
    client.say('STAT /');
    expect(client.replyLines.some((line) => /^-rw.* notes\.txt$/.test(line))).toBe(true);
  });
  test('MFMT repeats time and path', () => {
    const client = new Conversation(loggedIn());
    client.say('MFMT 20200101000000 notes.txt');
    expect(client.replyLines).toEqual(['Modify=20200101000000; notes.txt']);
  });
  test('EPSV names the one family that it has', () => {
    const client = new Conversation(loggedIn());
    client.say('EPSV 2');
    expect(client.replyLines[0]).toContain('(1)');
  });
});

test('EPSV ALL bars PORT, PASV and EPRT, and not EPSV', () => {
  const lines = ['EPSV ALL', 'PASV', 'PORT 127,0,0,1,200,1', 'EPRT |1|127.0.0.1|51201|', 'EPSV'];
  expect(said(new Conversation(loggedIn()), ...lines)).toEqual(['200', '503', '503', '503', 'openPassive']);
});

test('PASV on a connection over IPv6 is 425, EPSV works', () => {
  const client = new Conversation(loggedIn({ clientHost: '::1', serverHost: '::1' }));
  expect(said(client, 'PASV', 'EPSV', 'EPSV 2', 'EPRT |2|::1|51201|')).toEqual([
    '425',
    'openPassive',
    'openPassive',
    'connectActive 200',
  ]);
});

test('RMD of a directory in use, and other failures, tell why', () => {
  const client = new Conversation(loggedIn());
  client.say('RMD sub');
  expect(client.replyLines).toEqual(['The directory is not empty.']);
});

test('an answer without a call is our bug', () => {
  const machine = new SessionMachine(loggedIn(), { nowMs: 0 });
  expect(() => machine.step({ kind: 'answer', answer: { kind: 'failed', reason: 'quota' } })).toThrow('without a call');
});

test('a line before the last one is done is our bug', () => {
  const machine = new SessionMachine(loggedIn(), { nowMs: 0 });
  machine.step({ kind: 'command', line: utf8('CWD sub') });
  expect(() => machine.step({ kind: 'command', line: utf8('NOOP') })).toThrow('before the last one was done');
});
