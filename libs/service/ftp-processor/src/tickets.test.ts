import { describe, expect, test } from '@jest/globals';
import { isHexId } from '@skerry/kernel';
import fc from 'fast-check';
import { operationIdOf } from './tickets.ts';

describe('operation ids of one line', () => {
  const id = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('hex'));
  test('are ids, differ from each other, and come out the same again', () => {
    fc.assert(
      fc.property(id, (line) => {
        const ids = (['line', 'home', 'look', 'lookHome'] as const).map((purpose) => operationIdOf(line, purpose));
        expect(ids.every(isHexId)).toBe(true);
        expect(new Set(ids).size).toBe(4);
        expect(ids[0]).toBe(line);
        expect(operationIdOf(line, 'home')).toBe(ids[1]);
      }),
    );
  });
});
