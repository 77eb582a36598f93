/**
 * Blocks of internet addresses: whether one is in another, as values.
 *
 * Source: RFC 4632 §3.1 (IPv4 prefixes), RFC 4291 §2.2–2.3 (IPv6 text and prefixes), §2.5.5.2 (IPv4-mapped).
 */
import { StatusError } from './errors.ts';

/** `bytes`: 4 or 16, of an IPv4-mapped address 4. `prefixBits`: how many of them count. */
export type AddressBlock = { readonly bytes: readonly number[]; readonly prefixBits: number };

const decimal = /^(0|[1-9]\d{0,2})$/;
function version4(text: string): readonly number[] | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => decimal.test(part) && Number(part) < 256)) return undefined;
  return parts.map(Number);
}

/** Groups of 16 bits on one side of `::`; the last may be written as IPv4. */
function groupsOf(text: string): readonly number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    const tail = index === parts.length - 1 ? version4(part) : undefined;
    if (tail !== undefined) bytes.push(...tail);
    else if (/^[0-9a-f]{1,4}$/i.test(part))
      bytes.push(Number.parseInt(part, 16) >> 8, Number.parseInt(part, 16) & 0xff);
    else return undefined;
  }
  return bytes;
}
function version6(text: string): readonly number[] | undefined {
  const sides = text.split('::');
  if (sides.length > 2) return undefined;
  const before = groupsOf(sides[0] ?? '');
  const after = groupsOf(sides[1] ?? '');
  if (before === undefined || after === undefined) return undefined;
  const missing = 16 - before.length - after.length;
  if (sides.length === 1 ? missing !== 0 : missing < 2) return undefined;
  return [...before, ...Array.from({ length: missing }, () => 0), ...after];
}
const isMapped = (bytes: readonly number[]): boolean =>
  bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;

/** Undefined when `text` is no address. A zone (`%eth0`) is left out: it names an interface, not another address. */
export function parseAddress(text: string): readonly number[] | undefined {
  const [plain = ''] = text.split('%');
  const bytes = plain.includes(':') ? version6(plain) : version4(plain);
  return bytes?.length === 16 && isMapped(bytes) ? bytes.slice(12) : bytes;
}

/** `10.0.0.0/8`, `2001:db8::/32`, or one address. @throws StatusError `malformed`. */
export function parseBlock(text: string): AddressBlock {
  const [address = '', prefix, more] = text.split('/');
  const bytes = parseAddress(address);
  const widthBits = (bytes?.length ?? 0) * 8;
  // A prefix is counted in the address as it was written: ::ffff:10.0.0.0/104 is 10.0.0.0/8.
  const cutBits = address.includes(':') && bytes?.length === 4 ? 96 : 0;
  const prefixBits = prefix === undefined ? widthBits : decimal.test(prefix) ? Number(prefix) - cutBits : -1;
  if (bytes === undefined || more !== undefined || prefixBits < 0 || prefixBits > widthBits)
    throw new StatusError(
      'malformed',
      `Cannot read network: must be an address or a block such as 10.0.0.0/8: got ${JSON.stringify(text)}`,
    );
  return { bytes, prefixBits };
}

/** Whether `address` lies in `block`; false for what is no address. */
export function inBlock({ bytes, prefixBits }: AddressBlock, address: string): boolean {
  const own = parseAddress(address);
  if (own === undefined || own.length !== bytes.length) return false;
  return bytes.every((byte, index) => {
    const left = Math.min(8, Math.max(0, prefixBits - index * 8));
    const mask = (0xff00 >> left) & 0xff;
    return (byte & mask) === ((own[index] ?? 0) & mask);
  });
}
