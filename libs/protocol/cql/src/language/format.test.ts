import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { functionText, maybeQuote, stringLiteral, typeText } from './format.ts';
import { termText } from './format-term.ts';
import { parse } from './parse.ts';
import { names, terms, types } from './trees.fixture.ts';

describe('names', () => {
  test.each([
    ['plain', 'plain'],
    ['a_1', 'a_1'],
    ['key', 'key'],
    ['select', '"select"'],
    ['true', '"true"'],
    ['Mixed', '"Mixed"'],
    ['1a', '"1a"'],
    ['', '""'],
    ['a"b', '"a""b"'],
  ])('%j', (name, text) => expect(maybeQuote(name)).toBe(text));
  test('read as they were', () => {
    fc.assert(
      fc.property(names, (name) => {
        const parsed = parse(`USE ${maybeQuote(name)}`);
        expect(parsed.ok ? parsed.value.statement : parsed.error).toEqual({ kind: 'use', keyspace: name });
      }),
    );
  });
});
test('strings, functions, types', () => {
  expect(stringLiteral("it's")).toBe("'it''s'");
  expect(functionText({ keyspace: 'Ks', name: 'ttl' })).toBe('"Ks"."ttl"');
  expect(functionText({ keyspace: undefined, name: 'token' })).toBe('token');
  fc.assert(
    fc.property(types, (type) => {
      const parsed = parse(`CREATE TYPE t (a ${typeText(type)})`);
      expect(
        parsed.ok && parsed.value.statement.kind === 'createType' && parsed.value.statement.fields[0]?.[1],
      ).toEqual(type);
    }),
  );
});
test('terms as messages quote them', () => {
  const parsed = parse(`INSERT INTO t (a) VALUES ({ 'a':[1,?], 'b' : (int) 3 + f( :x ) })`);
  const [value] = parsed.ok && parsed.value.statement.kind === 'insert' ? parsed.value.statement.values : [];
  expect(value && termText(value)).toBe("{'a': [1, ?], 'b': (int)3 + f(:x)}");
  fc.assert(fc.property(terms, (term) => expect(parse(`INSERT INTO t (a) VALUES (${termText(term)})`).ok).toBe(true)));
});
