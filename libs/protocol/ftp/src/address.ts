/**
 * Addresses of data connections.
 *
 * Source: RFC 959 §4.1.2 (PORT, PASV), RFC 2428 (EPRT, EPSV), RFC 4291 §2.2 (text of IPv6 addresses).
 */
import { assert, fail, ok, type Result } from '@skerry/kernel';
import type { Reply } from './transfer-replies.ts';

export type HostPort = { readonly host: string; readonly port: number };
/** RFC 2428 §2: address family numbers of IANA. */
export type Family = 1 | 2;

/** A decimal number from 0 to `max`, digits only; undefined otherwise. */
function decimal(text: string, max: number): number | undefined {
  if (!/^\d{1,5}$/.test(text)) return undefined;
  const value = Number(text);
  return value <= max ? value : undefined;
}

/** The four parts of an IPv4 address; undefined when the text is none. */
function ipv4Parts(host: string): readonly number[] | undefined {
  const parts = host.split('.').map((part) => decimal(part, 255));
  const known = parts.filter((part) => part !== undefined);
  return parts.length === 4 && known.length === 4 ? known : undefined;
}

/** The eight groups of an IPv6 address; undefined when the text is none. */
function ipv6Groups(host: string): readonly number[] | undefined {
  const bare = host.replace(/%.*$/, '');
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(bare);
  let text = bare;
  if (dotted !== null) {
    const parts = ipv4Parts(dotted[2] ?? '');
    if (parts === undefined) return undefined;
    const [a = 0, b = 0, c = 0, d = 0] = parts;
    text = `${dotted[1]}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  }
  const halves = text.split('::');
  if (halves.length > 2 || !text.includes(':')) return undefined;
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')));
  if (groups.flat().some((group) => !/^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  const [head = [], tail = []] = groups;
  const gap = 8 - head.length - tail.length;
  if (halves.length === 1 ? gap !== 0 : gap < 1) return undefined;
  return [...head, ...Array.from({ length: gap }, () => '0'), ...tail].map((group) => Number.parseInt(group, 16));
}

/** One text for one address: an IPv4 address inside IPv6 (`::ffff:1.2.3.4`) is the IPv4 one. Undefined: no address. */
export function canonicalHost(host: string): string | undefined {
  const parts = ipv4Parts(host);
  if (parts !== undefined) return parts.join('.');
  const groups = ipv6Groups(host);
  if (groups === undefined) return undefined;
  const [high = 0, low = 0] = groups.slice(6);
  const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (mapped) return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
  return groups.map((group) => group.toString(16)).join(':');
}

export const sameHost = (a: string, b: string): boolean => {
  const known = canonicalHost(a);
  return known !== undefined && known === canonicalHost(b);
};
/** The family of an address as clients see it: IPv4 inside IPv6 is IPv4. */
export const familyOf = (host: string): Family => (canonicalHost(host)?.includes(':') === true ? 2 : 1);

/** PORT's argument: exactly six numbers from 0 to 255. */
export function parsePort(argument: string): Result<HostPort, 'malformed'> {
  const parts = argument.trim().split(',');
  const numbers = parts.map((part) => decimal(part, 255)).filter((part) => part !== undefined);
  if (parts.length !== 6 || numbers.length !== 6) return fail('malformed');
  const [high = 0, low = 0] = numbers.slice(4);
  return ok({ host: numbers.slice(0, 4).join('.'), port: high * 256 + low });
}

/** EPRT's argument: `|family|address|port|` with any delimiter. `family`: another family than 1 and 2. */
export function parseExtendedPort(argument: string): Result<HostPort & { family: Family }, 'malformed' | 'family'> {
  const text = argument.trim();
  const delimiter = text.charAt(0);
  if (!/^[!-~]$/.test(delimiter) || /[0-9a-zA-Z:.]/.test(delimiter)) return fail('malformed');
  const [before, family = '', address = '', port = '', after, ...more] = text.split(delimiter);
  const number = decimal(port, 65_535);
  if (before !== '' || after !== '' || more.length > 0 || number === undefined) return fail('malformed');
  if (!/^\d{1,5}$/.test(family)) return fail('malformed');
  if (family !== '1' && family !== '2') return fail('family');
  const valid = family === '1' ? ipv4Parts(address) : ipv6Groups(address);
  if (valid === undefined) return fail('malformed');
  return ok({ host: address, port: number, family: family === '1' ? 1 : 2 });
}

/** @param host the IPv4 address that the client can reach. */
export function formatPassiveReply(host: string, port: number): Reply {
  const parts = canonicalHost(host)?.split('.') ?? [];
  assert(parts.length === 4, `227 can name IPv4 addresses only: got "${host}"`);
  return { code: 227, lines: [`Entering Passive Mode (${[...parts, port >> 8, port & 0xff].join(',')}).`] };
}

export const formatExtendedPassiveReply = (port: number): Reply => ({
  code: 229,
  lines: [`Entering Extended Passive Mode (|||${port}|)`],
});
