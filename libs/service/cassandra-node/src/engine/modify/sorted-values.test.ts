import { expect, test } from '@jest/globals';
import { int32Bytes } from '@skerry/domain-values';
import { Bench } from '../bench.fixture.ts';

test('a bound set that is the only column besides the key is written as it is', () => {
  const bench = new Bench();
  bench.run('CREATE TABLE t (k int PRIMARY KEY, v frozen<set<int>>)');
  // [2, 1], and nothing.
  bench.run('INSERT INTO t (k, v) VALUES (?, ?)', [
    int32Bytes(1),
    Uint8Array.of(0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 1),
  ]);
  bench.run('INSERT INTO t (k, v) VALUES (?, ?)', [int32Bytes(2), new Uint8Array(4)]);
  expect(bench.run('SELECT v FROM t WHERE k = 1').rows).toEqual([
    [Uint8Array.of(0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 2)],
  ]);
  expect(bench.run('SELECT v FROM t WHERE k = 2').rows).toEqual([[new Uint8Array(4)]]);
});
