import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fromHex, utf8 } from './bytes.ts';
import { crc32, crc32c } from './crc.ts';

const ascending = Uint8Array.from({ length: 32 }, (_, i) => i);
const readCommand = [
  '01c00000' + '00000000' + '00000000' + '00000000',
  '14000000' + '00000400' + '00000014' + '00000018',
  '28000000' + '00000000' + '02000000' + '00000000',
].join('');

describe('crc32c', () => {
  const rows: readonly (readonly [string, Uint8Array, number])[] = [
    ['RFC 3720 B.4: 32 bytes of zeros', new Uint8Array(32), 0x8a9136aa],
    ['RFC 3720 B.4: 32 bytes of ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ['RFC 3720 B.4: 32 bytes, ascending', ascending, 0x46dd794e],
    ['RFC 3720 B.4: 32 bytes, descending', ascending.toReversed(), 0x113fdb5c],
    ['RFC 3720 B.4: an iSCSI read command', fromHex(readCommand) ?? new Uint8Array(0), 0xd9963a56],
    ['the check value', utf8('123456789'), 0xe3069283],
    ['nothing', new Uint8Array(0), 0],
  ];
  for (const [name, bytes, checksum] of rows) test(name, () => expect(crc32c(bytes)).toBe(checksum));

  /** Bit by bit, as the definition has it. */
  const slow = (bytes: Uint8Array, polynomial: number): number => {
    let crc = 0xffffffff;
    for (const byte of bytes) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    }
    return ~crc >>> 0;
  };
  test('equals the definition, at once and in pieces, at every alignment', () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, at) => {
        for (const [checksum, polynomial] of [
          [crc32c, 0x82f63b78],
          [crc32, 0xedb88320],
        ] as const) {
          const expected = slow(bytes, polynomial);
          expect(checksum(bytes)).toBe(expected);
          expect(checksum(bytes.subarray(at), checksum(bytes.subarray(0, at)))).toBe(expected);
        }
      }),
    ));
  test('the check value of CRC-32', () => expect(crc32(utf8('123456789'))).toBe(0xcbf43926));
});
