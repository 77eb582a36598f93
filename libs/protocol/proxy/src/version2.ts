/** The binary header. Source: §2.2. */
import { parseAddress } from '@skerry/kernel';
import { addressText } from './address-text.ts';
import type { Parsed, ProxyEnd } from './types.ts';

/** CR LF CR LF NUL CR LF "QUIT" LF: no protocol begins so. */
export const signature2 = Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a);
export const fixedSizeBytes = 16;
/** Longest header taken, in bytes: addresses and certificate details of a TLS proxy fit; the format allows 65,551. */
export const proxyHeaderSizeMaxBytes = 4_096;

const malformed = (why: string): Parsed => ({ kind: 'malformed', why });
const own = (sizeBytes: number): Parsed => ({ kind: 'header', header: { kind: 'own' }, sizeBytes });

/** Address bytes by family and transport: the high and the low nibble of byte 14. Others carry no client of TCP. */
const addressSizesBytes: ReadonlyMap<number, number> = new Map([
  [0x11, 4],
  [0x21, 16],
]);

/** `bytes` begins with what {@link signature2} begins with. */
export function parseVersion2(bytes: Uint8Array): Parsed {
  if (bytes.length < fixedSizeBytes) return { kind: 'more' };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [version, command] = [view.getUint8(12) >> 4, view.getUint8(12) & 0x0f];
  const sizeBytes = fixedSizeBytes + view.getUint16(14);
  if (version !== 2) return malformed(`the version is ${version}`);
  if (command > 1) return malformed(`the command is ${command}`);
  if (sizeBytes > proxyHeaderSizeMaxBytes) return malformed(`the header has ${sizeBytes} bytes`);
  if (bytes.length < sizeBytes) return { kind: 'more' };
  const family = view.getUint8(13);
  if (command === 0 || family === 0) return own(sizeBytes);
  const addressSizeBytes = addressSizesBytes.get(family);
  if (addressSizeBytes === undefined) return malformed(`the family is 0x${family.toString(16)}`);
  const portsAt = fixedSizeBytes + 2 * addressSizeBytes;
  if (sizeBytes < portsAt + 4) return malformed('the addresses are cut off');
  const end = (index: number): ProxyEnd => {
    const at = fixedSizeBytes + index * addressSizeBytes;
    const host = addressText([...bytes.subarray(at, at + addressSizeBytes)]);
    return { host: unmapped(host), port: view.getUint16(portsAt + 2 * index) };
  };
  return { kind: 'header', header: { kind: 'proxied', source: end(0), destination: end(1) }, sizeBytes };
}

/** An IPv4 client is one, also when a dual-stack proxy writes it as ::ffff:1.2.3.4 (RFC 4291 §2.5.5.2). */
const unmapped = (host: string): string => addressText(parseAddress(host) ?? []);
