/**
 * What stands at a name, as it is stored.
 *
 * Source: `islands.md`: a value is the set of the versions of which none covers another (siblings); with one epoch it
 * has one member, the first. A version knows its dot (epoch, index), the operation that wrote it, and its context, so
 * that the format need not change when islands come.
 * Assumes: what LIST needs comes first in the bytes, so that {@link readHead} need not touch the rest.
 */
import { ByteReader, ByteWriter, readVector, StatusError, writeVector } from '@skerry/kernel';
import type { Epoch, HybridTime, OperationId, VersionVector } from '@skerry/kernel';
import { type Extent, readExtents, writeExtents } from './extents.ts';
import { type EntryId, readEntryId, readEpoch, readOperationId, writeId } from './ids.ts';

export type EntryKind = 'file' | 'directory';

/** What a listing shows. */
export type EntryHead = {
  readonly kind: EntryKind;
  readonly id: EntryId;
  /** Bytes; 0 for a directory. */
  readonly size: number;
  readonly modifiedMs: number;
  readonly createdMs: number;
  /** POSIX permission bits. */
  readonly mode: number;
  readonly owner: string;
  readonly group: string;
  /** Log index of the record that wrote this version: with {@link EntryVersion.epoch}, its dot. */
  readonly version: number;
};
export type EntryVersion = EntryHead & {
  readonly epoch: Epoch;
  readonly time: HybridTime;
  readonly operation: OperationId;
  /** All versions that this one has replaced, and itself. */
  readonly context: VersionVector;
  /** Empty for a directory. */
  readonly extents: readonly Extent[];
};
export type NamedHead = EntryHead & { readonly name: string };
/**
 * What stands at a name, as it is shown. Field by field: V8 gives each spread object with a field behind it a hidden class
 * of its own, and whoever reads it goes the slow way for each field.
 */
export const namedHead = (entry: EntryHead, name: string): NamedHead => ({
  name,
  kind: entry.kind,
  id: entry.id,
  size: entry.size,
  modifiedMs: entry.modifiedMs,
  createdMs: entry.createdMs,
  mode: entry.mode,
  version: entry.version,
  owner: entry.owner,
  group: entry.group,
});

const entryFormat = 1;
const kinds = { file: 1, directory: 2 } as const satisfies Record<EntryKind, number>;

export const writeKind = (writer: ByteWriter, kind: EntryKind): ByteWriter => writer.u8(kinds[kind]);
export function readKind(reader: ByteReader): EntryKind {
  const byte = reader.u8();
  if (byte === kinds.file) return 'file';
  if (byte === kinds.directory) return 'directory';
  throw new StatusError('malformed', `Cannot read entry: unknown kind ${byte}`);
}

export function writeHead(writer: ByteWriter, head: EntryHead): void {
  writeKind(writer, head.kind);
  writeId(writer, head.id).u64(head.size).u64(head.modifiedMs).u64(head.createdMs).u16(head.mode);
  writer.u64(head.version).text(head.owner).text(head.group);
}

export function readHead(reader: ByteReader): EntryHead {
  const kind = readKind(reader);
  const id = readEntryId(reader);
  // One by one: a listing decodes tens of thousands, and a tuple costs as much as the rest.
  const size = reader.u64();
  const modifiedMs = reader.u64();
  const createdMs = reader.u64();
  const mode = reader.u16();
  const version = reader.u64();
  return { kind, id, size, modifiedMs, createdMs, mode, version, owner: reader.text(), group: reader.text() };
}

/** @param siblings at least one; the first is the one that is shown. */
export function encodeEntry(siblings: readonly EntryVersion[]): Uint8Array {
  const writer = new ByteWriter(256).u8(entryFormat).u8(siblings.length);
  for (const version of siblings) {
    writeHead(writer, version);
    writeId(writer, version.epoch).u64(version.time.wallMs).u16(version.time.counter);
    writeId(writer, version.operation);
    writeVector(writer, version.context);
    writeExtents(writer, version.extents);
  }
  return writer.finish();
}

function openEntry(bytes: Uint8Array): { reader: ByteReader; count: number } {
  const reader = new ByteReader(bytes);
  const format = reader.u8();
  if (format !== entryFormat)
    throw new StatusError(
      'format_newer',
      `Cannot read entry: its format is ${format}, this program knows ${entryFormat}`,
    );
  const count = reader.u8();
  if (count === 0) throw new StatusError('malformed', 'Cannot read entry: it has no version');
  return { reader, count };
}

/**
 * Copies nothing but numbers and texts: the result may outlive `bytes`. @throws StatusError `malformed`,
 * `format_newer`.
 */
export function decodeEntry(bytes: Uint8Array): readonly EntryVersion[] {
  const { reader, count } = openEntry(bytes);
  const siblings: EntryVersion[] = [];
  for (let left = count; left > 0; left--) {
    const { kind, id, size, modifiedMs, createdMs, mode, version, owner, group } = readHead(reader);
    const epoch = readEpoch(reader);
    const time = { wallMs: reader.u64(), counter: reader.u16() };
    const operation = readOperationId(reader);
    const context = readVector(reader);
    const extents = readExtents(reader);
    // Field by field: a spread object with more behind it takes V8's slow way.
    siblings.push({
      kind,
      id,
      size,
      modifiedMs,
      createdMs,
      mode,
      version,
      owner,
      group,
      epoch,
      time,
      operation,
      context,
      extents,
    });
  }
  reader.end();
  return siblings;
}

/** The head of the version that is shown. */
export const decodeHead = (bytes: Uint8Array): EntryHead => readHead(openEntry(bytes).reader);
/** The same with its name: in a listing a spread object costs more than the reading. */
export const decodeNamedHead = (bytes: Uint8Array, name: string): NamedHead =>
  readNamedHead(openEntry(bytes).reader, name);
export function readNamedHead(reader: ByteReader, name: string): NamedHead {
  const { kind, id, size, modifiedMs, createdMs, mode, version, owner, group } = readHead(reader);
  return { name, kind, id, size, modifiedMs, createdMs, mode, version, owner, group };
}
