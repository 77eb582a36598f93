/**
 * What the wal holds beside entries: what a write of the machine says that is no entry, in one record, so that a crash
 * leaves all of it or nothing.
 *
 * format (1) · group (text) · epoch (16) · parts (1) · of those present: hard state: term (8) · standing (1) · voted (1) ·
 * vote (text) — mark: index (8) · term (8) · configuration (bytes, none when nobody votes) — truncation: index (8)
 *
 * An entry's record begins with the version of log records, which stays below 128; this one begins above.
 */
import {
  type Configuration,
  configurationOf,
  decodeConfiguration,
  encodeConfiguration,
  type HardState,
  type SnapshotMark,
  type Standing,
} from '@skerry/cluster-raft';
import {
  assert,
  ByteReader,
  ByteWriter,
  emptyBytes,
  Epoch,
  GroupId,
  idFromBytes,
  idSizeBytes,
  idToBytes,
  isNodeId,
  LogIndex,
  NodeId,
  type RecordIdentity,
  StatusError,
  Term,
} from '@skerry/kernel';

const controlFormat = 0x81;
const firstControlFormat = 0x80;
/** On disk: never renumbered. */
const standingBytes: Readonly<Record<Standing, number>> = { member: 1, new: 2, damaged: 3 };
const standings = Object.keys(standingBytes) as readonly Standing[];
const parts = { hardState: 1, installed: 2, compacted: 4, truncateFrom: 8 } as const;
const partsKnown = 15;

export type Control = {
  readonly hardState?: HardState | undefined;
  /** `installed`: state and log are replaced. `compacted`: entries behind it stay. Comes with the hard state: all before may go. */
  readonly mark?: { readonly kind: 'installed' | 'compacted'; readonly snapshot: SnapshotMark } | undefined;
  readonly truncateFrom?: LogIndex | undefined;
};

export const isControl = (record: Uint8Array): boolean => (record[0] ?? 0) >= firstControlFormat;

export function encodeControl({ group, epoch }: RecordIdentity, control: Control): Uint8Array {
  const { hardState, mark, truncateFrom } = control;
  assert(
    mark === undefined || hardState !== undefined,
    'a mark without hard state: the log could not be cut before it',
  );
  const writer = new ByteWriter(128).u8(controlFormat).text(group).raw(idToBytes(epoch));
  writer.u8(
    (hardState === undefined ? 0 : parts.hardState) |
      (mark === undefined ? 0 : parts[mark.kind]) |
      (truncateFrom === undefined ? 0 : parts.truncateFrom),
  );
  if (hardState !== undefined) {
    const { term, vote, standing } = hardState;
    writer
      .u64(term)
      .u8(standingBytes[standing])
      .u8(vote === undefined ? 0 : 1)
      .text(vote ?? '');
  }
  if (mark !== undefined) {
    const { last, configuration } = mark.snapshot;
    writer.u64(last.index).u64(last.term).bytes(configurationBytes(configuration));
  }
  if (truncateFrom !== undefined) writer.u64(truncateFrom);
  return writer.finish();
}
/** The machine's own codec knows no configuration without voters; one that joins has nobody in it. */
function configurationBytes(configuration: Configuration): Uint8Array {
  const { voters, outgoing, learners, departing } = configuration;
  if (voters.length > 0) return encodeConfiguration(configuration);
  assert(outgoing.length + learners.length + departing.length === 0, 'a configuration has members, but no voters');
  return emptyBytes;
}

/** Whose record it is. @throws StatusError `malformed`, `format_newer`. */
export const peekControl = (record: Uint8Array): RecordIdentity => readIdentity(new ByteReader(record));

function readIdentity(reader: ByteReader): RecordIdentity {
  const format = reader.u8();
  if (format !== controlFormat)
    throw new StatusError(
      'format_newer',
      `Cannot read control record: its format is ${format}, this program knows ${controlFormat}`,
    );
  return { group: GroupId(reader.text()), epoch: Epoch(idFromBytes(reader.raw(idSizeBytes))) };
}

/** @throws StatusError `malformed`, `format_newer`; `corrupt` for one of another group or epoch. */
export function decodeControl(record: Uint8Array, { group, epoch }: RecordIdentity): Control {
  const reader = new ByteReader(record);
  const found = readIdentity(reader);
  if (found.group !== group || found.epoch !== epoch)
    throw new StatusError(
      'corrupt',
      `Cannot read control record: it is of group "${found.group}", epoch ${found.epoch}: wanted group "${group}", ` +
        `epoch ${epoch}`,
    );
  const present = reader.u8();
  const has = (part: number): boolean => (present & part) !== 0;
  const markless = !has(parts.installed) && !has(parts.compacted);
  if (present > partsKnown || (has(parts.installed) && has(parts.compacted)) || (!markless && !has(parts.hardState)))
    throw new StatusError('malformed', `Cannot read control record: unknown parts ${present}`);
  const hardState = has(parts.hardState) ? readHardState(reader) : undefined;
  const snapshot = markless ? undefined : readMark(reader);
  const kind = has(parts.installed) ? 'installed' : 'compacted';
  const truncateFrom = has(parts.truncateFrom) ? LogIndex(reader.u64()) : undefined;
  reader.end();
  return { hardState, mark: snapshot === undefined ? undefined : { kind, snapshot }, truncateFrom };
}
function readHardState(reader: ByteReader): HardState {
  const term = Term(reader.u64());
  const standingByte = reader.u8();
  const standing = standings.find((name) => standingBytes[name] === standingByte);
  if (standing === undefined)
    throw new StatusError('malformed', `Cannot read control record: unknown standing ${standingByte}`);
  const voted = reader.u8() !== 0;
  const vote = reader.text();
  if (voted !== isNodeId(vote))
    throw new StatusError('malformed', `Cannot read control record: a vote for "${vote}" is none`);
  return { term, vote: voted ? NodeId(vote) : undefined, standing };
}
function readMark(reader: ByteReader): SnapshotMark {
  const last = { index: LogIndex(reader.u64()), term: Term(reader.u64()) };
  const bytes = reader.bytes();
  return { last, configuration: bytes.length === 0 ? configurationOf([]) : decodeConfiguration(bytes) };
}
