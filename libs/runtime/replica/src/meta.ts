/** What a replica keeps in its store beside state and local part: who it is, how far it has applied, what it receives. */
import {
  ByteReader,
  ByteWriter,
  Epoch,
  type HybridTime,
  idFromBytes,
  idSizeBytes,
  idToBytes,
  LogIndex,
  type NodeId,
  type OrderedReader,
  type OrderedWriter,
  prefixedReader,
  prefixedWriter,
  StatusError,
  Term,
  utf8,
} from '@skerry/kernel';
import { type Configuration, decodeConfiguration, encodeConfiguration, type SnapshotMark } from '@skerry/cluster-raft';

const localPrefix = utf8('l/');
const metaPrefix = utf8('r/');
const identityKey = utf8('identity');
const appliedKey = utf8('applied');
const slotKey = utf8('slot');
const incomingKey = utf8('incoming');
const joiningKey = utf8('joining');
/** Version of the layout of all parts. 1: of a replica without others; operations remembered: 2: in two rows each, 3: in one, 4: dozens in a row. */
const formatVersion = 4;

/** The node's own part of a replica's store, readable before the replica is open. */
export const localPart = (store: OrderedReader): OrderedReader => prefixedReader(store, localPrefix);
export const localWriter = (writer: OrderedWriter): OrderedWriter => prefixedWriter(writer, localPrefix);
const metaPart = (store: OrderedReader): OrderedReader => prefixedReader(store, metaPrefix);
const metaWriter = (writer: OrderedWriter): OrderedWriter => prefixedWriter(writer, metaPrefix);

export type Identity = {
  readonly epoch: Epoch;
  /** Lives that were given away: the next one that is free. From 1. */
  readonly incarnation: number;
};
/** The last record whose writes are in the store, and its time. */
export type AppliedMark = { readonly index: LogIndex; readonly time: HybridTime };
/** A snapshot on its way into the slot that is not used. */
export type Incoming = {
  readonly id: string;
  readonly mark: SnapshotMark;
  readonly nextChunk: number;
  /** All of it is there, and durable. */
  readonly whole: boolean;
  readonly time: HybridTime;
};

/** Undefined in an empty store. @throws StatusError `format_newer`, with nothing touched. */
export function readIdentity(store: OrderedReader): Identity | undefined {
  const bytes = metaPart(store).get(identityKey);
  if (bytes === undefined) return undefined;
  const reader = new ByteReader(bytes);
  const version = reader.u32();
  if (version > formatVersion)
    throw new StatusError(
      'format_newer',
      `Cannot open replica: its format is ${version}, this program knows up to ${formatVersion}`,
    );
  const epoch = Epoch(idFromBytes(reader.raw(idSizeBytes)));
  // The first version held the life that was begun last.
  return { epoch, incarnation: reader.u64() + (version === 1 ? 1 : 0) };
}
export function writeIdentity(writer: OrderedWriter, { epoch, incarnation }: Identity): void {
  const bytes = new ByteWriter(28).u32(formatVersion).raw(idToBytes(epoch)).u64(incarnation).finish();
  metaWriter(writer).put(identityKey, bytes);
}

export function readApplied(store: OrderedReader): AppliedMark {
  const bytes = metaPart(store).get(appliedKey);
  if (bytes === undefined) return { index: LogIndex(0), time: { wallMs: 0, counter: 0 } };
  const reader = new ByteReader(bytes);
  return { index: LogIndex(reader.u64()), time: { wallMs: reader.u64(), counter: reader.u16() } };
}
export function writeApplied(writer: OrderedWriter, { index, time }: AppliedMark): void {
  const bytes = new ByteWriter(18).u64(index).u64(time.wallMs).u16(time.counter).finish();
  metaWriter(writer).put(appliedKey, bytes);
}

/** Whether this member is on its way to its first vote. One that was removed is not: it comes back by hand. */
export const readJoining = (store: OrderedReader): boolean => metaPart(store).get(joiningKey) !== undefined;
export function writeJoining(writer: OrderedWriter, joining: boolean): void {
  if (joining) metaWriter(writer).put(joiningKey, Uint8Array.of(1));
  else metaWriter(writer).delete(joiningKey);
}

/** Which of the two places holds the state. */
export const readSlot = (store: OrderedReader): 0 | 1 => (metaPart(store).get(slotKey)?.[0] === 1 ? 1 : 0);
export const writeSlot = (writer: OrderedWriter, slot: 0 | 1): void =>
  metaWriter(writer).put(slotKey, Uint8Array.of(slot));

export function readIncoming(store: OrderedReader): Incoming | undefined {
  const bytes = metaPart(store).get(incomingKey);
  if (bytes === undefined) return undefined;
  const reader = new ByteReader(bytes);
  const id = reader.text();
  const last = { index: LogIndex(reader.u64()), term: Term(reader.u64()) };
  const configuration = decodeConfiguration(reader.bytes());
  const nextChunk = reader.u64();
  const whole = reader.u8() === 1;
  const time = { wallMs: reader.u64(), counter: reader.u16() };
  reader.end();
  return { id, mark: { last, configuration }, nextChunk, whole, time };
}
export function writeIncoming(writer: OrderedWriter, incoming: Incoming | undefined): void {
  if (incoming === undefined) {
    metaWriter(writer).delete(incomingKey);
    return;
  }
  const { id, mark, nextChunk, whole, time } = incoming;
  const bytes = new ByteWriter(128)
    .text(id)
    .u64(mark.last.index)
    .u64(mark.last.term)
    .bytes(encodeConfiguration(mark.configuration))
    .u64(nextChunk)
    .u8(whole ? 1 : 0)
    .u64(time.wallMs)
    .u16(time.counter)
    .finish();
  metaWriter(writer).put(incomingKey, bytes);
}

/** Nobody votes: who joins, until a leader tells it. */
export const nobody: Configuration = { voters: [], outgoing: [], learners: [], departing: [] };
export const votersOf = (voters: readonly NodeId[]): Configuration => ({ ...nobody, voters });
