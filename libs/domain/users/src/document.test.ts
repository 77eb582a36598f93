import { describe, expect, test } from '@jest/globals';
import { usersFromDocument, usersToDocument, type UserDocument, type UsersDocument } from './document.ts';
import type { User } from './user.ts';

const ann: User = {
  name: 'ann',
  passwordHash: '$scrypt$x$y',
  home: '/home/ann',
  groups: ['staff'],
  disabled: false,
  administrator: true,
  quotaBytes: 10,
  quotaFiles: undefined,
  rules: [{ path: '/pub', allow: ['list', 'read'], deny: ['write'] }],
  createdAtMs: 1,
  changedAtMs: 2,
};
const document = (...users: UserDocument[]): UsersDocument => ({ format: 'skerry-users', version: 1, users });

describe('document', () => {
  test('what was exported can be imported, through JSON', () => {
    const { createdAtMs: _created, changedAtMs: _changed, ...fields } = ann;
    const json = JSON.stringify(usersToDocument([ann]));
    expect(usersFromDocument(JSON.parse(json) as UsersDocument)).toEqual({
      users: [{ ...fields, networks: [] }],
      groups: [],
    });
  });
  test('only the name is needed', () => {
    const [bob] = usersFromDocument(document({ name: 'bob' })).users;
    expect(bob).toMatchObject({ name: 'bob', home: '', passwordHash: '' });
  });
  const bad: readonly [rule: string, document: UsersDocument, message: RegExp][] = [
    ['another format', { ...document(), format: 'passwd' }, /format must be "skerry-users"/],
    ['a newer version', { ...document(), version: 3 }, /version is 3/],
    ['a name twice', document({ name: 'a' }, { name: 'a' }), /users\[1\] \("a"\): the name is there twice/],
    ['the first bad record is named', document({ name: 'a' }, { name: 'b c' }), /users\[1\] \("b c"\): .*user name/],
    ['an unknown right', document({ name: 'a', rules: [{ path: '/', allow: ['fly'] }] }), /No right "fly"/],
  ];
  test.each(bad)('%s', (_, value, message) => {
    expect(() => usersFromDocument(value)).toThrow(message);
  });
});
