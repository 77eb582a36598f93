import { expect, test } from '@jest/globals';
import { toHex } from '@skerry/kernel';
import { Slices } from './slices.ts';

const of = (slices: Slices): string[] =>
  Array.from({ length: slices.count }, (_, i) => {
    const text = (from: number, to: number): string => toHex(slices.bytes.subarray(from, to));
    return `${text(slices.fromOf(i), slices.middleOf(i))}..${text(slices.middleOf(i), slices.toOf(i))}`;
  });
type Ends = readonly [from: number[], fromInclusive: boolean, to: number[], toInclusive: boolean];

test.each<[string, Ends, string[]]>([
  ['from and up to', [[1, 2], true, [1, 5], false], ['0102..0105']],
  ['behind a prefix, with all that begins with another', [[1, 2], false, [1, 5], true], ['0103..0106']],
  ['behind a prefix that ends with 255', [[1, 255], false, [], true], ['02..']],
  ['up to the last prefix of all', [[1], true, [255, 255], true], ['01..']],
  ['behind the last prefix of all', [[255], false, [], true], []],
  ['nothing between', [[3], true, [2], true], []],
  ['nothing between a prefix and itself', [[3], false, [3], false], []],
  ['a prefix', [[3, 255], true, [3, 255], true], ['03ff..04']],
])('a slice: %s', (_name, [from, fromInclusive, to, toInclusive], expected) => {
  const slices = new Slices();
  slices.addBetween(
    Uint8Array.from(from),
    0,
    from.length,
    fromInclusive,
    Uint8Array.from(to),
    0,
    to.length,
    toInclusive,
  );
  expect(of(slices)).toEqual(expected);
});
test('one row, and what is added behind', () => {
  const slices = new Slices();
  slices.addKey(Uint8Array.of(9, 1, 2), 1, 2);
  slices.addPrefix(Uint8Array.of(5), 0, 1);
  expect(of(slices)).toEqual(['0102..010200', '05..06']);
});
