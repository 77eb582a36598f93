/**
 * Keys of stored blocks: u32 table ∥ token, its sign turned ∥ 0, the partition key with each 0 as 0 255, 0 0 (or 1 and the
 * SHA-256 of a long one): the partition's head. A block of rows of a wide partition: that ∥ 1 ∥ the first bytes of a
 * clustering; it holds the rows from there on to the next block's.
 */
import { keySizeMaxBytes } from '@skerry/kernel';
import { sha256 } from './sha256.ts';
import { copyBytes } from './sink.ts';

/** A longer partition key is stored as its hash, and itself in the partition's head. */
export const partitionKeyPlainMaxBytes = 500;
export const tableSizeBytes = 4;
const tokenEnd = 12;
const plain = 0;
const hashed = 1;
const rowsMark = 1;

export class BlockKey {
  readonly bytes = new Uint8Array(keySizeMaxBytes + 1);
  readonly view = new DataView(this.bytes.buffer);
  /** Of what was set last. */
  size = 0;
  /** Of the partition's head. */
  prefixSize = 0;
  isHashed = false;

  setPartition(table: number, hi: number, lo: number, key: Uint8Array, from: number, size: number): void {
    const { bytes } = this;
    this.setToken(table, hi, lo);
    let at = tokenEnd;
    this.isHashed = size > partitionKeyPlainMaxBytes;
    if (this.isHashed) {
      bytes[at] = hashed;
      bytes.set(sha256(key.subarray(from, from + size)), at + 1);
      this.size = this.prefixSize = at + 33;
      return;
    }
    bytes[at++] = plain;
    for (let i = from; i < from + size; i++) {
      const byte = key[i] as number;
      bytes[at++] = byte;
      if (byte === 0) bytes[at++] = 0xff;
    }
    bytes[at++] = 0;
    bytes[at++] = 0;
    this.size = this.prefixSize = at;
  }
  /** The least key of a token. */
  setToken(table: number, hi: number, lo: number): void {
    this.view.setUint32(0, table);
    this.view.setUint32(4, hi ^ 0x80000000);
    this.view.setInt32(8, lo);
    this.size = this.prefixSize = tokenEnd;
  }
  /** The least key behind all of a token. */
  setBehindToken(table: number, hi: number, lo: number): void {
    if (lo !== -1) this.setToken(table, hi, lo + 1);
    else if (hi !== 0x7fffffff) this.setToken(table, hi + 1, 0);
    else this.setToken(table + 1, 0x80000000 | 0, 0);
  }
  setBytes(bytes: Uint8Array, size: number): void {
    copyBytes(bytes, 0, this.bytes, 0, size);
    this.size = size;
  }
  /** The block of the partition whose rows begin at or before a clustering: its key is the greatest up to this one. */
  setRows(ordered: Uint8Array, from: number, size: number): void {
    const at = this.prefixSize;
    this.bytes[at] = rowsMark;
    const kept = this.cut(size);
    copyBytes(ordered, from, this.bytes, at + 1, kept);
    this.size = at + 1 + kept;
  }
  /** As many bytes of a clustering as a key takes. */
  cut(size: number): number {
    return Math.min(size, keySizeMaxBytes - this.prefixSize - 1);
  }
  /** Behind all blocks of the partition. */
  setBehind(): void {
    this.bytes[this.prefixSize] = 0xff;
    this.size = this.prefixSize + 1;
  }
}

/** Size of the head's key that a block's key begins with. */
export function prefixSizeOf(key: Uint8Array, size: number): number {
  if (key[tokenEnd] === hashed) return tokenEnd + 33;
  let at = tokenEnd + 1;
  while (at + 1 < size && (key[at] !== 0 || key[at + 1] !== 0)) at += key[at] === 0 ? 2 : 1;
  return at + 2;
}
export const isHashedKey = (key: Uint8Array): boolean => key[tokenEnd] === hashed;
export const tokenHiOf = (view: DataView): number => view.getUint32(4) ^ 0x80000000;
export const tokenLoOf = (view: DataView): number => view.getInt32(8);
/** Writes the partition key of a plain block key into `into`. @returns its size. */
export function partitionKeyOf(key: Uint8Array, size: number, into: Uint8Array): number {
  let to = 0;
  for (let at = tokenEnd + 1; at < size - 2 || key[at] !== 0; at++) {
    const byte = key[at] as number;
    if (byte === 0) {
      if (key[at + 1] === 0) break;
      at += 1;
    }
    into[to++] = byte;
  }
  return to;
}
