import { beforeEach, describe, expect, test } from '@jest/globals';
import { Epoch, LogIndex, MemoryStore, OperationId, Term } from '@skerry/kernel';
import { decodeOutcome, encodeCommand, type Command, type Outcome } from './command.ts';
import { findGroup, groupsOf, listGroups } from './group-state.ts';
import { effectiveUser, type Group, type GroupFields } from './group.ts';
import { findUser, UsersMachine } from './machine.ts';
import type { User, UserFields } from './user.ts';

const fields: UserFields = {
  name: 'ann',
  passwordHash: '',
  home: '',
  groups: ['crew', 'staff'],
  disabled: false,
  administrator: false,
  quotaBytes: undefined,
  quotaFiles: undefined,
  rules: [],
};
const user = (over: Partial<User> = {}): User => ({ ...fields, createdAtMs: 1, changedAtMs: 1, ...over });
const groupFields = (name: string, over: Partial<GroupFields> = {}): GroupFields => ({
  name,
  home: '',
  quotaBytes: undefined,
  quotaFiles: undefined,
  rules: [],
  ...over,
});
const group = (over: Partial<Group> = {}): Group => ({
  ...groupFields('staff'),
  createdAtMs: 1,
  changedAtMs: 1,
  ...over,
});

describe('what holds for a user', () => {
  const rows: readonly [rule: string, own: Partial<User>, groups: readonly Partial<Group>[], held: Partial<User>][] = [
    ['without a home anywhere it is the root', {}, [], { home: '/' }],
    ['the home of a group names the user', {}, [{ home: '/home/%u' }], { home: '/home/ann' }],
    ['its own home goes before', { home: '/a' }, [{ home: '/home/%u' }], { home: '/a' }],
    ['a %u in its own home is a name', { home: '/%u' }, [], { home: '/%u' }],
    ['a quota of the group', {}, [{ quotaBytes: 5 }], { quotaBytes: 5 }],
    ['its own quota goes before, also a larger one', { quotaBytes: 9 }, [{ quotaBytes: 5 }], { quotaBytes: 9 }],
    ['a quota of 0 is one', { quotaFiles: 0 }, [{ quotaFiles: 5 }], { quotaFiles: 0 }],
    ['the first group that says it', {}, [{}, { sessionsMax: 2 }, { sessionsMax: 3 }], { sessionsMax: 2 }],
    [
      'rates',
      { rateUpBytesPerSecond: 1 },
      [{ rateUpBytesPerSecond: 2, rateDownBytesPerSecond: 3 }],
      {
        rateUpBytesPerSecond: 1,
        rateDownBytesPerSecond: 3,
      },
    ],
    ['networks of the group', { networks: [] }, [{ networks: ['10.0.0.0/8'] }], { networks: ['10.0.0.0/8'] }],
    ['its own networks replace them', { networks: ['::1'] }, [{ networks: ['10.0.0.0/8'] }], { networks: ['::1'] }],
    [
      'rules of all groups, with its name in their paths',
      {},
      [
        { rules: [{ path: '/in/%u', allow: ['write'], deny: [] }] },
        { rules: [{ path: '/', allow: [], deny: ['write'] }] },
      ],
      {
        rules: [
          { path: '/in/ann', allow: ['write'], deny: [] },
          { path: '/', allow: [], deny: ['write'] },
        ],
      },
    ],
    [
      'its own rule wins on the same path, right by right',
      { rules: [{ path: '/p', allow: ['write'], deny: [] }] },
      [{ rules: [{ path: '/p', allow: [], deny: ['write', 'delete'] }] }],
      {
        rules: [
          { path: '/p', allow: ['write'], deny: [] },
          { path: '/p', allow: [], deny: ['delete'] },
        ],
      },
    ],
  ];
  test.each(rows)('%s', (_, own, groups, held) => {
    expect(effectiveUser(user(own), groups.map(group))).toMatchObject(held);
  });
  test('a name that makes no path with the template has no home', () => {
    expect(() => effectiveUser(user({ name: '..' }), [group({ home: '/home/%u' })])).toThrow('must have no empty name');
  });
});

class Log {
  readonly store = new MemoryStore();
  readonly #machine = new UsersMachine();
  #index = 0;
  constructor() {
    this.store.transaction((state) => this.#machine.initialise(state));
  }
  apply(command: Command, wallMs = 1_000): Outcome {
    this.#index += 1;
    const entry = {
      epoch: Epoch('0123456789abcdef0123456789abcdef'),
      term: Term(1),
      index: LogIndex(this.#index),
      operationId: OperationId(this.#index.toString(16).padStart(32, '0')),
      time: { wallMs, counter: 0 },
      command: encodeCommand(command),
    };
    return decodeOutcome(this.store.transaction((state) => this.#machine.apply(entry, state)).result);
  }
}
let log: Log;
beforeEach(() => {
  log = new Log();
});
const failed = (reason: string): object => ({ kind: 'failed', reason });

describe('groups in the log', () => {
  test('a group is added, changed and removed', () => {
    log.apply({ kind: 'add-group', group: groupFields('staff', { home: '/home/%u', quotaBytes: 9 }) }, 5);
    expect(log.apply({ kind: 'change-group', name: 'staff', change: { quotaBytes: null, sessionsMax: 2 } }, 6)).toEqual(
      {
        kind: 'done',
      },
    );
    expect(findGroup(log.store, 'staff')?.group).toMatchObject({
      home: '/home/%u',
      quotaBytes: undefined,
      sessionsMax: 2,
      createdAtMs: 5,
      changedAtMs: 6,
    });
    expect(log.apply({ kind: 'remove-group', name: 'staff' })).toEqual({ kind: 'done' });
    expect([...listGroups(log.store)]).toEqual([]);
  });
  test('a group that stands over users is not removed', () => {
    log.apply({ kind: 'add-group', group: groupFields('staff') });
    log.apply({ kind: 'add', user: fields });
    expect(log.apply({ kind: 'remove-group', name: 'staff' })).toEqual({
      ...failed('group_in_use'),
      message: 'Cannot remove group "staff": user "ann" is in it',
    });
    log.apply({ kind: 'change', name: 'ann', change: { groups: [] } });
    expect(log.apply({ kind: 'remove-group', name: 'staff' })).toEqual({ kind: 'done' });
  });
  const refused: readonly [rule: string, command: Command, reason: string][] = [
    ['twice the same name', { kind: 'add-group', group: groupFields('there') }, 'group_exists'],
    ['a bad name', { kind: 'add-group', group: groupFields('a b') }, 'malformed'],
    ['a home that is no path', { kind: 'add-group', group: groupFields('g', { home: 'home/%u' }) }, 'path_invalid'],
    [
      'a network that is none',
      { kind: 'change-group', name: 'there', change: { networks: ['10.0.0.0/33'] } },
      'malformed',
    ],
    ['a rate of 0', { kind: 'change-group', name: 'there', change: { rateUpBytesPerSecond: 0 } }, 'malformed'],
    ['a group that is not there', { kind: 'change-group', name: 'nobody', change: {} }, 'no_such_group'],
    ['and its removal', { kind: 'remove-group', name: 'nobody' }, 'no_such_group'],
  ];
  test.each(refused)('%s is refused and changes nothing', (_, command, reason) => {
    log.apply({ kind: 'add-group', group: groupFields('there') });
    const before = [...listGroups(log.store)];
    expect(log.apply(command)).toMatchObject(failed(reason));
    expect([...listGroups(log.store)]).toEqual(before);
  });
  test('an import brings groups and users together', () => {
    log.apply({ kind: 'add-group', group: groupFields('crew') }, 5);
    const groups = [groupFields('crew', { sessionsMax: 1 }), groupFields('staff', { home: '/home/%u' })];
    log.apply({ kind: 'stage-import', importId: 'i', part: 0, users: [], groups });
    log.apply({ kind: 'stage-import', importId: 'i', part: 1, users: [fields] });
    expect(log.apply({ kind: 'commit-import', importId: 'i', partCount: 2 })).toEqual({
      kind: 'imported',
      added: 1,
      replaced: 0,
      groupsAdded: 1,
      groupsReplaced: 1,
    });
    expect(findGroup(log.store, 'crew')?.group).toMatchObject({ sessionsMax: 1, createdAtMs: 5 });
    const ann = findUser(log.store, 'ann')?.user ?? user();
    expect(effectiveUser(ann, groupsOf(log.store, ann.groups))).toMatchObject({ home: '/home/ann', sessionsMax: 1 });
  });
});
