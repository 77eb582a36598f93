/** Names of things that travel between nodes. */
import { assert, AssertionError } from './assert.ts';
import type { Brand } from './brand.ts';
import { fromHex, toHex } from './bytes.ts';
import type { RandomBytes } from './prng.ts';

/** A node's name, `<role>_<n>` or `<site>_<role>_<n>` (contracts). */
export type NodeId = Brand<string, 'NodeId'>;
/** The replicated group that a log belongs to, such as `data` or `auth`. */
export type GroupId = Brand<string, 'GroupId'>;
/** One unbroken history of a group (islands.md): 16 bytes, as 32 hexadecimal digits. */
export type Epoch = Brand<string, 'Epoch'>;
/** Raft's logical clock. Starts at 0, never goes down. */
export type Term = Brand<number, 'Term'>;
/** Position in a log. The first record has 1; 0 is before all. */
export type LogIndex = Brand<number, 'LogIndex'>;
/** Identity of a write, chosen by whoever asks for it, kept across retries: a UUID's 16 bytes, as 32 hexadecimal digits. */
export type OperationId = Brand<string, 'OperationId'>;
/** Content that never changes under its name: 16 random bytes, as 32 hexadecimal digits. */
export type BlobId = Brand<string, 'BlobId'>;

export const NodeId = (text: string): NodeId => {
  assert(/^[a-z0-9][a-z0-9_-]{0,62}$/.test(text), `node id must be 1 to 63 of a-z 0-9 _ -: got "${text}"`);
  return text as NodeId;
};
export const isNodeId = (text: string): text is NodeId => /^[a-z0-9][a-z0-9_-]{0,62}$/.test(text);
export const GroupId = (text: string): GroupId => text as GroupId;
const natural = (value: number, what: string): number => {
  // Here and below no message is made that nobody reads: it would cost more than the rest.
  if (!Number.isSafeInteger(value) || value < 0)
    throw new AssertionError(`${what} must be an integer >= 0: got ${value}`);
  return value;
};
export const Term = (value: number): Term => natural(value, 'term') as Term;
export const LogIndex = (value: number): LogIndex => natural(value, 'log index') as LogIndex;

export const idSizeBytes = 16;
const hexId = (text: string, what: string): string => {
  if (!isHexId(text)) throw new AssertionError(`${what} must be 32 hexadecimal digits: got "${text}"`);
  return text;
};
/** By hand: an expression that is compiled takes several times as long. */
export function isHexId(text: string): boolean {
  if (text.length !== 2 * idSizeBytes) return false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const isDigit = code >= 0x30 && code <= 0x39;
    if (!isDigit && (code < 0x61 || code > 0x66)) return false;
  }
  return true;
}
export const Epoch = (text: string): Epoch => hexId(text, 'epoch') as Epoch;
export const OperationId = (text: string): OperationId => hexId(text, 'operation id') as OperationId;
export const BlobId = (text: string): BlobId => hexId(text, 'blob id') as BlobId;

/** 16 bytes of a hexadecimal id, for records. */
export const idToBytes = (id: Epoch | OperationId | BlobId): Uint8Array => fromHex(id) ?? new Uint8Array(idSizeBytes);
export const idFromBytes = (bytes: Uint8Array): string => {
  if (bytes.length !== idSizeBytes) throw new AssertionError(`id must have ${idSizeBytes} bytes: got ${bytes.length}`);
  return toHex(bytes);
};

/** A random UUID, version 4 (RFC 9562 §5.4), as 32 hexadecimal digits. */
export function randomId(random: RandomBytes): string {
  const bytes = random(idSizeBytes);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return toHex(bytes);
}

/** 32 hexadecimal digits in RFC 9562's form, with dashes. */
export const toUuid = (id: string): string =>
  `${id.slice(0, 8)}-${id.slice(8, 12)}-${id.slice(12, 16)}-${id.slice(16, 20)}-${id.slice(20)}`;
