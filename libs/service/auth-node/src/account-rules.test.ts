import { beforeEach, describe, expect, test } from '@jest/globals';
import { auth } from '@skerry/proto';
import { reasonOf, startAuth, type AuthUnderTest } from './fixture.ts';

let node: AuthUnderTest;
beforeEach(async () => {
  node = await startAuth();
});
const add = (name: string, over: Partial<auth.User> = {}): Promise<unknown> =>
  node.handlers.addUser(
    { operationId: '', user: auth.User.fromPartial({ name, ...over }), password: 'pw' },
    node.context,
  ) as Promise<unknown>;
const addGroup = (name: string, over: Partial<auth.Group> = {}): Promise<unknown> =>
  node.handlers.addGroup(
    { operationId: '', group: auth.Group.fromPartial({ name, ...over }) },
    node.context,
  ) as Promise<unknown>;
const changeGroup = (name: string, over: Partial<auth.ChangeGroupRequest>): Promise<unknown> =>
  node.handlers.changeGroup(auth.ChangeGroupRequest.fromPartial({ name, ...over }), node.context) as Promise<unknown>;
const sealedGrant = async (user: string, clientAddress = '10.0.0.1'): Promise<Uint8Array> => {
  const { grant } = await node.handlers.login(
    { user, password: 'pw', clientAddress, tls: false, past: undefined },
    node.context,
  );
  return grant as Uint8Array;
};
const renewed = async (grant: Uint8Array): Promise<auth.Grant> =>
  node.open((await node.handlers.renewGrant({ grant }, node.context)).grant as Uint8Array);

describe('groups', () => {
  test('a grant carries what the groups give, and what the user has of its own', async () => {
    await addGroup('staff', {
      home: '/home/%u',
      quotaBytes: 9,
      rateUpBytesPerSecond: 1,
      sessionsMax: 4,
      rules: [{ path: '/', allow: [], deny: [auth.Right.DELETE] }],
    });
    await add('ann', { groups: ['staff'], sessionsMax: 7, rateDownBytesPerSecond: 2 });
    expect(await node.logIn('ann', 'pw')).toMatchObject({
      home: '/home/ann',
      quotaBytes: 9,
      rateUpBytesPerSecond: 1,
      rateDownBytesPerSecond: 2,
      sessionsMax: 7,
      rules: [{ path: '/', deny: [auth.Right.DELETE] }],
    });
    expect(await node.handlers.showUser({ name: 'ann' }, node.context)).toMatchObject({
      user: { home: '', quotaBytes: undefined },
      effective: { home: '/home/ann', quotaBytes: 9 },
    });
  });
  test('a change of a group acts on open sessions with their next grant', async () => {
    await addGroup('staff', { quotaBytes: 9 });
    await add('ann', { groups: ['staff'] });
    const grant = await sealedGrant('ann');
    await changeGroup('staff', { quotaBytes: 3, sessionsMax: 1 });
    expect(await renewed(grant)).toMatchObject({ quotaBytes: 3, sessionsMax: 1 });
    await changeGroup('staff', { quotaBytes: 0 });
    expect((await renewed(grant)).quotaBytes).toBeUndefined();
  });
  test('one with users in it stays, and says who', async () => {
    await addGroup('staff');
    await add('ann', { groups: ['staff'] });
    expect(await reasonOf(node.handlers.removeGroup({ operationId: '', name: 'staff' }, node.context))).toBe(
      'group_in_use',
    );
    expect(await node.handlers.listGroups({}, node.context)).toMatchObject({ groups: [{ name: 'staff' }] });
  });
});

describe('expiry', () => {
  test('an expired account cannot log in, and its session ends when it expires', async () => {
    const now = node.clock.wallMs();
    await add('ann', { expiresAtMs: now + 2_000 });
    const grant = await sealedGrant('ann');
    expect(node.open(grant).expiresAtMs).toBe(now + 2_000);
    node.clock.pass(3_000);
    expect(await reasonOf(renewed(grant))).toBe('account_disabled');
    expect(await reasonOf(node.logIn('ann', 'pw'))).toBe('account_disabled');
    expect(await reasonOf(node.logIn('ann', 'wrong'))).toBe('credentials');
  });
  test('a later expiry lets in again', async () => {
    await add('ann', { expiresAtMs: 1 });
    expect(await reasonOf(node.logIn('ann', 'pw'))).toBe('account_disabled');
    const change = auth.ChangeUserRequest.fromPartial({ name: 'ann', expiresAtMs: 0 });
    await node.handlers.changeUser(change, node.context);
    expect((await node.logIn('ann', 'pw')).user).toBe('ann');
  });
});

describe('networks', () => {
  const rows: readonly [rule: string, networks: string[], from: string, reason: string][] = [
    ['within one of them', ['192.0.2.0/24', '10.0.0.0/8'], '10.9.9.9', 'none'],
    ['outside of all', ['192.0.2.0/24'], '10.9.9.9', 'credentials'],
    ['an IPv4 client at an IPv6 door', ['10.0.0.0/8'], '::ffff:10.1.1.1', 'none'],
    ['none named: from everywhere', [], '203.0.113.1', 'none'],
  ];
  test.each(rows)('%s', async (_, networks, from, reason) => {
    await add('ann', { networks });
    expect(await reasonOf(node.logIn('ann', 'pw', from))).toBe(reason);
  });
  test('a refusal for the address is an event of its own', async () => {
    await add('ann', { networks: ['192.0.2.0/24'] });
    await reasonOf(node.logIn('ann', 'pw', '10.9.9.9'));
    expect(node.events).toContainEqual(
      expect.objectContaining({ event: 'login_refused', user: 'ann', address: '10.9.9.9', why: 'network' }),
    );
  });
});

describe('import', () => {
  const importing = (document: object): Promise<auth.ImportUsersResponse> =>
    node.handlers.importUsers(
      { operationId: '', json: JSON.stringify(document) },
      node.context,
    ) as Promise<auth.ImportUsersResponse>;

  test('groups and users go round: what was exported is what is there after an import elsewhere', async () => {
    await addGroup('staff', {
      home: '/home/%u',
      networks: ['10.0.0.0/8'],
      rules: [{ path: '/', allow: [], deny: [2] }],
    });
    await add('ann', { groups: ['staff'], expiresAtMs: 1_900_000_000_000, rateUpBytesPerSecond: 5, sessionsMax: 2 });
    const strip = (json: string | undefined): unknown =>
      JSON.parse((json ?? '').replaceAll(/"(created|changed)AtMs": \d+/g, '"$1AtMs": 0'));
    const before = (await node.handlers.exportUsers({}, node.context)).json;
    node = await startAuth();
    expect(await importing(JSON.parse(before ?? '') as object)).toEqual({
      added: 1,
      replaced: 1,
      groupsAdded: 1,
      groupsReplaced: 0,
    });
    expect(strip((await node.handlers.exportUsers({}, node.context)).json)).toEqual(strip(before));
    expect(await node.logIn('ann', 'pw')).toMatchObject({ home: '/home/ann', sessionsMax: 2 });
  });
  test('every bad row is named, and nothing is taken', async () => {
    const document = {
      format: 'skerry-users',
      version: 2,
      groups: [{ name: 'g', home: 'no/path' }],
      users: [{ name: 'a b' }, { name: 'ok' }, { name: 'c', networks: ['10.0.0.0/99'] }],
    };
    const refusal = await importing(document).then(
      () => '',
      (thrown: Error) => thrown.message,
    );
    expect(refusal).toMatch(/groups\[0\] \("g"\): Cannot take home of a group/);
    expect(refusal).toMatch(/users\[0\] \("a b"\)/);
    expect(refusal).toMatch(/users\[2\] \("c"\): Cannot read network/);
    expect(refusal).not.toMatch(/"ok"/);
    expect(await node.handlers.listUsers({}, node.context)).toMatchObject({ users: [{ name: 'admin' }] });
  });
  test.each(['$2y$10$abcdefghijklmnopqrstuv', '$6$salt$hash', '$argon2id$v=19$m=1$a$b'])(
    'a hash of another program is refused with its scheme and what to do: %s',
    async (passwordHash) => {
      const document = { format: 'skerry-users', version: 2, users: [{ name: 'ann', passwordHash }] };
      await expect(importing(document)).rejects.toThrow(
        new RegExp(`its scheme is "${passwordHash.split('$')[1]}".*skerry user passwd ann`),
      );
    },
  );
});
