/** What a proxy sends. Source: §2.1, §2.2. */
import { assert, concatBytes, parseAddress, utf8 } from '@skerry/kernel';
import type { ProxyHeader } from './types.ts';
import { fixedSizeBytes, signature2 } from './version2.ts';

const family1 = { 4: 'TCP4', 16: 'TCP6' } as const;

/** @param tlvs what version 2 carries behind the addresses. */
export function formatProxyHeader(header: ProxyHeader, version: 1 | 2, tlvs = new Uint8Array(0)): Uint8Array {
  if (version === 1) return utf8(header.kind === 'own' ? 'PROXY UNKNOWN\r\n' : line(header));
  const body = header.kind === 'own' ? new Uint8Array(0) : addresses(header);
  const fixed = new Uint8Array(fixedSizeBytes);
  fixed.set(signature2);
  fixed[12] = header.kind === 'own' ? 0x20 : 0x21;
  fixed[13] = body.length === 0 ? 0x00 : body.length === 12 ? 0x11 : 0x21;
  new DataView(fixed.buffer).setUint16(14, body.length + tlvs.length);
  return concatBytes([fixed, body, tlvs]);
}

type Proxied = Extract<ProxyHeader, { kind: 'proxied' }>;
function both({ source, destination }: Proxied): readonly [readonly number[], readonly number[]] {
  const [from, to] = [parseAddress(source.host), parseAddress(destination.host)];
  assert(from !== undefined && from.length === to?.length, 'both ends are addresses of one family');
  return [from, to];
}
function line(header: Proxied): string {
  const { source, destination } = header;
  const family = both(header)[0].length === 4 ? family1[4] : family1[16];
  return `PROXY ${family} ${source.host} ${destination.host} ${source.port} ${destination.port}\r\n`;
}
function addresses(header: Proxied): Uint8Array {
  const ports = new Uint8Array(4);
  const view = new DataView(ports.buffer);
  view.setUint16(0, header.source.port);
  view.setUint16(2, header.destination.port);
  return concatBytes([...both(header).map((bytes) => Uint8Array.from(bytes)), ports]);
}
