import { describe, expect, test } from '@jest/globals';
import { splitStatements } from './split.ts';

describe('scripts', () => {
  test.each<[string, string[], string]>([
    ['', [], ''],
    [' -- nothing\n', [], ''],
    ['USE a;', ['USE a'], ''],
    ['USE a; USE b', ['USE a'], 'USE b'],
    [";; USE a ;\n SELECT ';' FROM t; ", ['USE a', "SELECT ';' FROM t"], ''],
    ['SELECT $$;$$, ";" /* ; */ FROM t -- ;\n;', ['SELECT $$;$$, ";" /* ; */ FROM t'], ''],
    ["USE a; SELECT 'x;", ['USE a'], "SELECT 'x;"],
    ["'open;", [], "'open;"],
    ['USE a; /* open ;', ['USE a'], ' /* open ;'],
    [
      'BEGIN BATCH INSERT INTO t (a) VALUES (1); APPLY BATCH; USE a;',
      ['BEGIN BATCH INSERT INTO t (a) VALUES (1); APPLY BATCH', 'USE a'],
      '',
    ],
    ['BEGIN BATCH INSERT INTO t (a) VALUES (1);', [], 'BEGIN BATCH INSERT INTO t (a) VALUES (1);'],
  ])('%j', (text, statements, rest) => {
    const script = splitStatements(text);
    expect(script.statements.map((statement) => statement.text)).toEqual(statements);
    expect(script.rest).toBe(rest);
    expect(script.complete).toBe(rest === '');
    for (const { text: part, offset } of script.statements) expect(text.slice(offset, offset + part.length)).toBe(part);
  });
});
