import { expect, test } from '@jest/globals';
import { Aborts } from './aborts.ts';

test('what was given back is lent again', () => {
  const aborts = new Aborts();
  const first = aborts.lend();
  aborts.giveBack(first);
  expect(aborts.lend()).toBe(first);
});
test('two that are lent at a time are two', () => {
  const aborts = new Aborts();
  expect(aborts.lend()).not.toBe(aborts.lend());
});
test('what was aborted is lent to nobody', () => {
  const aborts = new Aborts();
  const first = aborts.lend();
  first.abort();
  aborts.giveBack(first);
  expect(aborts.lend().signal.aborted).toBe(false);
});
