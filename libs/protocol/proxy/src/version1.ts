/** The line of text. Source: §2.1. */
import { parseAddress } from '@skerry/kernel';
import { addressText } from './address-text.ts';
import type { Parsed } from './types.ts';

export const signature1 = 'PROXY';
/** Longest line with its CRLF, in bytes (§2.1). */
const lineSizeMaxBytes = 107;

const malformed = (why: string): Parsed => ({ kind: 'malformed', why });

/** `bytes` begins with what {@link signature1} begins with. */
export function parseVersion1(bytes: Uint8Array): Parsed {
  const end = bytes.subarray(0, lineSizeMaxBytes).indexOf(0x0d);
  if (end === -1) return bytes.length < lineSizeMaxBytes ? { kind: 'more' } : malformed('the line is too long');
  if (end + 1 === bytes.length && end + 1 < lineSizeMaxBytes) return { kind: 'more' };
  if (bytes[end + 1] !== 0x0a || end + 2 > lineSizeMaxBytes) return malformed('the line does not end with CRLF');
  return parseLine(String.fromCharCode(...bytes.subarray(0, end)), end + 2);
}

function parseLine(line: string, sizeBytes: number): Parsed {
  const [signature, family, source = '', destination = '', sourcePort = '', destinationPort = '', more] =
    line.split(' ');
  if (signature !== signature1) return malformed('the line does not begin with "PROXY "');
  if (family === 'UNKNOWN') return { kind: 'header', header: { kind: 'own' }, sizeBytes };
  if (more !== undefined) return malformed('the line has more than six words');
  const length = family === 'TCP4' ? 4 : family === 'TCP6' ? 16 : undefined;
  if (length === undefined) return malformed('the family is none of TCP4, TCP6, UNKNOWN');
  const hosts = [source, destination].map((text) => hostOf(text, length));
  const ports = [sourcePort, destinationPort].map(portOf);
  const [sourceHost, destinationHost] = hosts;
  const [from, to] = ports;
  if (sourceHost === undefined || destinationHost === undefined) return malformed('an address is none of its family');
  if (from === undefined || to === undefined) return malformed('a port is none');
  const header = {
    kind: 'proxied',
    source: { host: sourceHost, port: from },
    destination: { host: destinationHost, port: to },
  } as const;
  return { kind: 'header', header, sizeBytes };
}

/** TCP6 may carry an IPv4-mapped address, which is the IPv4 client. */
function hostOf(text: string, length: number): string | undefined {
  const bytes = /^[0-9a-fA-F:.]+$/.test(text) ? parseAddress(text) : undefined;
  return bytes === undefined || text.includes(':') !== (length === 16) ? undefined : addressText(bytes);
}
const portOf = (text: string): number | undefined =>
  /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined;
