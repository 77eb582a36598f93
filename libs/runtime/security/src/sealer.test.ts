import { describe, expect, test } from '@jest/globals';
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { AssertionError, StatusError } from '@skerry/kernel';
import { createSealer, sealedSizeMaxBytes, sealSizeBytes } from './sealer.ts';
import type { SealPurpose } from './types.ts';

const key = new Uint8Array(32).fill(7);
const sealer = createSealer(key);
const purposes: readonly SealPurpose[] = ['service-token', 'ticket', 'grant', 'probe'];
const purpose = fc.constantFrom(...purposes);
const payload = fc.uint8Array({ maxLength: 200 });
const refused = (open: () => unknown): boolean => {
  try {
    open();
    return false;
  } catch (error) {
    return error instanceof StatusError && error.reason === 'token_invalid';
  }
};

describe('a seal', () => {
  test('opens to its payload, a view on what was sealed', () => {
    fc.assert(
      fc.property(purpose, payload, (what, bytes) => {
        const sealed = sealer.seal(what, bytes);
        const opened = sealer.open(what, sealed);
        expect(opened).toEqual(bytes);
        expect(opened.buffer === sealed.buffer).toBe(true);
      }),
    );
  });
  test('is the HMAC-SHA-256 of purpose and payload, and the payload', () => {
    const sealed = sealer.seal('ticket', new Uint8Array([1, 2]));
    const code = createHmac('sha256', key).update('skerry/seal/1/ticket\0\x01\x02').digest();
    expect(Buffer.from(sealed)).toEqual(Buffer.concat([code, Buffer.from([1, 2])]));
  });
  test('with any byte changed opens for nothing', () => {
    fc.assert(
      fc.property(purpose, payload, fc.nat(), fc.integer({ min: 1, max: 255 }), (what, bytes, at, mask) => {
        const sealed = sealer.seal(what, bytes);
        const i = at % sealed.length;
        sealed[i] = (sealed[i] ?? 0) ^ mask;
        expect(refused(() => sealer.open(what, sealed))).toBe(true);
      }),
    );
  });
  test('with bytes cut off or put behind opens for nothing', () => {
    fc.assert(
      fc.property(purpose, payload, fc.nat(), (what, bytes, at) => {
        const sealed = sealer.seal(what, bytes);
        expect(refused(() => sealer.open(what, sealed.subarray(0, at % sealed.length)))).toBe(true);
        expect(refused(() => sealer.open(what, Uint8Array.from([...sealed, 0])))).toBe(true);
      }),
    );
  });
  test('made for one purpose opens for no other', () => {
    for (const made of purposes)
      for (const asked of purposes)
        expect(refused(() => sealer.open(asked, sealer.seal(made, key)))).toBe(made !== asked);
  });
  test('of another cluster opens for nothing', () => {
    const other = createSealer(new Uint8Array(32).fill(8));
    expect(refused(() => sealer.open('grant', other.seal('grant', key)))).toBe(true);
  });
  test('random bytes open for nothing', () => {
    fc.assert(fc.property(purpose, payload, (what, bytes) => refused(() => sealer.open(what, bytes))));
  });
  test('has a largest size, for who makes it and who opens it', () => {
    const largest = new Uint8Array(sealedSizeMaxBytes - sealSizeBytes);
    expect(sealer.open('grant', sealer.seal('grant', largest))).toHaveLength(largest.length);
    expect(() => sealer.seal('grant', new Uint8Array(largest.length + 1))).toThrow(AssertionError);
    expect(refused(() => sealer.open('grant', new Uint8Array(sealedSizeMaxBytes + 1)))).toBe(true);
  });
  test('needs a key of 32 bytes', () => {
    expect(() => createSealer(new Uint8Array(31))).toThrow(/31/);
  });
});
