import { expect, test } from '@jest/globals';
import { createRevocationList, revokedIdLengthMax, revokedIdsMax } from './revocations.ts';

test('nobody is revoked at first', () => {
  const list = createRevocationList();
  expect(list.version).toBe(0);
  expect(list.ids).toEqual([]);
  expect(list.has('a')).toBe(false);
});
test('a newer list takes the place of the one before', () => {
  const list = createRevocationList();
  list.replace(1, ['a', 'b']);
  list.replace(2, ['b', 'c']);
  expect(list.version).toBe(2);
  expect(['a', 'b', 'c'].map((id) => list.has(id))).toEqual([false, true, true]);
});
test.each([1, 2])('a list of version %d after version 2 is old, and ignored', (version) => {
  const list = createRevocationList();
  list.replace(2, ['a']);
  list.replace(version, []);
  expect(list.has('a')).toBe(true);
});
test('what was added here stays when a newer list comes, and does not make the list look newer', () => {
  const list = createRevocationList();
  list.add(['mine']);
  expect(list.version).toBe(0);
  list.replace(1, ['theirs']);
  expect([...list.ids].toSorted()).toEqual(['mine', 'theirs']);
});
test('whoever listens is told of each change, and of nothing that is old', () => {
  const list = createRevocationList();
  const seen: boolean[] = [];
  list.listen(() => seen.push(list.has('a')));
  list.replace(2, ['a']);
  list.replace(1, []);
  list.add(['b']);
  expect(seen).toEqual([true, true]);
});
test('an id that is on both lists is told once', () => {
  const list = createRevocationList();
  list.add(['a']);
  list.replace(1, ['a']);
  expect(list.ids).toEqual(['a']);
});
test('full: the oldest is forgotten for the newest', () => {
  const list = createRevocationList();
  list.add(Array.from({ length: revokedIdsMax }, (_, i) => `id ${i}`));
  list.add(['id 0', 'newest']);
  expect(list.ids).toHaveLength(revokedIdsMax);
  expect(['id 0', 'id 1', 'newest'].map((id) => list.has(id))).toEqual([true, false, true]);
});
test('what is too long for an id is not kept', () => {
  const list = createRevocationList();
  list.add(['x'.repeat(revokedIdLengthMax + 1)]);
  expect(list.ids).toEqual([]);
});
