import { describe, expect, test } from '@jest/globals';
import { codes, isReason, reasons, StatusError, toStatusError, type Reason } from './errors.ts';
import { fail, ok } from './result.ts';

describe('status errors', () => {
  test('every reason belongs to a code, and says whether to try again', () => {
    for (const reason of Object.keys(reasons) as Reason[]) {
      const error = new StatusError(reason, 'text');
      expect(error.code).toBe(reasons[reason]);
      expect(error.retryable).toBe(codes[error.code].retryable);
    }
  });
  test("the codes have gRPC's numbers, each once", () => {
    const numbers = Object.values(codes).map(({ wire }) => wire);
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 16 }, (_, i) => i + 1));
  });
  const retryable: readonly (readonly [Reason, boolean])[] = [
    ['not_leader', true],
    ['connection_lost', true],
    ['deadline', true],
    ['version_conflict', true],
    ['quota', false],
    ['credentials', false],
    ['corrupt', false],
  ];
  for (const [reason, expected] of retryable)
    test(`${reason} is ${expected ? '' : 'not '}to be tried again`, () =>
      expect(new StatusError(reason, 'text').retryable).toBe(expected));
  test('isReason knows the list, and nothing that objects have anyway', () => {
    expect(isReason('quota')).toBe(true);
    expect(isReason('toString')).toBe(false);
    expect(isReason('')).toBe(false);
  });
  test('toStatusError keeps what is one, and the cause of what is none', () => {
    const error = new StatusError('quota', 'full');
    expect(toStatusError(error)).toBe(error);
    const cause = new TypeError('x is undefined');
    const wrapped = toStatusError(cause);
    expect([wrapped.reason, wrapped.code, wrapped.message]).toEqual(['unexpected', 'internal', 'x is undefined']);
    expect(wrapped.cause).toBe(cause);
    expect(toStatusError('text').message).toBe('text');
  });
});

describe('results', () => {
  test('carry a value or an error', () => {
    expect(ok(1)).toEqual({ ok: true, value: 1 });
    expect(fail('why')).toEqual({ ok: false, error: 'why' });
  });
});
