/** Results in words. */
import { fullName, type Result } from './run.ts';

export type Count = {
  readonly pass: number;
  readonly fail: number;
  readonly skipped: number;
  readonly mustFail: number;
};
export function count(results: readonly Result[]): Count {
  const of = (kind: Result['outcome']['kind']): number => results.filter(({ outcome }) => outcome.kind === kind).length;
  const mustFail = results.filter(({ level, outcome }) => level === 'must' && outcome.kind === 'fail').length;
  return { pass: of('pass'), fail: of('fail'), skipped: of('skipped'), mustFail };
}
export function describeResult(result: Result, withTranscript: boolean): string {
  const { outcome, rfc, level } = result;
  const head = `${fullName(result)} [${rfc}; ${level}]`;
  if (outcome.kind === 'pass') return `pass     ${head}`;
  if (outcome.kind === 'skipped') return `skipped  ${head}: ${outcome.reason}`;
  const talk = withTranscript ? outcome.transcript.map((line) => `\n           ${line}`).join('') : '';
  return `fail     ${head}\n         expected ${outcome.expected}\n         got      ${outcome.got}${talk}`;
}
export function summary(results: readonly Result[]): string {
  const { pass, fail, skipped, mustFail } = count(results);
  return `${results.length} cases: ${pass} pass, ${fail} fail (${mustFail} of level must), ${skipped} skipped`;
}

export type Column = { readonly name: string; readonly results: ReadonlyMap<string, Result> };
const marks = { pass: 'pass', fail: 'FAIL', skipped: '–' } as const;
const cellOf = (column: Column, key: string): string => {
  const outcome = column.results.get(key)?.outcome;
  return outcome === undefined ? '' : marks[outcome.kind];
};
const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const oneLine = (text: string): string => text.replaceAll('|', '\\|').replace(/\s+/g, ' ').slice(0, 160);

/** Case × server, in Markdown. */
export function table(columns: readonly Column[]): string {
  const [first] = columns;
  const cases = [...(first?.results.values() ?? [])];
  const lines = cases.map((each) => {
    const key = fullName(each);
    return row([
      oneLine(key),
      each.rfc.replaceAll('|', '\\|'),
      each.level,
      ...columns.map((column) => cellOf(column, key)),
    ]);
  });
  const names = columns.map(({ name }) => name);
  return [
    row(['case', 'source', 'level', ...names]),
    row(['---', '---', '---', ...names.map(() => '---')]),
    ...lines,
  ].join('\n');
}

/** Cases in which the first column and the others do not agree, and those that all others fail. */
export function differences(columns: readonly Column[]): {
  readonly differ: readonly string[];
  readonly allFail: readonly string[];
} {
  const [first, ...others] = columns;
  const keys = [...(first?.results.keys() ?? [])];
  const cells = (key: string): readonly string[] => others.map((column) => cellOf(column, key));
  const told = (column: Column, key: string): string => {
    const outcome = column.results.get(key)?.outcome;
    if (outcome?.kind !== 'fail') return `${column.name}: ${cellOf(column, key)}`;
    return `${column.name}: expected ${oneLine(outcome.expected)}, got ${oneLine(outcome.got)}`;
  };
  const lines = (wanted: readonly string[]): readonly string[] =>
    wanted.map((key) => `- ${oneLine(key)}\n${columns.map((column) => `  - ${told(column, key)}`).join('\n')}`);
  const mine = (key: string): string => (first === undefined ? '' : cellOf(first, key));
  return {
    differ: lines(keys.filter((key) => cells(key).some((cell) => cell !== mine(key)))),
    allFail: lines(keys.filter((key) => others.length > 0 && cells(key).every((cell) => cell === marks.fail))),
  };
}
