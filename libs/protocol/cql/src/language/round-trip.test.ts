import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parse } from './parse.ts';
import { printStatement } from './printer.fixture.ts';
import { statements } from './trees.fixture.ts';

/** Markers are numbered by the parser: a random tree does not know its places. */
const unnumbered = (tree: unknown): unknown => {
  if (Array.isArray(tree)) return tree.map(unnumbered);
  if (tree instanceof Map) return tree;
  if (typeof tree !== 'object' || tree === null) return tree;
  return Object.fromEntries(
    Object.entries(tree).map(([name, value]) => [
      name,
      name === 'index' && typeof value === 'number' ? 0 : unnumbered(value),
    ]),
  );
};

test('a random tree printed and read is the same tree', () => {
  fc.assert(
    fc.property(statements, (tree) => {
      const text = printStatement(tree);
      const parsed = parse(text);
      if (!parsed.ok) throw new Error(`${text}\n${parsed.error.message}`);
      expect(unnumbered(parsed.value.statement)).toEqual(unnumbered(tree));
    }),
    { numRuns: 1500 },
  );
});
