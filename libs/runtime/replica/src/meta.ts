/** What a replica keeps in its store beside state and local part, and how the three are kept apart. */
import {
  ByteReader,
  ByteWriter,
  Epoch,
  type HybridTime,
  idFromBytes,
  idSizeBytes,
  idToBytes,
  LogIndex,
  type OrderedReader,
  type OrderedWriter,
  prefixedReader,
  prefixedWriter,
  StatusError,
  utf8,
} from '@skerry/kernel';

/** No key is in two of them. */
const statePrefix = utf8('s/');
const localPrefix = utf8('l/');
const metaPrefix = utf8('r/');
const identityKey = utf8('identity');
const appliedKey = utf8('applied');
/** Version of the layout of all three parts. */
const formatVersion = 1;

export const statePart = (store: OrderedReader): OrderedReader => prefixedReader(store, statePrefix);
export const stateWriter = (writer: OrderedWriter): OrderedWriter => prefixedWriter(writer, statePrefix);
/** The node's own part of a replica's store, readable before the replica is open. */
export const localPart = (store: OrderedReader): OrderedReader => prefixedReader(store, localPrefix);
export const localWriter = (writer: OrderedWriter): OrderedWriter => prefixedWriter(writer, localPrefix);

export type Identity = {
  readonly epoch: Epoch;
  /** Counts the starts of this node, from 1. */
  readonly incarnation: number;
};
/** The last record whose writes are in the store, and its time. */
export type AppliedMark = { readonly index: LogIndex; readonly time: HybridTime };

/** Undefined in an empty store. @throws StatusError `format_newer`, with nothing touched. */
export function readIdentity(store: OrderedReader): Identity | undefined {
  const bytes = prefixedReader(store, metaPrefix).get(identityKey);
  if (bytes === undefined) return undefined;
  const reader = new ByteReader(bytes);
  const version = reader.u32();
  if (version > formatVersion)
    throw new StatusError(
      'format_newer',
      `Cannot open replica: its format is ${version}, this program knows up to ${formatVersion}`,
    );
  return { epoch: Epoch(idFromBytes(reader.raw(idSizeBytes))), incarnation: reader.u64() };
}
export function writeIdentity(writer: OrderedWriter, { epoch, incarnation }: Identity): void {
  const bytes = new ByteWriter(28).u32(formatVersion).raw(idToBytes(epoch)).u64(incarnation).finish();
  prefixedWriter(writer, metaPrefix).put(identityKey, bytes);
}

export function readApplied(store: OrderedReader): AppliedMark {
  const bytes = prefixedReader(store, metaPrefix).get(appliedKey);
  if (bytes === undefined) return { index: LogIndex(0), time: { wallMs: 0, counter: 0 } };
  const reader = new ByteReader(bytes);
  return { index: LogIndex(reader.u64()), time: { wallMs: reader.u64(), counter: reader.u16() } };
}
export function writeApplied(writer: OrderedWriter, { index, time }: AppliedMark): void {
  const bytes = new ByteWriter(18).u64(index).u64(time.wallMs).u16(time.counter).finish();
  prefixedWriter(writer, metaPrefix).put(appliedKey, bytes);
}
