/**
 * Which IPv4 addresses to try when no discovery node is known (F11).
 *
 * Source: RFC 919 (broadcast), RFC 4632 §3.1 (prefixes).
 */
import type { NetworkInterface } from '@skerry/runtime-world';

/** The mask is not widened beyond this prefix: routers do not carry broadcasts of whole provinces. */
export const prefixWidest = 16;
/** Only so many addresses around our own are swept, as a prefix: 1,022 hosts of a /22. */
export const sweepPrefixWidest = 22;
export const limitedBroadcast = '255.255.255.255';

/** Unsigned 32 bits; undefined when it is no dotted quad. */
export function parseIpv4(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return undefined;
  const bytes = match.slice(1).map(Number);
  if (bytes.some((byte) => byte > 255)) return undefined;
  return bytes.reduce((value, byte) => value * 256 + byte, 0);
}
export const formatIpv4 = (value: number): string => [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff).join('.');

/** Length of a mask such as 255.255.255.0; undefined when its ones are not in front. */
export function prefixOf(netmask: string): number | undefined {
  const mask = parseIpv4(netmask);
  if (mask === undefined) return undefined;
  const prefix = Math.clz32(~mask);
  return maskOf(prefix) === mask ? prefix : undefined;
}
const maskOf = (prefix: number): number => (prefix === 0 ? 0 : (0xffffffff << (32 - prefix)) >>> 0);
const broadcastOf = (address: number, prefix: number): number => (address | ~maskOf(prefix)) >>> 0;

type Subnet = { readonly address: number; readonly prefix: number };
function subnets(interfaces: readonly NetworkInterface[]): readonly Subnet[] {
  return interfaces.flatMap(({ address: text, netmask }) => {
    const address = parseIpv4(text);
    const prefix = prefixOf(netmask);
    return address === undefined || prefix === undefined || prefix === 32 ? [] : [{ address, prefix }];
  });
}

/**
 * First the limited broadcast and each interface's own, then those of masks one bit wider, step by step: in an overlay
 * network the interface's mask is often narrower than the network.
 */
export function* broadcastSteps(interfaces: readonly NetworkInterface[]): Iterable<readonly string[]> {
  const known = subnets(interfaces);
  const tried = new Set([limitedBroadcast]);
  const fresh = (addresses: readonly string[]): readonly string[] =>
    addresses.filter((address) => !tried.has(address) && tried.add(address));
  yield [limitedBroadcast, ...fresh(known.map(({ address, prefix }) => formatIpv4(broadcastOf(address, prefix))))];
  for (let widening = 1; widening <= 32 - prefixWidest; widening++) {
    const wider = known.filter(({ prefix }) => prefix - widening >= prefixWidest);
    const step = fresh(wider.map(({ address, prefix }) => formatIpv4(broadcastOf(address, prefix - widening))));
    if (step.length > 0) yield step;
  }
}

/** The hosts of each interface's subnet, or of the /22 around us in a wider one, nearest numbers first; not our own. */
export function* sweepAddresses(interfaces: readonly NetworkInterface[]): Iterable<string> {
  const own = new Set(interfaces.map(({ address }) => address));
  const tried = new Set<number>();
  for (const { address, prefix } of subnets(interfaces)) {
    const narrow = Math.max(prefix, sweepPrefixWidest);
    const first = (address & maskOf(narrow)) >>> 0;
    const last = broadcastOf(address, narrow);
    for (let distance = 1; distance <= last - first; distance++)
      for (const host of [address + distance, address - distance]) {
        if (host <= first || host >= last || tried.has(host) || own.has(formatIpv4(host))) continue;
        tried.add(host);
        yield formatIpv4(host);
      }
  }
}
