/** Contents of files as recipes: what a file should be can be made again at any time, and nothing large is kept. */
import { createCipheriv, createHash } from 'node:crypto';

/** Bytes [0, length) of the stream that `seed` begins. */
export type Piece = { readonly seed: number; readonly length: number };
export type Content = { readonly pieces: readonly Piece[]; readonly length: number; readonly hash: string };

const streamOf = ({ seed, length }: Piece): Buffer => {
  const key = Buffer.alloc(16);
  key.writeUInt32BE(seed);
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length));
};
export const bytesOf = ({ pieces }: Pick<Content, 'pieces'>): Buffer => Buffer.concat(pieces.map(streamOf));

export function contentOf(pieces: readonly Piece[]): Content {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(streamOf(piece));
  return { pieces, length: pieces.reduce((sum, { length }) => sum + length, 0), hash: hash.digest('hex') };
}
/** What a file is with `more` behind it. */
export const joined = (before: Content, more: Content): Content => contentOf([...before.pieces, ...more.pieces]);
