/** Texts of UUIDs and of internet addresses. Source: RFC 9562 §4, RFC 4291 §2.2; java.net.InetAddress for how they are written. */
import { fromHex, toHex } from '@skerry/kernel';
import { int64Bytes } from './integers.ts';

/** Undefined: no UUID. */
export const parseUuid = (text: string): Uint8Array | undefined =>
  /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i.test(text)
    ? fromHex(text.replaceAll('-', ''))
    : undefined;
export function uuidText(bytes: Uint8Array): string {
  const hex = toHex(bytes);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** From 1582-10-15 to 1970, in units of 100 ns. */
const gregorianOffset = 122_192_928_000_000_000n;
/** 100 ns since 1582, of a UUID of version 1. */
const ticksOf = (uuid: Uint8Array): bigint => {
  const hex = toHex(uuid);
  return BigInt(`0x${hex.slice(13, 16)}${hex.slice(8, 12)}${hex.slice(0, 8)}`);
};
const divideDown = (value: bigint, by: bigint): bigint => {
  const rest = value % by;
  return (value - (rest < 0n ? rest + by : rest)) / by;
};
/** Milliseconds since 1970. */
export const timeuuidMs = (uuid: Uint8Array): bigint => divideDown(ticksOf(uuid) - gregorianOffset, 10_000n);
/** @param ticks units of 100 ns since 1970. @param low clock sequence and node: the last eight bytes. */
export function timeuuidBytes(ticks: bigint, low: Uint8Array): Uint8Array {
  const time = BigInt.asUintN(60, ticks + gregorianOffset);
  const bytes = new Uint8Array(16);
  const high = (time & 0xffff_ffffn) << 32n;
  const middle = ((time >> 32n) & 0xffffn) << 16n;
  bytes.set(int64Bytes(high | middle | 0x1000n | (time >> 48n)));
  bytes.set(low, 8);
  return bytes;
}
/** Less, and greater, than whatever `now()` may have given in that millisecond. */
export const timeuuidMin = (ms: bigint): Uint8Array => timeuuidBytes(ms * 10_000n, new Uint8Array(8).fill(0x80));
export const timeuuidMax = (ms: bigint): Uint8Array =>
  timeuuidBytes(ms * 10_000n + 9999n, new Uint8Array(8).fill(0x7f));

function parseIpv4(text: string): number[] | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return undefined;
  return parts.map(Number);
}
function parseGroups(text: string): number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [i, group] of groups.entries()) {
    if (group.includes('.')) {
      const four = i === groups.length - 1 ? parseIpv4(group) : undefined;
      if (four === undefined) return undefined;
      bytes.push(...four);
    } else {
      if (!/^[\da-f]{1,4}$/i.test(group)) return undefined;
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    }
  }
  return bytes;
}
/** Four bytes or sixteen; undefined: no address. Names are not looked up. */
export function parseInet(text: string): Uint8Array | undefined {
  if (!text.includes(':')) {
    const four = parseIpv4(text);
    return four && Uint8Array.from(four);
  }
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] ?? '');
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? '') : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 16 - head.length - tail.length;
  if (halves.length === 2 ? missing < 2 : missing !== 0) return undefined;
  const bytes = [...head, ...Array.from({ length: missing }, () => 0), ...tail];
  // Java takes an IPv4 address that is written as IPv6 for what it is.
  const mapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
  return Uint8Array.from(mapped ? bytes.slice(12) : bytes);
}
/** As InetAddress.getHostAddress: groups of IPv6 are not shortened. */
export function inetText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  return Array.from({ length: 8 }, (_, i) => (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16)).join(
    ':',
  );
}
