/** What routers and auth nodes count failed logins by (F15), and for how long. */
import { parseAddress } from '@skerry/kernel';

/** Failures are forgotten when there was none for so long, in ms: longer than the longest lock-out. */
export const failuresForgottenMs = 30 * 60_000;
/** How long a user's address counts as the user's own after a login there, in ms: holidays included. */
export const placeKnownForMs = 30 * 24 * 3_600_000;
/** Leading bits of an IPv6 address that count: whoever has one address has the network (RFC 6177). */
const networkBitsVersion6 = 64;

/** What counts as one place: an IPv4 address, an IPv6 network of 64 bits. Without blanks. */
export function loginPlaceOf(address: string): string {
  const bytes = parseAddress(address);
  if (bytes === undefined) return address.replaceAll(' ', '_');
  if (bytes.length === 4) return bytes.join('.');
  const network = bytes.slice(0, networkBitsVersion6 / 8);
  return `${network.map((byte) => byte.toString(16).padStart(2, '0')).join('')}/${networkBitsVersion6}`;
}
