/** The machine's messages as the proto's, and back. Pure. */
import type { Configuration, Position, SnapshotMark, Standing } from '@skerry/cluster-raft';
import {
  isNodeId,
  LogIndex,
  StatusError,
  Term,
  unreachable,
  type Checksum,
  type NodeId,
  type RecordCodec,
  type RecordEntry,
} from '@skerry/kernel';
import { raft } from '@skerry/proto';
import { configurationIdsCountMax } from './limits.ts';
import { keepable, packRecords, unpackRecords } from './records.ts';
import type { LinkMessage } from './types.ts';

type WireBody = NonNullable<raft.RaftMessage['body']>;
/** Whose frame a message came in, and how its records are read. */
export type Reading = {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly records: RecordCodec;
  readonly checksum: Checksum;
};

const standings = {
  member: raft.Standing.MEMBER,
  new: raft.Standing.NEW,
  damaged: raft.Standing.DAMAGED,
} as const satisfies Record<Standing, raft.Standing>;

/** Copies the records of an append; all else is small. */
export function encodeMessage(message: LinkMessage, checksum: Checksum): raft.RaftMessage {
  const { fromIncarnation, toIncarnation, term, body } = message;
  return { fromIncarnation, toIncarnation, term, body: encodeBody(body, checksum) };
}

function encodeBody(body: LinkMessage['body'], checksum: Checksum): WireBody {
  switch (body.kind) {
    case 'requestVote': {
      const { pre, last, transfer, standing } = body;
      return { $case: 'requestVote', value: { pre, last, transfer, standing: standings[standing] } };
    }
    case 'vote': {
      const { pre, granted, withheld } = body;
      return { $case: 'vote', value: { pre, granted, withheld } };
    }
    case 'append': {
      const { previous, commit, entries } = body;
      const records = packRecords(entries);
      return { $case: 'append', value: { previous, commit, records, recordsCrc32c: checksum(records) } };
    }
    case 'appended':
      return body.ok
        ? { $case: 'appended', value: { match: body.match } }
        : { $case: 'appendRefused', value: { previousIndex: body.previousIndex, hint: body.hint } };
    case 'heartbeat':
      return { $case: 'heartbeat', value: { commit: body.commit, round: body.round } };
    case 'heartbeatReply':
      return { $case: 'heartbeatReply', value: { round: body.round } };
    case 'timeoutNow':
      return { $case: 'timeoutNow', value: {} };
    case 'readIndex':
      return { $case: 'readIndex', value: { request: body.request } };
    case 'readIndexReply':
      return { $case: 'readIndexReply', value: { request: body.request, index: body.index } };
    case 'installSnapshot':
      return { $case: 'installSnapshot', value: { mark: encodeMark(body.mark) } };
    default:
      return unreachable(body);
  }
}

/**
 * The entries of an append are views on the bytes that came, or on a copy of them: see {@link keepable}.
 * @throws StatusError `malformed`; `corrupt` when a checksum, group or epoch does not fit; `too_large`; `format_newer`.
 */
export function decodeMessage(wire: raft.RaftMessage, reading: Reading): LinkMessage {
  const { from, to } = reading;
  const { fromIncarnation, toIncarnation } = wire;
  const term = Term(wire.term);
  const body = decodeBody(wire.body, reading);
  if (body.kind === 'append') checkOrder(body.previous, body.entries, term);
  return { from, fromIncarnation, to, toIncarnation, term, body };
}

function decodeBody(body: raft.RaftMessage['body'], reading: Reading): LinkMessage['body'] {
  switch (body?.$case) {
    case 'requestVote': {
      const { pre, last, transfer, standing } = body.value;
      return { kind: 'requestVote', pre, last: position(last), transfer, standing: decodeStanding(standing) };
    }
    case 'vote': {
      const { pre, granted, withheld } = body.value;
      return { kind: 'vote', pre, granted, withheld };
    }
    case 'append': {
      const { previous, commit } = body.value;
      const entries = decodeRecords(body.value, reading);
      return { kind: 'append', previous: position(previous), entries, commit: LogIndex(commit) };
    }
    case 'appended':
      return { kind: 'appended', ok: true, match: LogIndex(body.value.match) };
    case 'appendRefused': {
      const { previousIndex, hint } = body.value;
      return { kind: 'appended', ok: false, previousIndex: LogIndex(previousIndex), hint: position(hint) };
    }
    case 'heartbeat':
      return { kind: 'heartbeat', commit: LogIndex(body.value.commit), round: body.value.round };
    case 'heartbeatReply':
      return { kind: 'heartbeatReply', round: body.value.round };
    case 'timeoutNow':
      return { kind: 'timeoutNow' };
    case 'readIndex':
      return { kind: 'readIndex', request: body.value.request };
    case 'readIndexReply': {
      const { request, index } = body.value;
      return { kind: 'readIndexReply', request, index: index === undefined ? undefined : LogIndex(index) };
    }
    case 'installSnapshot':
      return { kind: 'installSnapshot', mark: decodeMark(body.value.mark) };
    case undefined:
      throw new StatusError('malformed', 'Cannot take message: it has no body, or one that this program does not know');
    default:
      return unreachable(body);
  }
}

function decodeRecords({ records, recordsCrc32c }: raft.Append, { records: codec, checksum }: Reading): RecordEntry[] {
  const found = checksum(records);
  if (found !== recordsCrc32c)
    throw new StatusError(
      'corrupt',
      `Cannot take append of ${records.length} bytes: its CRC-32C is ${found}, ${recordsCrc32c} was sent`,
    );
  return unpackRecords(keepable(records), codec);
}

/** What the machine takes for granted: no gap, and terms that never fall. */
function checkOrder(previous: Position, entries: readonly RecordEntry[], term: Term): void {
  let { index, term: last } = previous;
  for (const entry of entries) {
    if (entry.index !== index + 1 || entry.term < last)
      throw new StatusError(
        'malformed',
        `Cannot take append: entry ${entry.index} of term ${entry.term} behind entry ${index} of term ${last}`,
      );
    ({ index, term: last } = entry);
  }
  if (last > term)
    throw new StatusError('malformed', `Cannot take append of term ${term}: it has an entry of term ${last}`);
}

export const encodeMark = ({ last, configuration }: SnapshotMark): raft.SnapshotMark => ({
  last,
  configuration: encodeConfiguration(configuration),
});

/** @throws StatusError `malformed`. */
export function decodeMark(mark: raft.SnapshotMark | undefined): SnapshotMark {
  const { voters, outgoing, learners, departing } = mark?.configuration ?? raft.Configuration.create();
  const configuration = {
    voters: nodeIds(voters),
    outgoing: nodeIds(outgoing),
    learners: nodeIds(learners),
    departing: nodeIds(departing),
  };
  if (voters.length === 0) throw new StatusError('malformed', 'Cannot take mark of a snapshot: nobody votes');
  return { last: position(mark?.last), configuration };
}

export const encodeConfiguration = ({ voters, outgoing, learners, departing }: Configuration): raft.Configuration => ({
  voters: [...voters],
  outgoing: [...outgoing],
  learners: [...learners],
  departing: [...departing],
});

/** @throws StatusError `malformed`. */
export function nodeIds(texts: readonly string[]): NodeId[] {
  if (texts.length > configurationIdsCountMax)
    throw new StatusError('malformed', `Cannot take ${texts.length} members: at most ${configurationIdsCountMax}`);
  return texts.map((text) => {
    if (!isNodeId(text)) throw new StatusError('malformed', `Cannot take member: no node id: "${text.slice(0, 80)}"`);
    return text;
  });
}

const position = (wire: raft.Position | undefined): Position => ({
  index: LogIndex(wire?.index ?? 0),
  term: Term(wire?.term ?? 0),
});

function decodeStanding(wire: raft.Standing): Standing {
  switch (wire) {
    case raft.Standing.MEMBER:
      return 'member';
    case raft.Standing.NEW:
      return 'new';
    case raft.Standing.DAMAGED:
      return 'damaged';
    case raft.Standing.UNSPECIFIED:
    default:
      throw new StatusError('malformed', `Cannot take request for a vote: unknown standing ${wire}`);
  }
}
