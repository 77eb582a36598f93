import { describe, expect, it } from '@jest/globals';
import { Totals } from './totals.ts';

type Told = readonly [labels: Readonly<Record<string, string | number>>, amount: number];
function told(totals: Totals): readonly Told[] {
  const all: Told[] = [];
  totals.tell((labels, amount) => all.push([labels, amount]));
  return all;
}

describe('totals', () => {
  it('add up by labels, and tell each addition once', () => {
    const totals = new Totals('lines', ['verb', 'code']);
    totals.add(1, { verb: 'STOR', code: '226' });
    totals.add(2, { code: '226', verb: 'STOR' });
    totals.add(undefined, { verb: 'STOR', code: '550' });
    expect(told(totals)).toEqual([
      [{ verb: 'STOR', code: '226' }, 3],
      [{ verb: 'STOR', code: '550' }, 1],
    ]);
    totals.add(4, { verb: 'STOR', code: '550' });
    expect(told(totals).map(([, amount]) => amount)).toEqual([0, 4]);
  });
  it('keep values apart that would join to the same text', () => {
    const totals = new Totals('pairs', ['a', 'b']);
    totals.add(1, { a: 'x', b: 'yz' });
    totals.add(1, { a: 'xy', b: 'z' });
    expect(told(totals)).toHaveLength(2);
  });
  it('refuse a label that the metric has not, and a fall', () => {
    const totals = new Totals('lines', ['verb']);
    expect(() => totals.add(1, { word: 'x' })).toThrow('no label "word"');
    expect(() => totals.add(-1, { verb: 'x' })).toThrow('never falls');
  });
});
