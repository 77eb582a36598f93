import { beforeEach, describe, expect, test } from '@jest/globals';
import { Epoch, LogIndex, MemoryStore, OperationId, Term } from '@skerry/kernel';
import fc from 'fast-check';
import { decodeOutcome, encodeCommand, type Command, type Outcome } from './command.ts';
import { countUsers, findUser, isSessionRevoked, listUsers, stagedImportLifeMs, UsersMachine } from './machine.ts';
import { tombstoneLifeMs } from './state.ts';
import { checkUser, type UserChange, type UserFields } from './user.ts';

const epoch = Epoch('0123456789abcdef0123456789abcdef');
const user = (name: string, over: Partial<UserFields> = {}): UserFields => ({
  name,
  passwordHash: '$scrypt$x$y',
  home: '/',
  groups: [],
  disabled: false,
  administrator: false,
  quotaBytes: undefined,
  quotaFiles: undefined,
  rules: [],
  networks: [],
  ...over,
});

class Users {
  readonly store = new MemoryStore();
  readonly #machine = new UsersMachine();
  #index = 0;
  constructor() {
    this.store.transaction((state) => this.#machine.initialise(state));
  }
  apply(command: Command, wallMs = 1_000): Outcome {
    this.#index += 1;
    const entry = {
      epoch,
      term: Term(1),
      index: LogIndex(this.#index),
      operationId: OperationId(this.#index.toString(16).padStart(32, '0')),
      time: { wallMs, counter: 0 },
      command: encodeCommand(command),
    };
    return decodeOutcome(this.store.transaction((state) => this.#machine.apply(entry, state)).result);
  }
  names(): string[] {
    return [...listUsers(this.store)].map((record) => record.user.name);
  }
  import(users: readonly UserFields[], partSize = 2): Outcome {
    let part = 0;
    for (let at = 0; at < users.length; at += partSize) {
      const staged = this.apply({ kind: 'stage-import', importId: 'i', part, users: users.slice(at, at + partSize) });
      if (staged.kind === 'failed') return staged;
      part += 1;
    }
    return this.apply({ kind: 'commit-import', importId: 'i', partCount: part });
  }
}

let users: Users;
beforeEach(() => {
  users = new Users();
});
const done = { kind: 'done' };
const failed = (reason: string): object => ({ kind: 'failed', reason });

describe('add', () => {
  test('a user is there with the log’s time and sorted groups', () => {
    expect(users.apply({ kind: 'add', user: user('ann', { groups: ['b', 'a', 'b'] }) }, 77)).toEqual(done);
    expect(findUser(users.store, 'ann')?.user).toEqual({
      ...user('ann', { groups: ['a', 'b'] }),
      createdAtMs: 77,
      changedAtMs: 77,
    });
  });
  test('a name in use is refused and the user stays', () => {
    users.apply({ kind: 'add', user: user('ann') });
    expect(users.apply({ kind: 'add', user: user('ann', { home: '/x' }) })).toMatchObject(failed('user_exists'));
    expect(findUser(users.store, 'ann')?.user.home).toBe('/');
    expect(countUsers(users.store)).toBe(1);
  });
  test('users are listed in order of names', () => {
    for (const name of ['c', 'a', 'b@x', 'B']) users.apply({ kind: 'add', user: user(name) });
    expect(users.names()).toEqual(['B', 'a', 'b@x', 'c']);
  });
  const bad: readonly [rule: string, fields: UserFields, reason: string][] = [
    ['a name is not empty', user(''), 'malformed'],
    ['a name has no slash', user('a/b'), 'malformed'],
    ['a name has at most 64 characters', user('a'.repeat(65)), 'malformed'],
    ['a name has no line break at its end', user('a\n'), 'malformed'],
    ['a home is absolute', user('a', { home: 'x' }), 'path_invalid'],
    ['a home has no dots', user('a', { home: '/x/../y' }), 'path_invalid'],
    ['a home has no trailing slash', user('a', { home: '/x/' }), 'path_invalid'],
    ['a home has no NUL', user('a', { home: '/x\0' }), 'path_invalid'],
    ['a home fits the file tree', user('a', { home: `/${'x'.repeat(256)}` }), 'path_invalid'],
    ['a hash is no clear password', user('a', { passwordHash: 'secret' }), 'malformed'],
    ['a group is a name', user('a', { groups: ['x y'] }), 'malformed'],
    ['groups have a limit', user('a', { groups: Array.from({ length: 65 }, (_, i) => `g${i}`) }), 'too_large'],
    [
      'rules have a limit',
      user('a', { rules: Array.from({ length: 257 }, () => ({ path: '/', allow: [], deny: [] })) }),
      'too_large',
    ],
    ['a rule has a path', user('a', { rules: [{ path: 'x', allow: [], deny: [] }] }), 'path_invalid'],
  ];
  test.each(bad)('%s', (_, fields, reason) => {
    expect(users.apply({ kind: 'add', user: fields })).toMatchObject(failed(reason));
    expect(users.names()).toEqual([]);
  });
  test('a home is Unicode text: half a character pair is refused before it gets into the log', () => {
    expect(() => checkUser(user('a', { home: '/\ud800' }))).toThrow('Unicode');
    expect(checkUser(user('a', { home: '/\ud83d\ude00' }))).toBeUndefined();
  });
  test('a refused hash is not told in the message', () => {
    const outcome = users.apply({ kind: 'add', user: user('a', { passwordHash: 'secret' }) });
    expect(JSON.stringify(outcome).includes('secret')).toBe(false);
  });
});

describe('change', () => {
  beforeEach(() => {
    users.apply({ kind: 'add', user: user('ann', { quotaBytes: 5, quotaFiles: 6 }) }, 10);
  });
  const rows: readonly [rule: string, change: UserChange, result: Partial<UserFields>][] = [
    ['nothing asked, nothing changed', {}, {}],
    ['a home', { home: '/h' }, { home: '/h' }],
    ['disabled', { disabled: true }, { disabled: true }],
    ['groups are replaced', { groups: ['z', 'y'] }, { groups: ['y', 'z'] }],
    ['a quota of 0 is a quota', { quotaBytes: 0 }, { quotaBytes: 0 }],
    ['null removes a quota', { quotaFiles: null }, { quotaFiles: undefined }],
    [
      'rules are replaced',
      { rules: [{ path: '/p', allow: ['read'], deny: [] }] },
      { rules: [{ path: '/p', allow: ['read'], deny: [] }] },
    ],
  ];
  test.each(rows)('%s', (_, change, result) => {
    expect(users.apply({ kind: 'change', name: 'ann', change }, 20)).toEqual(done);
    const expected = { ...user('ann', { quotaBytes: 5, quotaFiles: 6 }), ...result, createdAtMs: 10, changedAtMs: 20 };
    expect(findUser(users.store, 'ann')?.user).toEqual(expected);
  });
  test('only the written field groups get a new stamp, which covers the old', () => {
    users.apply({ kind: 'change', name: 'ann', change: { home: '/h' } }, 20);
    const stamps = findUser(users.store, 'ann')?.stamps;
    expect(stamps?.home).toEqual({ time: { wallMs: 20, counter: 0 }, vector: new Map([[epoch, 2]]) });
    expect(stamps?.quota).toEqual({ time: { wallMs: 10, counter: 0 }, vector: new Map([[epoch, 1]]) });
  });
  test('a new password voids the sessions before it; a new home does not', () => {
    users.apply({ kind: 'change', name: 'ann', change: { home: '/h' } }, 20);
    expect(findUser(users.store, 'ann')?.sessionsVoidUntilMs).toBe(10);
    users.apply({ kind: 'change', name: 'ann', change: { passwordHash: '$new' } }, 30);
    expect(findUser(users.store, 'ann')?.sessionsVoidUntilMs).toBe(30);
  });
  test('a bad change changes nothing', () => {
    const change = { disabled: true, home: 'bad' };
    expect(users.apply({ kind: 'change', name: 'ann', change })).toMatchObject(failed('path_invalid'));
    expect(findUser(users.store, 'ann')?.user.disabled).toBe(false);
  });
  test('nobody of that name', () => {
    expect(users.apply({ kind: 'change', name: 'bob', change: {} })).toMatchObject(failed('no_such_user'));
  });
});

describe('remove', () => {
  test('a removed user is gone, and a second removal says so', () => {
    users.apply({ kind: 'add', user: user('ann') });
    expect(users.apply({ kind: 'remove', name: 'ann' })).toEqual(done);
    expect(users.apply({ kind: 'remove', name: 'ann' })).toMatchObject(failed('no_such_user'));
    expect(countUsers(users.store)).toBe(0);
  });
  test('who is added again comes after the removed one', () => {
    users.apply({ kind: 'add', user: user('ann') }, 1);
    users.apply({ kind: 'remove', name: 'ann' }, 2);
    users.apply({ kind: 'add', user: user('ann') }, 3);
    const record = findUser(users.store, 'ann');
    expect(record?.stamps.state.vector).toEqual(new Map([[epoch, 3]]));
    expect(record?.sessionsVoidUntilMs).toBe(3);
  });
  test('who is removed and added again within a millisecond has no session of before', () => {
    users.apply({ kind: 'add', user: user('ann') }, 1);
    const { sessionsVoidUntilMs = 0 } = findUser(users.store, 'ann') ?? {};
    // The auth node begins a session a millisecond after what voided those before.
    const begunAtMs = sessionsVoidUntilMs + 1;
    users.apply({ kind: 'remove', name: 'ann' }, sessionsVoidUntilMs);
    users.apply({ kind: 'add', user: user('ann') }, sessionsVoidUntilMs);
    expect(findUser(users.store, 'ann')?.sessionsVoidUntilMs).toBeGreaterThanOrEqual(begunAtMs);
  });
  test('tombstones are forgotten in the end', () => {
    const size = (): number => [...users.store.range({ from: new Uint8Array(0) })].length;
    const empty = size();
    users.apply({ kind: 'add', user: user('ann') }, 1);
    users.apply({ kind: 'remove', name: 'ann' }, 2);
    expect(size()).toBeGreaterThan(empty);
    users.apply({ kind: 'remove', name: 'nobody' }, tombstoneLifeMs + 10);
    expect(size()).toBe(empty);
  });
});

describe('import', () => {
  test('adds the new and replaces the known', () => {
    users.apply({ kind: 'add', user: user('ann') }, 5);
    expect(users.import([user('ann', { home: '/a' }), user('bob'), user('eve')])).toMatchObject({
      kind: 'imported',
      added: 2,
      replaced: 1,
    });
    expect(users.names()).toEqual(['ann', 'bob', 'eve']);
    expect(findUser(users.store, 'ann')?.user).toMatchObject({ home: '/a', createdAtMs: 5, changedAtMs: 1_000 });
    expect(countUsers(users.store)).toBe(3);
  });
  test('a bad record in a late part: nothing is taken', () => {
    expect(users.import([user('a'), user('b'), user('bad name')])).toMatchObject(failed('malformed'));
    expect(users.names()).toEqual([]);
  });
  test('a name twice: nothing is taken', () => {
    expect(users.import([user('a'), user('b'), user('a')])).toMatchObject(failed('malformed'));
    expect(users.names()).toEqual([]);
  });
  test('a part that is missing: nothing is taken', () => {
    users.apply({ kind: 'stage-import', importId: 'i', part: 0, users: [user('a')] });
    const commit = { kind: 'commit-import', importId: 'i', partCount: 2 } as const;
    expect(users.apply(commit)).toMatchObject(failed('version_conflict'));
    expect(users.names()).toEqual([]);
  });
  test('stages that nobody commits are dropped', () => {
    users.apply({ kind: 'stage-import', importId: 'i', part: 0, users: [user('a')] }, 1);
    const commit = { kind: 'commit-import', importId: 'i', partCount: 1 } as const;
    expect(users.apply(commit, stagedImportLifeMs + 10)).toMatchObject(failed('version_conflict'));
  });
});

describe('revoke', () => {
  const session = { id: 's1', expiresAtMs: 500 };
  test('a session is revoked until it would have expired', () => {
    expect(users.apply({ kind: 'revoke', name: 'ann', session }, 100)).toEqual(done);
    expect(isSessionRevoked(users.store, 's1')).toBe(true);
    expect(isSessionRevoked(users.store, 's2')).toBe(false);
    users.apply({ kind: 'remove', name: 'nobody' }, 501);
    expect(isSessionRevoked(users.store, 's1')).toBe(false);
  });
  test('all sessions of a user until now', () => {
    users.apply({ kind: 'add', user: user('ann') }, 1);
    expect(users.apply({ kind: 'revoke', name: 'ann', session: undefined }, 9)).toEqual(done);
    expect(findUser(users.store, 'ann')?.sessionsVoidUntilMs).toBe(9);
  });
  test('all sessions of nobody', () => {
    expect(users.apply({ kind: 'revoke', name: 'ann', session: undefined })).toMatchObject(failed('no_such_user'));
  });
});

test('agrees with a plain map over any history', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'd');
  const step = fc.oneof(
    fc.record({ kind: fc.constant('add' as const), name, home: fc.constantFrom('/', '/x') }),
    fc.record({ kind: fc.constant('change' as const), name, home: fc.constantFrom('/', '/y') }),
    fc.record({ kind: fc.constant('remove' as const), name }),
    fc.record({ kind: fc.constant('import' as const), names: fc.uniqueArray(name, { minLength: 1 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const real = new Users();
      const model = new Map<string, string>();
      for (const each of steps) {
        if (each.kind === 'add') {
          const outcome = real.apply({ kind: 'add', user: user(each.name, { home: each.home }) });
          expect(outcome.kind).toBe(model.has(each.name) ? 'failed' : 'done');
          if (!model.has(each.name)) model.set(each.name, each.home);
        } else if (each.kind === 'change') {
          const outcome = real.apply({ kind: 'change', name: each.name, change: { home: each.home } });
          expect(outcome.kind).toBe(model.has(each.name) ? 'done' : 'failed');
          if (model.has(each.name)) model.set(each.name, each.home);
        } else if (each.kind === 'remove') {
          expect(real.apply({ kind: 'remove', name: each.name }).kind).toBe(
            model.delete(each.name) ? 'done' : 'failed',
          );
        } else {
          const added = each.names.filter((one) => !model.has(one)).length;
          const outcome = real.import(each.names.map((one) => user(one, { home: '/i' })));
          expect(outcome).toMatchObject({ kind: 'imported', added, replaced: each.names.length - added });
          for (const one of each.names) model.set(one, '/i');
        }
      }
      const state = [...listUsers(real.store)].map((record) => [record.user.name, record.user.home]);
      expect(state).toEqual([...model].toSorted(([a], [b]) => (a < b ? -1 : 1)));
      expect(countUsers(real.store)).toBe(model.size);
    }),
  );
});
