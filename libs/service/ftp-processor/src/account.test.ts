import { describe, expect, test } from '@jest/globals';
import { auth } from '@skerry/proto';
import fc from 'fast-check';
import { Account } from './account.ts';

const { Right } = auth;
const account = (home: string, ...rules: readonly auth.AclRule[]): Account =>
  new Account(auth.Grant.fromPartial({ user: 'ada', home, rules: [...rules] }));
const deny = (path: string, ...rights: readonly auth.Right[]): auth.AclRule => ({ path, allow: [], deny: [...rights] });

describe('home', () => {
  test.each([
    ['/home/ada', '/', '/home/ada'],
    ['/home/ada', '/x/y', '/home/ada/x/y'],
    ['/', '/', '/'],
    ['/', '/x', '/x'],
  ])('%s and %s', (home, path, tree) => {
    expect(account(home).treePath(path)).toBe(tree);
  });
  test('no path that a session can name leaves it', () => {
    const path = fc
      .array(fc.stringMatching(/^[a-z.]{1,4}$/).filter((name) => !/^\.{1,2}$/.test(name)))
      .map((names) => `/${names.join('/')}`);
    fc.assert(
      fc.property(path, (userPath) => {
        const tree = account('/home/ada').treePath(userPath);
        expect(tree === '/home/ada' || tree.startsWith('/home/ada/')).toBe(true);
      }),
    );
  });
});

describe('moves', () => {
  test.each([
    ['without rules', account('/'), '/a', '/b', true],
    ['rename denied at the source', account('/', deny('/a', Right.RENAME)), '/a', '/b', false],
    ['rename denied at the target', account('/', deny('/b', Right.RENAME)), '/a', '/b', false],
    ['out of where reading is denied', account('/', deny('/vault', Right.READ)), '/vault/x', '/x', false],
    ['into where reading is denied', account('/', deny('/vault', Right.READ)), '/x', '/vault/x', true],
    ['within it', account('/', deny('/vault', Right.READ)), '/vault/x', '/vault/y', true],
    ['of a directory with something denied inside', account('/', deny('/a/secret', Right.READ)), '/a', '/b', false],
    ['beside it', account('/', deny('/ab/secret', Right.READ)), '/a', '/b', true],
  ])('%s', (_rule, who, from, to, allowed) => {
    expect(who.allowsMove(from, to)).toBe(allowed);
  });
});

test('rights at a path; numbers of later versions say nothing', () => {
  const rules = [deny('/home', Right.WRITE, Right.MAKE, 99 as auth.Right)];
  expect(account('/', ...rules).rightsAt('/home/x')).toEqual(['list', 'read', 'delete', 'rename']);
});
