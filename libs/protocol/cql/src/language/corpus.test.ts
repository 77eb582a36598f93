import { describe, expect, test } from '@jest/globals';
import { corpus } from './corpus.fixture.ts';
import { parse } from './parse.ts';
import { printStatement } from './printer.fixture.ts';

test('there are enough statements, all different', () => {
  expect(corpus.length).toBeGreaterThanOrEqual(400);
  expect(new Set(corpus.map(({ text }) => text)).size).toBe(corpus.length);
});

describe('every statement of the reference is read, and its tree printed reads as the same tree', () => {
  test.each(corpus.map(({ page, text }) => [page, text]))('%s: %s', (_page, text) => {
    const parsed = parse(text);
    if (!parsed.ok) throw new Error(parsed.error.message);
    const printed = printStatement(parsed.value.statement);
    const again = parse(printed);
    if (!again.ok) throw new Error(`${printed}: ${again.error.message}`);
    expect(again.value.statement).toEqual(parsed.value.statement);
    expect(again.value.markers.map(({ name }) => name)).toEqual(parsed.value.markers.map(({ name }) => name));
  });
});

describe('a parenthesis too many is refused', () => {
  test.each(corpus.map(({ page, text }) => [page, text]))('%s: %s', (_page, text) => {
    const more = parse(`${text}\n)`);
    expect(more.ok ? 'read' : more.error.message).toMatch(/ input '\)'/);
  });
});
