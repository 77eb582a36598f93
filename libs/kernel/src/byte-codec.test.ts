import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { AssertionError } from './assert.ts';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { concatBytes, fromHex, joinBytes, toHex, utf8 } from './bytes.ts';
import { StatusError } from './errors.ts';

const fields = {
  u8: fc.integer({ min: 0, max: 0xff }),
  u16: fc.integer({ min: 0, max: 0xffff }),
  u32: fc.integer({ min: 0, max: 0xffff_ffff }),
  u64: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  bytes: fc.uint8Array({ maxLength: 400 }),
  text: fc.string({ unit: 'binary' }),
} as const;
type Name = keyof typeof fields;
const names = Object.keys(fields) as Name[];
type Field = { readonly name: Name; readonly value: number | string | Uint8Array };
const field: fc.Arbitrary<Field> = fc
  .constantFrom(...names)
  .chain((name) => (fields[name] as fc.Arbitrary<Field['value']>).map((value) => ({ name, value })));

function write(writer: ByteWriter, { name, value }: Field): void {
  if (typeof value === 'string') writer.text(value);
  else if (value instanceof Uint8Array) writer.bytes(value);
  else if (name === 'u8' || name === 'u16' || name === 'u32' || name === 'u64') writer[name](value);
}

describe('byte writer and reader', () => {
  test('golden bytes: big-endian, length before bytes and text', () => {
    const bytes = new ByteWriter(1)
      .u8(0xfe)
      .u16(0x0102)
      .u32(0xdeadbeef)
      .u64(2 ** 53 - 1)
      .raw(Uint8Array.of(9))
      .bytes(Uint8Array.of(7, 8))
      .text('é')
      .finish();
    expect(toHex(bytes)).toBe(
      ['fe', '0102', 'deadbeef', '001fffffffffffff', '09', '000000020708', '00000002c3a9'].join(''),
    );
  });
  test('texts without a length, and hexadecimal digits, are as their bytes', () =>
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), fc.uint8Array({ maxLength: 40 }), (text, bytes) => {
        const written = new ByteWriter(1).rawText(text).hex(toHex(bytes)).u8(7).rawText(text).finish();
        expect(written).toEqual(concatBytes([utf8(text), bytes, Uint8Array.of(7), utf8(text)]));
        expect(joinBytes(utf8(text), bytes)).toEqual(concatBytes([utf8(text), bytes]));
      }),
    ));
  for (const digits of ['0', 'xy', '012', '0g', '\u0130\u0130'])
    test(`"${digits}" is not written as hexadecimal`, () =>
      expect(() => new ByteWriter().hex(digits)).toThrow(AssertionError));
  test('what was written is read back, whatever the first capacity', () =>
    fc.assert(
      fc.property(fc.array(field), fc.integer({ min: 0, max: 64 }), (written, hint) => {
        const writer = new ByteWriter(hint);
        for (const each of written) write(writer, each);
        expect(writer.length).toBe(writer.finish().length);
        const reader = new ByteReader(writer.finish());
        for (const { name, value } of written) expect(reader[name]()).toEqual(value);
        reader.end();
        expect(reader.remaining).toBe(0);
      }),
    ));
  test('random bytes never throw anything but StatusError, and never hang', () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.array(fc.constantFrom(...names)), (bytes, order) => {
        const reader = new ByteReader(bytes);
        try {
          for (const name of order) reader[name]();
          reader.end();
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(StatusError);
          expect(thrown instanceof StatusError && thrown.reason).toBe('malformed');
        }
      }),
    ));
  test('a view into a larger buffer is read from its own start', () => {
    const bytes = new ByteWriter().u32(1).u16(0xabcd).u32(2).finish();
    expect(new ByteReader(bytes.subarray(4, 6)).u16()).toBe(0xabcd);
  });

  const refused: readonly (readonly [string, string, (reader: ByteReader) => unknown])[] = [
    ['bytes that end early', '0102', (reader) => reader.u32()],
    ['a length beyond the end', 'ffffffff00', (reader) => reader.bytes()],
    ['an integer beyond 2^53 - 1', '0020000000000000', (reader) => reader.u64()],
    ['text that is no UTF-8', '00000001ff', (reader) => reader.text()],
    ['bytes left over', '0102', (reader) => [reader.u8(), reader.end()]],
  ];
  for (const [rule, hex, read] of refused)
    test(`refused: ${rule}`, () => {
      const reader = new ByteReader(fromHex(hex) ?? new Uint8Array(0));
      expect(() => read(reader)).toThrow(StatusError);
    });
  for (const value of [-1, 0.5, 2 ** 53, NaN])
    test(`u64 of ${value} is our bug`, () => expect(() => new ByteWriter().u64(value)).toThrow(AssertionError));
});
