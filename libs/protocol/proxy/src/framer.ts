/**
 * The header at the beginning of a connection, from any segmentation.
 *
 * Source: §2: a receiver that awaits a header takes nothing else, and never guesses.
 */
import { concatBytes, utf8 } from '@skerry/kernel';
import type { Parsed, ProxyHeader } from './types.ts';
import { parseVersion1, signature1 } from './version1.ts';
import { parseVersion2, signature2 } from './version2.ts';

export type ProxyProgress =
  | { readonly kind: 'more' }
  /** `rest`: what came behind the header. */
  | { readonly kind: 'header'; readonly header: ProxyHeader; readonly rest: Uint8Array }
  | { readonly kind: 'malformed'; readonly why: string };

const firstLine = utf8(`${signature1} `);

/** Holds no more than the longest header and one chunk. Done after anything but `more`. */
export class ProxyFramer {
  #bytes: Uint8Array = new Uint8Array(0);

  push(chunk: Uint8Array): ProxyProgress {
    this.#bytes = this.#bytes.length === 0 ? chunk : concatBytes([this.#bytes, chunk]);
    const parsed = parse(this.#bytes);
    if (parsed.kind !== 'header') return parsed;
    return { kind: 'header', header: parsed.header, rest: this.#bytes.subarray(parsed.sizeBytes) };
  }
}

function parse(bytes: Uint8Array): Parsed {
  if (begins(bytes, signature2)) return bytes.length < signature2.length ? { kind: 'more' } : parseVersion2(bytes);
  if (begins(bytes, firstLine)) return bytes.length < firstLine.length ? { kind: 'more' } : parseVersion1(bytes);
  return { kind: 'malformed', why: 'the connection does not begin with a PROXY header' };
}

/** As far as both go. */
function begins(bytes: Uint8Array, signature: Uint8Array): boolean {
  const length = Math.min(bytes.length, signature.length);
  for (let i = 0; i < length; i++) if (bytes[i] !== signature[i]) return false;
  return true;
}
