/**
 * Checksums that a client can ask for, under the names of HASH and of the older X commands.
 *
 * Source: draft-bryan-ftpext-hash (HASH, its reply and its FEAT line).
 */
import { toHex } from '@skerry/kernel';
import { data, type processing } from '@skerry/proto';
import type { Reply } from './transfer-replies.ts';

const { DigestAlgorithm } = data;

export type DigestRow = {
  /** As HASH, OPTS HASH and FEAT write it. */
  readonly name: string;
  readonly wire: data.DigestAlgorithm;
  /** Commands of its own. */
  readonly verbs: readonly string[];
};
/** The first one is chosen until OPTS HASH chooses another. */
export const digests: readonly DigestRow[] = [
  { name: 'SHA-256', wire: DigestAlgorithm.SHA256, verbs: ['XSHA256'] },
  { name: 'SHA-512', wire: DigestAlgorithm.SHA512, verbs: ['XSHA512'] },
  { name: 'SHA-1', wire: DigestAlgorithm.SHA1, verbs: ['XSHA', 'XSHA1'] },
  { name: 'MD5', wire: DigestAlgorithm.MD5, verbs: ['XMD5'] },
  { name: 'CRC32', wire: DigestAlgorithm.CRC32, verbs: ['XCRC'] },
];

/** `UNSPECIFIED`: no such algorithm. */
export const digestAlgorithm = (name: string): data.DigestAlgorithm =>
  digests.find((row) => row.name === name)?.wire ?? DigestAlgorithm.UNSPECIFIED;

/** @param length of the range that was read, in bytes. The range in the reply has its last byte in it. */
export function digestReply(directive: processing.Digest, digest: Uint8Array, length: number): Reply {
  const hex = toHex(digest);
  const { algorithm, name, start } = directive;
  if (name === '') return { code: 250, lines: [hex.toUpperCase()] };
  return { code: 213, lines: [`${algorithm} ${start}-${start + Math.max(0, length - 1)} ${hex} ${name}`] };
}
