/** What is UTF-8 is what a strict decoder takes. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isUtf8 } from './utf8-check.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });
function decodes(bytes: Uint8Array): boolean {
  try {
    decoder.decode(bytes);
    return true;
  } catch {
    return false;
  }
}
const ascii = fc.uint8Array({ max: 0x7f, maxLength: 40 });
const piece = fc.oneof(
  { weight: 4, arbitrary: ascii },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 4 }).map((text) => new TextEncoder().encode(text)) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 3 }) },
);

test('bytes are UTF-8 when a strict decoder takes them, wherever they lie', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 6 }), fc.nat(20), fc.nat(20), (pieces, before, behind) => {
      const text = Uint8Array.from(pieces.flatMap((one) => [...one]));
      // What lies around it is no text.
      const bytes = new Uint8Array(before + text.length + behind).fill(0xff);
      bytes.set(text, before);
      expect(isUtf8(bytes, before, before + text.length)).toBe(decodes(text));
      // An array of the same bytes elsewhere, as the next request's.
      const again = bytes.subarray(before);
      expect(isUtf8(again, 0, text.length)).toBe(decodes(text));
    }),
    { numRuns: 500 },
  );
});
