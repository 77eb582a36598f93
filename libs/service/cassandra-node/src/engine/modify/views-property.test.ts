import { describe, expect, test } from '@jest/globals';
import { literalText } from '@skerry/domain-values';
import fc from 'fast-check';
import { Bench } from '../bench.fixture.ts';
import { step, tableText, views, type ViewCase } from './view-statements.fixture.ts';

const runs = Number(process.env['SKERRY_RUNS'] ?? 12);

function rowsOf(b: Bench, text: string): readonly Readonly<Record<string, string>>[] {
  const { rows, columns } = b.run(text);
  return rows.map((row) =>
    Object.fromEntries(columns.map(({ name, type }, i) => [name, literalText(type, row[i] ?? undefined)])),
  );
}
const inOrder = (rows: readonly Readonly<Record<string, string>>[], columns: readonly string[]): readonly string[] =>
  rows.map((row) => columns.map((name) => `${name}=${row[name]}`).join(' ')).toSorted();

function compare(b: Bench, { name, columns, shows }: ViewCase, story: readonly string[]): void {
  // A partition's statics alone are no row.
  const base = rowsOf(b, 'SELECT * FROM t').filter((row) => row['c'] !== 'null' && shows(row));
  const rows = inOrder(rowsOf(b, `SELECT ${columns.join(', ')} FROM ${name}`), columns);
  expect({ name, story, rows }).toEqual({ name, story, rows: inOrder(base, columns) });
}

describe('a view shows what a filter of its table gives', () => {
  for (const when of ['before', 'after'] as const)
    test(`made ${when} the rows, random writes`, () => {
      fc.assert(
        fc.property(fc.array(step, { minLength: 2, maxLength: 40 }), (steps) => {
          const b = new Bench();
          b.run(tableText);
          const make = (): void => {
            for (const { name, text } of views) b.run(`CREATE MATERIALIZED VIEW ${name} AS ${text}`);
          };
          if (when === 'before') make();
          const story: string[] = [];
          for (const [i, each] of steps.entries()) {
            story.push(each.kind === 'write' ? each.text : `${each.seconds} s later`);
            if (each.kind === 'write') b.run(each.text);
            else b.micros += each.seconds * 1_000_000;
            if (when === 'before' && i % 8 === 0) for (const view of views) compare(b, view, story);
          }
          if (when === 'after') {
            make();
            for (const { name } of views) b.fill('t', name);
          }
          for (const view of views) compare(b, view, story);
          b.micros += 6_000_000;
          for (const view of views) compare(b, view, [...story, '6 s later']);
        }),
        { numRuns: runs },
      );
    }, 60_000);
});
