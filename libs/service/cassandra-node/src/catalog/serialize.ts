/** Values of the system's tables in the native protocol's bytes. Source: native_protocol_v5.spec §6. */
import { collectionBytes, doubleBytes, int32Bytes, int64Bytes, parseInet } from '@skerry/domain-values';
import { compareBytes, fromHex, present, utf8 } from '@skerry/kernel';

type Value = Uint8Array | null;

export const textValue = (text: string | undefined): Value => (text === undefined ? null : utf8(text));
export const booleanBytes = (value: boolean): Uint8Array => Uint8Array.of(value ? 1 : 0);
export { doubleBytes, int32Bytes as intBytes };
/** Whole, below 2^53. */
export const bigintBytes = (value: number): Uint8Array => int64Bytes(BigInt(Math.trunc(value)));
/** Milliseconds since 1970. */
export const timestampBytes = bigintBytes;
/** Of 32 hexadecimal digits. */
export const uuidBytes = (hex: string): Uint8Array => present(fromHex(hex), `bytes of UUID ${hex}`);

/** Of an address as people write it; the zone of IPv6 is not part of it. */
export const inetBytes = (address: string): Uint8Array =>
  present(parseInet(address.split('%')[0] ?? address), `bytes of address ${address}`);

/** Sorted by the elements' bytes. */
export const textsBytes = (texts: Iterable<string>): Uint8Array =>
  collectionBytes('set', [...texts].map(utf8).toSorted(compareBytes));
export const textListBytes = (texts: readonly string[]): Uint8Array => collectionBytes('list', texts.map(utf8));
/** Sorted by the keys' bytes. */
export function textMapBytes(map: ReadonlyMap<string, string>): Uint8Array {
  const entries = [...map]
    .map(([key, value]) => [utf8(key), utf8(value)] as const)
    .toSorted(([a], [b]) => compareBytes(a, b));
  return collectionBytes('map', entries.flat());
}
