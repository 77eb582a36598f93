import { beforeEach, describe, expect, test } from '@jest/globals';
import { auth } from '@skerry/proto';
import { createSealer } from '@skerry/runtime-security';
import { eventually } from '@skerry/testing';
import { lockFirstMs } from './guard.ts';
import { config, MemoryReplica, reasonOf, sealingKey, startAuth, type AuthUnderTest } from './fixture.ts';

let node: AuthUnderTest;
beforeEach(async () => {
  node = await startAuth();
});

const id = (n: number): string => n.toString(16).padStart(32, '0');
const user = (name: string, over: Partial<auth.User> = {}): auth.User => ({
  name,
  home: '/',
  groups: [],
  disabled: false,
  administrator: false,
  quotaBytes: undefined,
  quotaFiles: undefined,
  rules: [],
  networks: [],
  createdAtMs: 0,
  changedAtMs: 0,
  ...over,
});
const add = (name: string, password = 'pw', over: Partial<auth.User> = {}, operationId = ''): Promise<unknown> =>
  node.handlers.addUser({ operationId, user: user(name, over), password }, node.context);
const change = (name: string, over: Partial<auth.ChangeUserRequest>): Promise<unknown> =>
  node.handlers.changeUser(
    {
      operationId: '',
      name,
      password: undefined,
      disabled: undefined,
      administrator: undefined,
      home: undefined,
      quotaBytes: undefined,
      quotaFiles: undefined,
      groups: undefined,
      rules: undefined,
      networks: undefined,
      ...over,
    },
    node.context,
  );
const seal = (grant: auth.Grant): Uint8Array =>
  createSealer(sealingKey).seal('grant', auth.Grant.encode(grant).finish());
const renew = async (grant: auth.Grant): Promise<auth.Grant> =>
  node.open((await node.handlers.renewGrant({ grant: seal(grant) }, node.context)).grant as Uint8Array);
const list = async (): Promise<string[]> =>
  ((await node.handlers.listUsers({}, node.context)).users ?? []).map(({ name }) => name ?? '');

describe('the first administrator', () => {
  test('has the password that was given, and it is shown to nobody', async () => {
    expect(node.service.firstAdminPassword).toBeUndefined();
    expect(await node.logIn('admin', 'secret')).toMatchObject({ user: 'admin', administrator: true, home: '/' });
  });
  test('has a made-up password when none was given, which is handed to the host alone', async () => {
    node = await startAuth({ adminPassword: undefined });
    const password = node.service.firstAdminPassword ?? '';
    expect(password).toMatch(/^[\w-]{16}$/);
    expect((await node.logIn('admin', password)).user).toBe('admin');
    const said = JSON.stringify([node.events, node.service.status()]);
    expect(said.includes(password)).toBe(false);
  });
  test('is made only once', async () => {
    const again = await startAuth({ adminPassword: 'other' }, node.replica);
    expect(again.events.some(({ event }) => event === 'admin_password_ignored')).toBe(true);
    expect(again.service.notice?.onTerminal).toMatch(/^the admin password given is ignored: /);
    expect(await reasonOf(again.logIn('admin', 'other'))).toBe('credentials');
    expect((await again.logIn('admin', 'secret')).user).toBe('admin');
  });
  test('is made by the leader alone', async () => {
    const follower = new MemoryReplica(node.clock);
    follower.isLeader = false;
    const other = await startAuth({}, follower);
    expect(other.service.status()).toMatchObject({ users: 0 });
  });
});

describe('login', () => {
  test('a grant says what the user may do, for some seconds', async () => {
    const rules = [{ path: '/pub', allow: [auth.Right.READ], deny: [auth.Right.WRITE, auth.Right.DELETE] }];
    await add('ann', 'pw', { home: '/home/ann', groups: ['staff'], quotaBytes: 10, rules });
    const grant = await node.logIn('ann', 'pw');
    expect(grant).toMatchObject({
      user: 'ann',
      home: '/home/ann',
      groups: ['staff'],
      quotaBytes: 10,
      rules,
      administrator: false,
    });
    expect(grant.sessionId).toMatch(/^[0-9a-f]{32}$/);
    expect(grant.expiresAtMs - node.clock.wallMs()).toBeLessThan(config().grantLifeMs + 1);
    expect(grant.expiresAtMs).toBeGreaterThan(node.clock.wallMs());
  });
  const refused: readonly [rule: string, name: string, password: string][] = [
    ['a wrong password', 'admin', 'wrong'],
    ['an empty password', 'admin', ''],
    ['an endless password', 'admin', 'x'.repeat(100_000)],
    ['an unknown user', 'nobody', 'secret'],
    ['a name that cannot be', 'no/body\n', 'secret'],
    ['an endless name', 'x'.repeat(100_000), 'secret'],
    ['a name with another case', 'Admin', 'secret'],
  ];
  test.each(refused)('%s is refused with the same words', async (_, name, password) => {
    const message = 'Login failed: user or password is wrong';
    await expect(node.logIn(name, password)).rejects.toMatchObject({ reason: 'credentials', message });
  });
  test('an unknown user costs as many hashes as a wrong password', async () => {
    const before = node.workers.hashes;
    await reasonOf(node.logIn('nobody', 'x'));
    const unknown = node.workers.hashes - before;
    await reasonOf(node.logIn('admin', 'x'));
    expect(unknown).toBe(1);
    expect(node.workers.hashes - before - unknown).toBe(1);
  });
  test('a disabled user is told so, but only with the right password', async () => {
    await add('ann', 'pw', { disabled: true });
    expect(await reasonOf(node.logIn('ann', 'wrong'))).toBe('credentials');
    expect(await reasonOf(node.logIn('ann', 'pw'))).toBe('account_disabled');
  });
  test('passwords are in no event', async () => {
    await add('ann', 'my-password-1');
    await node.logIn('ann', 'my-password-1');
    await reasonOf(node.logIn('ann', 'my-password-2'));
    expect(node.events.map(({ event }) => event)).toContain('login_failed');
    expect(JSON.stringify(node.events).includes('my-password')).toBe(false);
  });
  test('a hundred sessions of one user cost one hash', async () => {
    const before = node.workers.hashes;
    const grants = await Promise.all(Array.from({ length: 100 }, () => node.logIn('admin', 'secret')));
    expect(node.workers.hashes - before).toBe(1);
    expect(new Set(grants.map(({ sessionId }) => sessionId)).size).toBe(100);
  });
  test('a new password counts at once, the old one no more', async () => {
    await node.logIn('admin', 'secret');
    await change('admin', { password: 'new' });
    expect(await reasonOf(node.logIn('admin', 'secret'))).toBe('credentials');
    expect((await node.logIn('admin', 'new')).user).toBe('admin');
  });
});

describe('guessing', () => {
  const guess = async (times: number, name = 'admin', address = '10.6.6.6'): Promise<void> => {
    for (let i = 0; i < times; i++) await reasonOf(node.logIn(name, `guess ${i}`, address));
  };
  test('gets slower', async () => {
    await guess(5);
    expect(node.clock.pauses.filter((ms) => ms > 100)).toHaveLength(2);
  });
  test('locks the user out there, also with the right password, for a while', async () => {
    await guess(10);
    const { hashes } = node.workers;
    expect(await reasonOf(node.logIn('admin', 'secret', '10.6.6.6'))).toBe('too_many_failures');
    expect(node.workers.hashes).toBe(hashes);
    expect(node.events.filter(({ locked }) => locked === true)).toHaveLength(1);
    node.clock.pass(lockFirstMs);
    expect((await node.logIn('admin', 'secret', '10.6.6.6')).user).toBe('admin');
  });
  test('hinders the user nowhere else', async () => {
    await guess(30);
    expect((await node.logIn('admin', 'secret', '10.0.0.2')).user).toBe('admin');
  });
  test('from many addresses locks the user, but not where it has logged in before', async () => {
    await node.logIn('admin', 'secret', '10.0.0.1');
    for (let i = 0; i < 60; i++) await guess(1, 'admin', `10.7.${i}.1`);
    expect(await reasonOf(node.logIn('admin', 'secret', '10.0.0.2'))).toBe('too_many_failures');
    expect((await node.logIn('admin', 'secret', '10.0.0.1')).user).toBe('admin');
  });
  test('is forgiven by an operator', async () => {
    await guess(10);
    expect(await node.handlers.unlock({ user: 'admin', clientAddress: '' }, node.context)).toEqual({ forgotten: 2 });
    expect((await node.logIn('admin', 'secret', '10.6.6.6')).user).toBe('admin');
    expect(node.events.find(({ event }) => event === 'login_unlocked')).toMatchObject({
      user: 'admin',
      by: 'operator',
    });
    expect(await reasonOf(node.handlers.unlock({ user: '', clientAddress: '' }, node.context))).toBe('malformed');
  });
  test('many at once get no further than one by one', async () => {
    await guess(3);
    const { hashes } = node.workers;
    const many = Array.from({ length: 50 }, (_, i) => reasonOf(node.logIn('admin', `many ${i}`)));
    expect(new Set(await Promise.all(many))).toEqual(new Set(['credentials', 'too_many_failures']));
    expect(node.workers.hashes - hashes).toBeLessThan(8);
  });
  test('of one user leaves others alone', async () => {
    await add('ann');
    await guess(20);
    expect((await node.logIn('ann', 'pw')).user).toBe('ann');
  });
});

describe('renewal', () => {
  test('keeps the session and its beginning, and brings what changed', async () => {
    await add('ann');
    const grant = await node.logIn('ann', 'pw');
    await change('ann', { home: '/new', quotaBytes: 5 });
    node.clock.pass(60_000);
    const renewed = await renew(grant);
    expect(renewed).toMatchObject({
      sessionId: grant.sessionId,
      issuedAtMs: grant.issuedAtMs,
      home: '/new',
      quotaBytes: 5,
    });
    expect(renewed.expiresAtMs).toBeGreaterThan(node.clock.wallMs());
  });
  const steps: readonly [rule: string, days: number][] = [
    ['a clock that steps years ahead', 1_000],
    ['a clock that steps years back', -1_000],
  ];
  test.each(steps)('%s makes no session older, and grants last as long as ever', async (_, days) => {
    await add('ann');
    const grant = await node.logIn('ann', 'pw');
    node.clock.step(days * 86_400_000);
    const renewed = await renew(grant);
    expect(renewed).toMatchObject({ sessionId: grant.sessionId, issuedAtMs: grant.issuedAtMs });
    expect(renewed.expiresAtMs - node.clock.wallMs()).toBeLessThanOrEqual(config().grantLifeMs);
    expect(renewed.expiresAtMs).toBeGreaterThan(node.clock.wallMs());
    node.clock.pass(config().sessionLifeMs + 1_000);
    expect(await reasonOf(renew(renewed))).toBe('token_revoked');
  });
  test('a session of another auth node, or of an earlier life, keeps its age', async () => {
    await add('ann');
    const grant = { ...(await node.logIn('ann', 'pw')), clockId: 'f'.repeat(32), beganSteadyMs: 0 };
    node.clock.pass(config().sessionLifeMs / 2);
    const renewed = await renew(grant);
    expect(renewed.clockId).not.toBe(grant.clockId);
    node.clock.pass(config().sessionLifeMs / 2 + 1_000);
    expect(await reasonOf(renew(renewed))).toBe('token_revoked');
    expect(await reasonOf(renew(grant))).toBe('token_revoked');
  });
  const voids: readonly [rule: string, act: (grant: auth.Grant) => Promise<unknown>, reason: string][] = [
    ['a disabled user', () => change('ann', { disabled: true }), 'account_disabled'],
    ['a new password', () => change('ann', { password: 'new' }), 'token_revoked'],
    ['a removed user', () => node.handlers.removeUser({ operationId: '', name: 'ann' }, node.context), 'token_revoked'],
    [
      'a removed user who was added again',
      async () => {
        await node.handlers.removeUser({ operationId: '', name: 'ann' }, node.context);
        await add('ann');
      },
      'token_revoked',
    ],
    [
      'the end of this session',
      ({ sessionId }) => node.handlers.revokeSessions({ user: 'ann', sessionId }, node.context),
      'token_revoked',
    ],
    [
      'the end of all sessions',
      () => node.handlers.revokeSessions({ user: 'ann', sessionId: '' }, node.context),
      'token_revoked',
    ],
    ['the end of its life', async () => node.clock.pass(config().sessionLifeMs + 1_000), 'token_revoked'],
  ];
  test.each(voids)('%s ends it', async (_, act, reason) => {
    await add('ann');
    const grant = await node.logIn('ann', 'pw');
    await renew(grant);
    await act(grant);
    expect(await reasonOf(renew(grant))).toBe(reason);
  });
  test('after the end of all sessions a new login is good, even in the same millisecond', async () => {
    await add('ann');
    await node.handlers.revokeSessions({ user: 'ann', sessionId: '' }, node.context);
    const grant = await node.logIn('ann', 'pw');
    expect((await renew(grant)).sessionId).toBe(grant.sessionId);
  });
  test('the end of one session leaves the others', async () => {
    const [a, b] = [await node.logIn('admin', 'secret'), await node.logIn('admin', 'secret')];
    await node.handlers.revokeSessions({ user: 'admin', sessionId: a.sessionId }, node.context);
    expect(await reasonOf(renew(a))).toBe('token_revoked');
    expect(await reasonOf(renew(b))).toBe('none');
  });
  test('what we did not seal is no grant', async () => {
    const forged = seal(await node.logIn('admin', 'secret')).slice();
    forged[40] = (forged[40] ?? 0) ^ 1;
    expect(await reasonOf(node.handlers.renewGrant({ grant: forged }, node.context))).toBe('token_invalid');
    const ticket = createSealer(sealingKey).seal('ticket', new Uint8Array(4));
    expect(await reasonOf(node.handlers.renewGrant({ grant: ticket }, node.context))).toBe('token_invalid');
  });
});

describe('discovery is told', () => {
  const acts: readonly [rule: string, act: () => Promise<unknown>][] = [
    [
      'which sessions an operator ended',
      () => node.handlers.revokeSessions({ user: 'ann', sessionId: '' }, node.context),
    ],
    ['of a disabled user', () => change('ann', { disabled: true })],
    ['of a new password', () => change('ann', { password: 'new' })],
    ['of a removed user', () => node.handlers.removeUser({ operationId: '', name: 'ann' }, node.context)],
  ];
  test.each(acts)('%s', async (_, act) => {
    await add('ann');
    const grants = [await node.logIn('ann', 'pw'), await node.logIn('ann', 'pw')];
    await node.logIn('admin', 'secret');
    await act();
    await eventually(() => node.revoked.length > 0);
    expect(node.revoked.toSorted()).toEqual(grants.map(({ sessionId }) => sessionId).toSorted());
  });
});

describe('accounts', () => {
  test('are listed in order, without hashes', async () => {
    await add('zoe');
    await add('bob');
    expect(await list()).toEqual(['admin', 'bob', 'zoe']);
    expect(JSON.stringify(await node.handlers.listUsers({}, node.context)).includes('scrypt')).toBe(false);
  });
  test('a repeated operation has effect once, and gives the same answer', async () => {
    await add('ann', 'pw', {}, id(1));
    await add('ann', 'pw', {}, id(1));
    expect(await reasonOf(add('ann', 'pw', {}, id(2)))).toBe('user_exists');
    expect(await reasonOf(add('bob', 'pw', {}, 'nonsense'))).toBe('malformed');
  });
  const refused: readonly [rule: string, act: () => Promise<unknown>, reason: string][] = [
    ['no user without a password', () => add('ann', ''), 'malformed'],
    ['no user with a bad name', () => add('a b'), 'malformed'],
    ['no user with a relative home', () => add('ann', 'pw', { home: 'x' }), 'path_invalid'],
    [
      'no rule without a right of ours',
      () => add('ann', 'pw', { rules: [{ path: '/', allow: [0], deny: [] }] }),
      'malformed',
    ],
    [
      'no user at all',
      () => node.handlers.addUser({ operationId: '', user: undefined, password: 'x' }, node.context),
      'malformed',
    ],
    ['no change of nobody', () => change('nobody', { home: '/' }), 'no_such_user'],
    [
      'no removal of nobody',
      () => node.handlers.removeUser({ operationId: '', name: 'x' }, node.context),
      'no_such_user',
    ],
    [
      'no end of a session that cannot be',
      () => node.handlers.revokeSessions({ user: 'admin', sessionId: 'x' }, node.context),
      'malformed',
    ],
  ];
  test.each(refused)('%s', async (_, act, reason) => {
    expect(await reasonOf(act())).toBe(reason);
    expect(await list()).toEqual(['admin']);
  });
  test('a quota of 0 in a change removes it', async () => {
    await add('ann', 'pw', { quotaBytes: 5, quotaFiles: 6 });
    await change('ann', { quotaBytes: 0 });
    expect(await node.logIn('ann', 'pw')).toMatchObject({ quotaBytes: undefined, quotaFiles: 6 });
  });
  test('only a leader changes anything, and says so', async () => {
    node.replica.isLeader = false;
    expect(await reasonOf(add('ann'))).toBe('not_leader');
    // Failed logins are counted where all of them go.
    expect(await reasonOf(node.logIn('admin', 'secret'))).toBe('not_leader');
    expect(await list()).toEqual(['admin']);
  });
});

describe('export and import', () => {
  const exported = async (): Promise<string> => (await node.handlers.exportUsers({}, node.context)).json ?? '';
  const imported = (json: string): Promise<auth.ImportUsersResponse> =>
    node.handlers.importUsers({ operationId: '', json }, node.context) as Promise<auth.ImportUsersResponse>;

  test('what one system exported another imports, passwords and all', async () => {
    await add('ann', 'pw', { home: '/a', groups: ['g'], quotaFiles: 3, rules: [{ path: '/', allow: [], deny: [2] }] });
    const json = await exported();
    expect(json.includes('pw"')).toBe(false);
    node = await startAuth({ adminPassword: 'other' });
    expect(await imported(json)).toMatchObject({ added: 1, replaced: 1 });
    expect(await node.logIn('ann', 'pw')).toMatchObject({ home: '/a', groups: ['g'], quotaFiles: 3 });
    expect((await node.logIn('admin', 'secret')).user).toBe('admin');
  });
  test('thousands of users come in as one', async () => {
    const users = Array.from({ length: 3_000 }, (_, i) => ({
      name: `u${String(i).padStart(4, '0')}`,
      groups: ['x'.repeat(60)],
    }));
    expect(await imported(JSON.stringify({ format: 'skerry-users', version: 1, users }))).toMatchObject({
      added: 3_000,
      replaced: 0,
    });
    expect(await list()).toHaveLength(3_001);
  });
  const bad: readonly [rule: string, json: string, message: RegExp][] = [
    ['no JSON', '{', /no JSON/],
    ['another shape', '{"format":"skerry-users","version":1,"users":{}}', /at users/],
    [
      'an unknown field',
      JSON.stringify({ format: 'skerry-users', version: 1, users: [{ name: 'a', shell: 'x' }] }),
      /users\.0/,
    ],
    ['a newer version', JSON.stringify({ format: 'skerry-users', version: 9, users: [] }), /version is 9/],
    [
      'a clear password instead of a hash',
      JSON.stringify({ format: 'skerry-users', version: 1, users: [{ name: 'a' }, { name: 'b', passwordHash: '$x' }] }),
      /users\[1\] \("b"\): passwordHash/,
    ],
  ];
  test.each(bad)('%s: nothing is taken', async (_, json, message) => {
    await expect(imported(json)).rejects.toThrow(message);
    expect(await list()).toEqual(['admin']);
  });
});
