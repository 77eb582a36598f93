/** Commands in bytes: a format byte, a kind byte, the fields. */
import { ByteReader, ByteWriter, StatusError, unreachable } from '@skerry/kernel';
import type {
  Combine,
  FileTreeCommand,
  Forget,
  MakeDirectory,
  OpenStage,
  Put,
  PutCondition,
  PutTail,
  Quota,
} from './command.ts';
import { readExtents, writeExtents } from './extents.ts';
import { type Place, readBlobId, readEntryId, writeId } from './ids.ts';

export const commandFormat = 1;
const kinds = {
  put: 1,
  openStage: 2,
  extendStage: 3,
  dropStage: 4,
  makeDirectory: 5,
  removeDirectory: 6,
  removeFile: 7,
  rename: 8,
  setAttributes: 9,
  forget: 10,
  compact: 11,
  combine: 12,
  supersedeStage: 13,
} as const satisfies Record<FileTreeCommand['kind'], number>;
const kindOfByte: ReadonlyMap<number, FileTreeCommand['kind']> = new Map(
  Object.entries(kinds).map(([kind, byte]) => [byte, kind as FileTreeCommand['kind']]),
);
const conditions = ['any', 'absent', 'version'] as const satisfies readonly PutCondition['kind'][];
const tails = ['none', 'inline', 'blob'] as const satisfies readonly PutTail['kind'][];

const writePlace = (writer: ByteWriter, { directory, name }: Place): ByteWriter =>
  writeId(writer, directory).text(name);
const readPlace = (reader: ByteReader): Place => ({ directory: readEntryId(reader), name: reader.text() });

function writeFlag(writer: ByteWriter, flag: boolean): ByteWriter {
  return writer.u8(flag ? 1 : 0);
}
function readFlag(reader: ByteReader): boolean {
  const byte = reader.u8();
  if (byte > 1) throw new StatusError('malformed', `Cannot read command: a flag must be 0 or 1: got ${byte}`);
  return byte === 1;
}
function writeOptional(writer: ByteWriter, value: number | undefined): ByteWriter {
  writeFlag(writer, value !== undefined);
  return value === undefined ? writer : writer.u64(value);
}
const readOptional = (reader: ByteReader): number | undefined => (readFlag(reader) ? reader.u64() : undefined);

function writeQuota(writer: ByteWriter, quota: Quota): void {
  writeOptional(writer, quota.bytes);
  writeOptional(writer, quota.files);
}
const readQuota = (reader: ByteReader): Quota => ({ bytes: readOptional(reader), files: readOptional(reader) });

function writeCondition(writer: ByteWriter, condition: PutCondition): void {
  writer.u8(conditions.indexOf(condition.kind));
  if (condition.kind === 'version') writer.u64(condition.version);
}
function readCondition(reader: ByteReader): PutCondition {
  const byte = reader.u8();
  const kind = conditions[byte];
  if (kind === undefined) throw new StatusError('malformed', `Cannot read command: unknown condition ${byte}`);
  return kind === 'version' ? { kind, version: reader.u64() } : { kind };
}

function writeTail(writer: ByteWriter, tail: PutTail): void {
  writer.u8(tails.indexOf(tail.kind));
  if (tail.kind === 'inline') writeId(writer, tail.blob).bytes(tail.bytes);
  else if (tail.kind === 'blob') writeId(writer, tail.blob).u64(tail.length);
}
function readTail(reader: ByteReader): PutTail {
  const byte = reader.u8();
  const kind = tails[byte];
  switch (kind) {
    case 'none':
      return { kind };
    case 'inline':
      return { kind, blob: readBlobId(reader), bytes: reader.bytes() };
    case 'blob':
      return { kind, blob: readBlobId(reader), length: reader.u64() };
    case undefined:
      throw new StatusError('malformed', `Cannot read command: unknown tail ${byte}`);
    default:
      return unreachable(kind);
  }
}

function writePut(writer: ByteWriter, put: Put): void {
  writePlace(writer, put.place).text(put.user).text(put.group).u16(put.mode);
  writeId(writer, put.fileId);
  writeCondition(writer, put.condition);
  writeQuota(writer, put.quota);
  writeExtents(writer, put.prefix);
  writeTail(writer, put.tail);
  writeOptional(writer, put.token);
}
const readPut = (reader: ByteReader): Put => ({
  kind: 'put',
  place: readPlace(reader),
  user: reader.text(),
  group: reader.text(),
  mode: reader.u16(),
  fileId: readEntryId(reader),
  condition: readCondition(reader),
  quota: readQuota(reader),
  prefix: readExtents(reader),
  tail: readTail(reader),
  token: readOptional(reader),
});

function writeOpenStage(writer: ByteWriter, command: OpenStage): void {
  writePlace(writer, command.place).text(command.user).u64(command.from);
  writeExtents(writer, command.prefix);
  writeFlag(writeId(writer, command.blob).u64(command.blobLength), command.cut);
  writeQuota(writer, command.quota);
  // Came later: records without it end here.
  if (command.superseded) writeFlag(writer, true);
}
const readOpenStage = (reader: ByteReader): OpenStage => ({
  kind: 'openStage',
  place: readPlace(reader),
  user: reader.text(),
  from: reader.u64(),
  prefix: readExtents(reader),
  blob: readBlobId(reader),
  blobLength: reader.u64(),
  cut: readFlag(reader),
  quota: readQuota(reader),
  superseded: reader.remaining > 0 && readFlag(reader),
});

function writeMakeDirectory(writer: ByteWriter, command: MakeDirectory): void {
  writeId(writer, command.directory).u16(command.names.length);
  for (const [i, name] of command.names.entries()) {
    const id = command.ids[i];
    if (id === undefined) throw new StatusError('malformed', `Cannot write command: no id for name ${i}`);
    writeId(writer.text(name), id);
  }
  writeFlag(writer, command.parents).text(command.user).text(command.group).u16(command.mode);
}
function readMakeDirectory(reader: ByteReader): MakeDirectory {
  const directory = readEntryId(reader);
  const count = reader.u16();
  const names = [];
  const ids = [];
  for (let i = 0; i < count; i++) {
    names.push(reader.text());
    ids.push(readEntryId(reader));
  }
  const parents = readFlag(reader);
  const [user, group, mode] = [reader.text(), reader.text(), reader.u16()];
  return { kind: 'makeDirectory', directory, names, ids, parents, user, group, mode };
}

function writeCombine(writer: ByteWriter, command: Combine): void {
  writePlace(writer, command.place).u16(command.parts.length);
  for (const part of command.parts) writePlace(writer, part);
  writeId(writer.text(command.user).text(command.group).u16(command.mode), command.fileId);
  writeQuota(writer, command.quota);
}
function readCombine(reader: ByteReader): Combine {
  const place = readPlace(reader);
  const parts = [];
  for (let left = reader.u16(); left > 0; left--) parts.push(readPlace(reader));
  const [user, group, mode, fileId] = [reader.text(), reader.text(), reader.u16(), readEntryId(reader)];
  return { kind: 'combine', place, parts, user, group, mode, fileId, quota: readQuota(reader) };
}

function readForget(reader: ByteReader): Forget {
  const blobs = [];
  for (let left = reader.u16(); left > 0; left--) blobs.push(readBlobId(reader));
  return { kind: 'forget', blobs };
}

function writeFields(writer: ByteWriter, command: FileTreeCommand): unknown {
  switch (command.kind) {
    case 'put':
      return writePut(writer, command);
    case 'openStage':
      return writeOpenStage(writer, command);
    case 'extendStage':
      writeFlag(
        writePlace(writer, command.place).text(command.user).u64(command.token).u64(command.blobLength),
        command.cut,
      );
      return writeQuota(writer, command.quota);
    case 'dropStage':
      return writeOptional(writePlace(writer, command.place).text(command.user), command.token);
    case 'makeDirectory':
      return writeMakeDirectory(writer, command);
    case 'removeDirectory':
      return writePlace(writer, command.place);
    case 'removeFile':
    case 'supersedeStage':
      return writePlace(writer, command.place).text(command.user);
    case 'rename':
      return writePlace(writePlace(writer, command.from), command.to).text(command.user);
    case 'setAttributes':
      writeOptional(writeOptional(writePlace(writer, command.place), command.modifiedMs), command.mode);
      // Came later: records without it end here.
      return command.createdMs === undefined ? undefined : writer.u64(command.createdMs);
    case 'forget':
      writer.u16(command.blobs.length);
      return command.blobs.forEach((blob) => writeId(writer, blob));
    case 'compact':
      writePlace(writer, command.place).u64(command.version).u16(command.first);
      writeExtents(writer, command.replaced);
      return writeTail(writer, command.tail);
    case 'combine':
      return writeCombine(writer, command);
    default:
      return unreachable(command);
  }
}

function readFields(kind: FileTreeCommand['kind'], reader: ByteReader): FileTreeCommand {
  switch (kind) {
    case 'put':
      return readPut(reader);
    case 'openStage':
      return readOpenStage(reader);
    case 'extendStage': {
      const [place, user, token] = [readPlace(reader), reader.text(), reader.u64()];
      return { kind, place, user, token, blobLength: reader.u64(), cut: readFlag(reader), quota: readQuota(reader) };
    }
    case 'dropStage':
      return { kind, place: readPlace(reader), user: reader.text(), token: readOptional(reader) };
    case 'makeDirectory':
      return readMakeDirectory(reader);
    case 'removeDirectory':
      return { kind, place: readPlace(reader) };
    case 'removeFile':
    case 'supersedeStage':
      return { kind, place: readPlace(reader), user: reader.text() };
    case 'rename':
      return { kind, from: readPlace(reader), to: readPlace(reader), user: reader.text() };
    case 'setAttributes':
      return {
        kind,
        place: readPlace(reader),
        modifiedMs: readOptional(reader),
        mode: readOptional(reader),
        createdMs: reader.remaining === 0 ? undefined : reader.u64(),
      };
    case 'forget':
      return readForget(reader);
    case 'compact': {
      const [place, version] = [readPlace(reader), reader.u64()];
      return { kind, place, version, first: reader.u16(), replaced: readExtents(reader), tail: readTail(reader) };
    }
    case 'combine':
      return readCombine(reader);
    default:
      return unreachable(kind);
  }
}

export function encodeCommand(command: FileTreeCommand): Uint8Array {
  const inline = (command.kind === 'put' || command.kind === 'compact') && command.tail.kind === 'inline';
  const writer = new ByteWriter(inline ? 512 + command.tail.bytes.length : 512);
  writeFields(writer.u8(commandFormat).u8(kinds[command.kind]), command);
  return writer.finish();
}

/** Inline content is a view on `bytes`. @throws StatusError `malformed`, or `format_newer` for a format not known. */
export function decodeCommand(bytes: Uint8Array): FileTreeCommand {
  const reader = new ByteReader(bytes);
  const format = reader.u8();
  if (format !== commandFormat)
    throw new StatusError(
      'format_newer',
      `Cannot read command: its format is ${format}, this program knows ${commandFormat}`,
    );
  const byte = reader.u8();
  const kind = kindOfByte.get(byte);
  if (kind === undefined) throw new StatusError('malformed', `Cannot read command: unknown kind ${byte}`);
  const command = readFields(kind, reader);
  reader.end();
  return command;
}
