/** Values of the system's tables in the native protocol's bytes. Source: native_protocol_v5.spec §6. */
import { compareBytes, concatBytes, fromHex, present, utf8 } from '@skerry/kernel';

type Value = Uint8Array | null;

export const textValue = (text: string | undefined): Value => (text === undefined ? null : utf8(text));
export const booleanBytes = (value: boolean): Uint8Array => Uint8Array.of(value ? 1 : 0);
export function intBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value);
  return bytes;
}
/** Whole, below 2^53. */
export function bigintBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, BigInt(Math.trunc(value)));
  return bytes;
}
export function doubleBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value);
  return bytes;
}
/** Milliseconds since 1970. */
export const timestampBytes = bigintBytes;
/** Of 32 hexadecimal digits. */
export const uuidBytes = (hex: string): Uint8Array => present(fromHex(hex), `bytes of UUID ${hex}`);

function group(text: string): readonly number[] {
  if (text === '') return [];
  return text.split(':').flatMap((part) => {
    if (part.includes('.')) return ipv4(part);
    const value = Number.parseInt(part, 16);
    return [value >> 8, value & 0xff];
  });
}
const ipv4 = (text: string): readonly number[] => text.split('.').map(Number);
/** Of an address as people write it. */
export function inetBytes(address: string): Uint8Array {
  if (!address.includes(':')) return Uint8Array.from(ipv4(address));
  const plain = address.split('%')[0] ?? address;
  const [before = '', after] = plain.split('::');
  const head = group(before);
  if (after === undefined) return Uint8Array.from(head);
  const tail = group(after);
  return Uint8Array.from([...head, ...Array.from({ length: 16 - head.length - tail.length }, () => 0), ...tail]);
}

const sized = (bytes: Uint8Array): readonly Uint8Array[] => [intBytes(bytes.length), bytes];
export const listBytes = (elements: readonly Uint8Array[]): Uint8Array =>
  concatBytes([intBytes(elements.length), ...elements.flatMap(sized)]);
/** Sorted by the elements' bytes. */
export const setBytes = (elements: readonly Uint8Array[]): Uint8Array => listBytes(elements.toSorted(compareBytes));
export const textsBytes = (texts: Iterable<string>): Uint8Array => setBytes([...texts].map(utf8));
export const textListBytes = (texts: readonly string[]): Uint8Array => listBytes(texts.map(utf8));
/** Sorted by the keys' bytes. */
export function textMapBytes(map: ReadonlyMap<string, string>): Uint8Array {
  const entries = [...map]
    .map(([key, value]) => [utf8(key), utf8(value)] as const)
    .toSorted(([a], [b]) => compareBytes(a, b));
  return concatBytes([
    intBytes(entries.length),
    ...entries.flatMap(([key, value]) => [...sized(key), ...sized(value)]),
  ]);
}
