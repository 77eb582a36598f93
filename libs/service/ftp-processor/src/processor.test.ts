import { describe, expect, test } from '@jest/globals';
import { concatBytes, utf8, type Reason } from '@skerry/kernel';
import { auth, data, processing } from '@skerry/proto';
import { eventually } from '@skerry/testing';
import fc from 'fast-check';
import { Cluster, lineId, sealer } from './cluster.fixture.ts';
import { operationIdOf } from './tickets.ts';

const { Operation, EntryKind } = data;
const file = { kind: EntryKind.FILE, size: 12 };
const ticketOf = ({ directives }: processing.ExecuteResponse): data.Ticket => {
  const transfer = directives.flatMap(({ kind }) => (kind?.$case === 'transfer' ? [kind.value] : []))[0];
  return data.Ticket.decode(sealer.open('ticket', transfer?.ticket ?? new Uint8Array()));
};
const linesOf = ({ directives }: processing.ExecuteResponse): readonly string[] =>
  directives.flatMap(({ kind }) => (kind?.$case === 'reply' ? kind.value.lines : []));

describe('login', () => {
  test('auth gets the client, the session the grant', async () => {
    const cluster = await Cluster.start();
    expect(await cluster.say('USER ada', 'PASS right')).toBe('230');
    expect(cluster.auth.logins).toMatchObject([
      { user: 'ada', password: 'right', clientAddress: '192.0.2.1', tls: true },
    ]);
    expect(auth.Grant.decode(sealer.open('grant', cluster.session.grant)).user).toBe('ada');
  });
  test('a home that is not there is made, with its parents', async () => {
    const cluster = await Cluster.start();
    await cluster.say('USER ada', 'PASS right');
    expect(cluster.data.taken.at(-1)).toMatchObject({
      operation: Operation.MAKE_DIRECTORY,
      path: '/home/ada',
      parents: true,
    });
  });
  test('a home that is there is left alone', async () => {
    const cluster = await Cluster.start();
    cluster.data.entries.set('/home/ada', { kind: EntryKind.DIRECTORY, size: 0 });
    await cluster.say('USER ada', 'PASS right');
    expect(cluster.data.taken.map(({ operation }) => operation)).toEqual([Operation.STAT]);
  });
  test('the home / needs no look', async () => {
    const cluster = await Cluster.start();
    cluster.auth.grant = { home: '/' };
    expect(await cluster.say('USER ada', 'PASS right')).toBe('230');
    expect(cluster.data.taken).toHaveLength(0);
  });
  test('a wrong password is 530', async () => {
    expect(await (await Cluster.start()).say('USER ada', 'PASS wrong')).toBe('530');
  });
  test('a home that cannot be made ends the connection, and the operator is told', async () => {
    const cluster = await Cluster.start();
    cluster.data.failing.set('data_1', 'not_a_directory');
    expect(await cluster.say('USER ada', 'PASS right')).toBe('421 closeControl');
    expect(cluster.events.map(({ event }) => event)).toContain('home_unusable');
    expect(cluster.session.grant).toHaveLength(0);
  });
  test.each(['no_node', 'connection_lost', 'deadline'] as const)('auth fails with %s: 421', async (reason) => {
    const cluster = await Cluster.start();
    cluster.auth.failing = reason;
    expect(await cluster.say('USER ada', 'PASS right')).toBe('421 closeControl');
  });
  test('TLS required', async () => {
    const cluster = await Cluster.start();
    const { LOGIN, DATA } = processing.TlsRequirement;
    cluster.session = { ...cluster.session, controlTls: false, tlsRequired: LOGIN };
    expect(await cluster.say('USER ada')).toBe('530');
    cluster.session = { ...cluster.session, controlTls: true, tlsRequired: DATA };
    expect(await cluster.say('USER ada', 'PASS right', 'RETR file')).toBe('521');
  });
});

describe('tickets', () => {
  test('STOR: path below the home, the line’s id, owner, quota, a minute to begin', async () => {
    const cluster = await Cluster.loggedIn({ quotaBytes: 1000, quotaFiles: 5 });
    await cluster.say('TYPE I', 'ALLO 77', 'REST 5');
    const ticket = ticketOf(await cluster.execute('STOR a b '));
    expect(ticket).toMatchObject({
      operationId: lineId,
      user: 'ada',
      group: 'staff',
      operation: Operation.STORE,
      path: '/home/ada/a b ',
      offset: 5,
      announcedLength: 77,
      quotaBytes: 1000,
      quotaFiles: 5,
    });
    const lifeMs = ticket.expiresAtMs - cluster.clock.wallMs();
    expect(lifeMs > 50_000 && lifeMs <= 60_000).toBe(true);
  });
  test.each([
    ['RETR x', { operation: Operation.RETRIEVE, path: '/home/ada/x' }],
    ['APPE x', { operation: Operation.APPEND, path: '/home/ada/x' }],
    ['STOU', { operation: Operation.STORE, path: '/home/ada', uniqueName: true }],
    ['LIST', { operation: Operation.LIST, path: '/home/ada' }],
    ['LIST /../../etc', { operation: Operation.LIST, path: '/home/ada/etc' }],
    ['LIST -R sub', { operation: Operation.LIST, path: '/home/ada/sub', hiddenPaths: [] }],
  ])('%s', async (line, fields) => {
    const cluster = await Cluster.loggedIn();
    expect(ticketOf(await cluster.execute(line))).toMatchObject(fields);
  });
  test('APPE after SIZE expects that length: of the stage, when there is one', async () => {
    const cluster = await Cluster.loggedIn();
    cluster.data.entries.set('/home/ada/x', file);
    cluster.data.stageLength = 4;
    await cluster.say('TYPE I', 'SIZE x');
    expect(ticketOf(await cluster.execute('APPE x')).expectedLength).toBe(4);
  });
  test('a checksum: a ticket to read from the first byte of its range, for the router to use', async () => {
    const cluster = await Cluster.loggedIn();
    await cluster.say('RANG 5 9');
    const { directives } = await cluster.execute('HASH x');
    const kind = directives[0]?.kind;
    const digest = kind?.$case === 'digest' ? kind.value : undefined;
    expect(digest).toMatchObject({ algorithm: 'SHA-256', length: 5, start: 5, name: 'x' });
    const ticket = data.Ticket.decode(sealer.open('ticket', digest?.ticket ?? new Uint8Array()));
    expect(ticket).toMatchObject({ operation: Operation.DIGEST, path: '/home/ada/x', offset: 5 });
  });
  test('no quota is no number', async () => {
    const cluster = await Cluster.loggedIn();
    expect(ticketOf(await cluster.execute('STOR x')).quotaBytes).toBeUndefined();
  });
});

describe('commands at the data node', () => {
  test.each([
    ['MKD new', '257', { operation: Operation.MAKE_DIRECTORY, path: '/home/ada/new', parents: false }],
    ['RMD old', '250', { operation: Operation.REMOVE_DIRECTORY, path: '/home/ada/old' }],
    ['SITE CHMOD 600 x', '200', { operation: Operation.SET_ATTRIBUTES, path: '/home/ada/x' }],
    ['MFMT 20200101000000 x', '213', { operation: Operation.SET_ATTRIBUTES, path: '/home/ada/x' }],
    ['CWD /', '250', { operation: Operation.STAT, path: '/home/ada' }],
    ['MFCT 20200101000000 x', '213', { operation: Operation.SET_ATTRIBUTES, path: '/home/ada/x' }],
    [
      'COMB "w" "p 1" "p2"',
      '250',
      { operation: Operation.COMBINE, path: '/home/ada/w', partPaths: ['/home/ada/p 1', '/home/ada/p2'] },
    ],
  ])('%s: %s', async (line, outcome, ticket) => {
    const cluster = await Cluster.loggedIn();
    expect(await cluster.say(line)).toBe(outcome);
    expect(cluster.data.taken).toMatchObject([ticket]);
  });
  test('RNFR and RNTO', async () => {
    const cluster = await Cluster.loggedIn();
    cluster.data.entries.set('/home/ada/x', file);
    expect(await cluster.say('RNFR x', 'RNTO y')).toBe('250');
    expect(cluster.data.taken.at(-1)).toMatchObject({
      operation: Operation.RENAME,
      path: '/home/ada/x',
      targetPath: '/home/ada/y',
    });
  });
  test('a line that is repeated has its effect once, and the same reply', async () => {
    const cluster = await Cluster.loggedIn();
    cluster.data.entries.set('/home/ada/x', file);
    const first = await cluster.execute('DELE x');
    expect(linesOf(first)).toEqual(['Removed.']);
    expect(await cluster.execute('DELE x')).toEqual(first);
    const later = await cluster.execute('DELE x', operationIdOf(lineId, 'home'));
    expect(linesOf(later)).toEqual(['No such file or directory.']);
  });
  test('SITE PASSWD: auth gets the grant and both passwords; the session is logged out', async () => {
    const cluster = await Cluster.loggedIn();
    expect(await cluster.say('SITE PASSWD wrong new')).toBe('550');
    expect(await cluster.say('SITE PASSWD right "new one"')).toBe('200');
    expect(cluster.auth.changes.at(-1)).toMatchObject({
      operationId: expect.stringMatching(/^[0-9a-f]{32}$/),
      oldPassword: 'right',
      newPassword: 'new one',
      clientAddress: '192.0.2.1',
    });
    expect(await cluster.say('PWD')).toBe('530');
  });
  test.each([
    [false, 'ada'],
    [true, ''],
  ])('SITE WHO of an administrator (%s) asks for the sessions of "%s"', async (administrator, user) => {
    const cluster = await Cluster.loggedIn({ administrator });
    const { directives } = await cluster.execute('SITE WHO');
    expect(directives.map(({ kind }) => kind)).toEqual([{ $case: 'who', value: { user } }]);
  });
  test('AVBL: what the quota leaves', async () => {
    const cluster = await Cluster.loggedIn({ quotaBytes: 99 });
    cluster.data.entries.set('/home/ada', { kind: EntryKind.DIRECTORY, size: 0 });
    expect(linesOf(await cluster.execute('AVBL'))).toEqual(['89']);
  });
  test('AVBL without a quota, at a node that knows no disk: 550', async () => {
    const cluster = await Cluster.loggedIn();
    cluster.data.entries.set('/home/ada', { kind: EntryKind.DIRECTORY, size: 0 });
    expect(await cluster.say('AVBL')).toBe('550');
  });
  test('SITE QUOTA', async () => {
    const cluster = await Cluster.loggedIn({ quotaBytes: 99 });
    expect(linesOf(await cluster.execute('SITE QUOTA'))).toContain(' 10 bytes of 99');
  });
  test('STAT of a directory: all its entries', async () => {
    const cluster = await Cluster.loggedIn();
    const lines = linesOf(await cluster.execute('STAT /'));
    expect(lines).toHaveLength(3 + 2);
    expect(lines.at(-1)).toBe('End.');
  });
  test('STAT of a large one: the first 1,000', async () => {
    const cluster = await Cluster.loggedIn();
    cluster.listCount = 2500;
    const lines = linesOf(await cluster.execute('STAT /'));
    expect(lines).toHaveLength(1000 + 2);
    expect(lines.at(-1)).toContain('the first 1000 only');
  });
});

test('no ticket leaves the home, for any bytes behind any verb', async () => {
  const verbs = 'CWD MKD RMD DELE RNFR RNTO SIZE MDTM MLST STAT RETR STOR APPE LIST NLST MLSD MFMT MFF HASH XCRC COMB';
  const word = fc.constantFrom(
    '..',
    '.',
    '/',
    '//',
    '/..',
    '"',
    '"/../"',
    '\\',
    '\0',
    '%2e%2e',
    'a',
    ' ',
    '~',
    '*',
    '-R',
  );
  const argument = fc.oneof(
    fc.uint8Array({ maxLength: 30 }),
    fc.array(word, { maxLength: 12 }).map((all) => utf8(all.join(''))),
  );
  const cluster = await Cluster.loggedIn();
  const tickets: data.Ticket[] = cluster.data.taken;
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...verbs.split(' ')), argument, async (verb, bytes) => {
      cluster.session = { ...cluster.session, workingDirectory: '/', renameFrom: '/x' };
      tickets.length = 0;
      const { directives } = await cluster.execute(concatBytes([utf8(`${verb} `), bytes]));
      const sealed = directives.flatMap(({ kind }) =>
        kind?.$case === 'transfer' || kind?.$case === 'digest' ? [kind.value.ticket] : [],
      );
      const all = [...tickets, ...sealed.map((each) => data.Ticket.decode(sealer.open('ticket', each)))];
      for (const { path, targetPath, partPaths } of all)
        for (const each of [path, ...partPaths, ...(targetPath === '' ? [] : [targetPath])]) {
          expect(each).toMatch(/^\/home\/ada(\/|$)/);
          expect(each.split('/')).not.toContain('..');
        }
    }),
    { numRuns: 1_000 },
  );
});

describe('rules', () => {
  const rules = [{ path: '/home/ada/locked', allow: [], deny: [1, 2, 3, 4, 5, 6] as auth.Right[] }];
  test.each([
    ['RETR locked/x', '550'],
    ['STOR locked/x', '550'],
    ['APPE locked/x', '550'],
    ['LIST locked', '550'],
    ['MLST locked', '550'],
    ['SIZE locked/x', '550'],
    ['MDTM locked/x', '550'],
    ['CWD locked', '550'],
    ['DELE locked/x', '550'],
    ['RMD locked/x', '550'],
    ['MKD locked/x', '550'],
    ['RNFR locked/x', '550'],
    ['MFMT 20200101000000 locked/x', '550'],
    ['SITE CHMOD 600 locked/x', '550'],
    ['STAT locked', '550'],
    ['HASH locked/x', '550'],
    ['XCRC "locked/x"', '550'],
    ['COMB locked/x y', '550'],
    ['COMB y locked/x', '550'],
    ['MFCT 20200101000000 locked/x', '550'],
    ['MFF modify=20200101000000; locked/x', '550'],
    ['AVBL locked', '550'],
    ['LIST -R locked', '550'],
    ['LIST -d locked', '550'],
    ['RETR locked2', 'transfer'],
  ])('%s: %s', async (line, outcome) => {
    const cluster = await Cluster.loggedIn({ rules });
    expect(await cluster.say('TYPE I', line)).toBe(outcome);
    expect(cluster.data.taken).toHaveLength(0);
  });
  test('a recursive listing passes over what may not be listed', async () => {
    const more = { path: '/home/ada/locked/open', allow: [auth.Right.LIST], deny: [] };
    const cluster = await Cluster.loggedIn({ rules: [...rules, more] });
    expect(ticketOf(await cluster.execute('LIST -R')).hiddenPaths).toEqual(['/home/ada/locked']);
  });
  test('perm shows them', async () => {
    const cluster = await Cluster.loggedIn({ rules: [{ path: '/home/ada', allow: [], deny: [auth.Right.WRITE] }] });
    cluster.data.entries.set('/home/ada/x', file);
    expect(linesOf(await cluster.execute('MLST x'))[1]).toContain('perm=dfr;');
  });
});

describe('deeds', () => {
  const { DeedKind } = processing;
  const deedsOf = async (cluster: Cluster, line: string): Promise<readonly Partial<processing.Deed>[]> =>
    (await cluster.execute(line)).deeds;
  test('what was changed is told with the paths that the user sees', async () => {
    const cluster = await Cluster.loggedIn({ home: '/home/ada' });
    cluster.data.entries.set('/home/ada/a', file);
    expect(await deedsOf(cluster, 'DELE a')).toMatchObject([{ kind: DeedKind.REMOVE_FILE, path: '/a' }]);
    expect(await deedsOf(cluster, 'MKD d')).toMatchObject([{ kind: DeedKind.MAKE_DIRECTORY, path: '/d' }]);
    cluster.data.entries.set('/home/ada/c', file);
    await cluster.say('RNFR c');
    expect((await deedsOf(cluster, 'RNTO b')).filter(({ kind }) => kind === DeedKind.RENAME)).toMatchObject([
      { path: '/c', targetPath: '/b' },
    ]);
  });
  test('what only looks tells nothing, and what failed for other reasons neither', async () => {
    const cluster = await Cluster.loggedIn();
    expect(await deedsOf(cluster, 'PWD')).toEqual([]);
    cluster.data.failing.set('data_1', 'directory_not_empty');
    expect(await deedsOf(cluster, 'RMD d')).toEqual([]);
  });
  test('what the rules deny is told', async () => {
    const cluster = await Cluster.loggedIn({ rules: [{ path: '/', allow: [], deny: [auth.Right.DELETE] }] });
    expect(await deedsOf(cluster, 'DELE a')).toMatchObject([
      { kind: DeedKind.DENIED, path: '/a', detail: 'removeFile' },
    ]);
  });
  test('a login, and one that was refused', async () => {
    const cluster = await Cluster.start();
    await cluster.say('USER ada');
    expect(await deedsOf(cluster, 'PASS wrong')).toMatchObject([
      { kind: DeedKind.LOGIN_FAILED, user: 'ada', detail: 'credentials' },
    ]);
    await cluster.say('USER ada');
    expect(await deedsOf(cluster, 'PASS right')).toMatchObject([{ kind: DeedKind.LOGIN, user: 'ada' }]);
  });
});

test('what the routers know of failed logins goes to auth with the password', async () => {
  const cluster = await Cluster.start();
  cluster.loginPast = auth.LoginPast.fromPartial({ pair: { count: 3, sinceMs: 7 } });
  await cluster.say('USER ada', 'PASS wrong');
  expect(cluster.auth.logins.at(-1)?.past).toEqual(cluster.loginPast);
});
test.each(['credentials', 'too_many_failures'] as const)('%s is the same to the client', async (reason) => {
  const cluster = await Cluster.start();
  cluster.auth.failing = reason;
  await cluster.say('USER ada');
  const { directives, deeds } = await cluster.execute('PASS right');
  expect(directives).toMatchObject([{ kind: { value: { code: 530, lines: ['Login incorrect.'] } } }]);
  expect(deeds).toMatchObject([{ detail: reason }]);
});

describe('grants', () => {
  test('a fresh one is used as it is', async () => {
    const cluster = await Cluster.loggedIn();
    await cluster.say('MKD a', 'MKD b');
    expect(cluster.auth.renewals).toBe(0);
  });
  test('an expired one is renewed, and the session keeps the new one', async () => {
    const cluster = await Cluster.loggedIn();
    const old = cluster.session.grant;
    cluster.clock.offsetMs = 6_000;
    expect(await cluster.say('MKD a', 'MKD b')).toBe('257');
    expect(cluster.auth.renewals).toBe(1);
    expect(cluster.session.grant).not.toEqual(old);
  });
  test('a revoked one is renewed at once', async () => {
    const cluster = await Cluster.loggedIn();
    cluster.revocations.add(['f'.repeat(32)]);
    cluster.auth.failing = 'token_revoked';
    expect(await cluster.say('PWD')).toBe('257');
    expect(await cluster.say('MKD a')).toBe('421 closeControl');
  });
  test.each([
    ['token_revoked', '421 closeControl'],
    // Auth does not take this node's own token: the clocks are apart, and that passes.
    ['token_expired', '451'],
    ['token_invalid', '451'],
    ['account_disabled', '421 closeControl'],
    ['connection_lost', '451'],
  ] as const)('renewal fails with %s: %s', async (reason: Reason, outcome) => {
    const cluster = await Cluster.loggedIn();
    cluster.clock.offsetMs = 6_000;
    cluster.auth.failing = reason;
    expect(await cluster.say('MKD a')).toBe(outcome);
  });
  test('one that lasts too long, since our clock was put back, is renewed', async () => {
    const cluster = await Cluster.loggedIn();
    cluster.clock.offsetMs = -86_400_000;
    expect(await cluster.say('MKD a')).toBe('257');
    expect(cluster.auth.renewals).toBe(1);
    expect(await cluster.say('MKD b')).toBe('257');
    expect(cluster.auth.renewals).toBe(1);
  });
  test('a forged one ends the session', async () => {
    const cluster = await Cluster.loggedIn();
    cluster.session = { ...cluster.session, grant: cluster.session.grant.slice().fill(1, 0, 4) };
    expect(await cluster.say('MKD a')).toBe('421 closeControl');
    expect(cluster.data.taken).toHaveLength(0);
  });
  test('a line that logs out does not bring the grant back', async () => {
    const cluster = await Cluster.loggedIn();
    cluster.session = { ...cluster.session, controlTls: false };
    await cluster.say('REIN');
    expect(cluster.session.grant).toHaveLength(0);
  });
});

describe('data nodes that fail', () => {
  test('one of several: the other is asked, now and the next time', async () => {
    const cluster = await Cluster.loggedIn();
    cluster.data.failing.set('data_1', 'not_leader');
    expect(await cluster.say('MKD a')).toBe('257');
    cluster.data.failing.clear();
    expect(await cluster.say('MKD b')).toBe('257');
    expect(cluster.data.taken.map(({ node }) => node)).toEqual(['data_2', 'data_2']);
  });
  test('all: 451 after the deadline, and no sooner', async () => {
    const cluster = await Cluster.loggedIn();
    for (const node of ['data_1', 'data_2']) cluster.data.failing.set(node, 'not_leader');
    const startedMs = performance.now();
    expect(await cluster.say('MKD a')).toBe('451');
    expect(performance.now() - startedMs).toBeGreaterThan(390);
  });
  test('one that comes back in time', async () => {
    const cluster = await Cluster.loggedIn();
    for (const node of ['data_1', 'data_2']) cluster.data.failing.set(node, 'not_leader');
    const outcome = cluster.say('MKD a');
    await eventually(() => cluster.data.failures > 2);
    cluster.data.failing.clear();
    expect(await outcome).toBe('257');
  });
  test('none known: 451', async () => {
    const cluster = await Cluster.loggedIn();
    cluster.directory.records = [];
    expect(await cluster.say('MKD a')).toBe('451');
  });
  test('a failure that another node would repeat is answered at once', async () => {
    const cluster = await Cluster.loggedIn();
    cluster.data.failing.set('data_1', 'disk_full');
    expect(await cluster.say('MKD a')).toBe('452');
    expect(cluster.data.taken).toHaveLength(0);
  });
  test('a router that goes away ends the wait', async () => {
    const cluster = await Cluster.loggedIn();
    for (const node of ['data_1', 'data_2']) cluster.data.failing.set(node, 'not_leader');
    const gone = new AbortController();
    const line = cluster.execute('MKD a', lineId, gone.signal);
    gone.abort();
    await expect(line).rejects.toMatchObject({ reason: expect.stringMatching(/cancelled|not_leader/) });
  });
});

describe('the service', () => {
  test.each([
    ['no session', { session: undefined }],
    ['an operation id that is none', { operationId: 'x' }],
    ['a line longer than any framer gives', { line: new Uint8Array(9000) }],
  ])('refused: %s', async (_rule, fields) => {
    const cluster = await Cluster.loggedIn();
    const before = cluster.session;
    if ('session' in fields) cluster.session = undefined as unknown as processing.Session;
    const line = 'line' in fields ? 'A'.repeat(9000) : 'NOOP';
    await expect(cluster.execute(line, 'operationId' in fields ? 'x' : lineId)).rejects.toMatchObject({
      reason: 'malformed',
    });
    cluster.session = before;
    expect(await cluster.say('NOOP')).toBe('200');
  });
  test('labels come from a closed list', async () => {
    const cluster = await Cluster.loggedIn();
    await cluster.say('NOOP', 'NOWT', ' ', 'RETR x');
    expect(cluster.counts.slice(-4)).toEqual([
      '{"verb":"NOOP","reply":"200"}',
      '{"verb":"unknown","reply":"500"}',
      '{"verb":"malformed","reply":"500"}',
      '{"verb":"RETR","reply":"transfer"}',
    ]);
  });
  test('stop: takes nothing new, waits for what runs', async () => {
    const cluster = await Cluster.loggedIn();
    cluster.data.failing.set('data_1', 'not_leader').set('data_2', 'not_leader');
    const line = cluster.say('MKD a');
    expect(cluster.service?.load()).toBe(1);
    const stopped = cluster.service?.stop(5_000);
    await expect(cluster.execute('NOOP')).rejects.toMatchObject({ reason: 'shutting_down' });
    cluster.data.failing.clear();
    await stopped;
    expect(cluster.service?.load()).toBe(0);
    expect(await line).toBe('257');
  });
});
