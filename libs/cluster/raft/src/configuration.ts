/** Majorities, joint or not. Source: thesis §4.3 (joint consensus); a node is in `voters`, or `learners`, never both. */
import { ByteReader, ByteWriter, isNodeId, StatusError, type LogIndex, type NodeId } from '@skerry/kernel';
import type { Configuration, RefusalReason } from './types.ts';

/** Members of a group: voters and learners together. A group larger than this has its majority further away than its disks. */
export const memberCountMax = 64;

export const configurationOf = (voters: readonly NodeId[], learners: readonly NodeId[] = []): Configuration => ({
  voters,
  outgoing: [],
  learners,
  departing: [],
});

export const isJoint = ({ outgoing }: Configuration): boolean => outgoing.length > 0;
export const isVoter = ({ voters, outgoing }: Configuration, id: NodeId): boolean =>
  voters.includes(id) || outgoing.includes(id);
/** Everyone who gets the log. */
export const membersOf = ({ voters, outgoing, learners }: Configuration): readonly NodeId[] => [
  ...new Set([...voters, ...outgoing, ...learners]),
];

const majorityOf = (count: number): number => Math.floor(count / 2) + 1;
const halves = ({ voters, outgoing }: Configuration): readonly (readonly NodeId[])[] =>
  outgoing.length === 0 ? [voters] : [voters, outgoing];

/** Whether those for whom `agrees` holds are a majority, of both halves when joint. */
export const hasQuorum = (configuration: Configuration, agrees: (id: NodeId) => boolean): boolean =>
  halves(configuration).every((half) => half.filter(agrees).length >= majorityOf(half.length));

/** Whether a majority is out of reach, since those for whom `refuses` holds are too many in one half. */
export const quorumLost = (configuration: Configuration, refuses: (id: NodeId) => boolean): boolean =>
  halves(configuration).some((half) => half.length - half.filter(refuses).length < majorityOf(half.length));

/** The highest value that a majority has reached, of both halves when joint. */
export function quorumValue(configuration: Configuration, valueOf: (id: NodeId) => number): number {
  const reached = halves(configuration).map((half) => {
    const values = half.map(valueOf).toSorted((a, b) => b - a);
    return values[majorityOf(half.length) - 1] ?? 0;
  });
  return Math.min(...reached);
}

const sameSet = (a: readonly NodeId[], b: readonly NodeId[]): boolean =>
  a.length === b.length && a.every((id) => b.includes(id));

/**
 * The first configuration on the way to the wanted one: joint when the voters change, else the wanted one itself.
 * Ids are sorted: the same change has the same bytes.
 */
export function enterChange(
  now: Configuration,
  wanted: { readonly voters: readonly NodeId[]; readonly learners: readonly NodeId[] },
): Configuration | RefusalReason {
  const voters = [...new Set(wanted.voters)].toSorted();
  const learners = [...new Set(wanted.learners)].filter((id) => !voters.includes(id)).toSorted();
  if (voters.length === 0) return 'no_voters';
  if (voters.length + learners.length > memberCountMax) return 'too_large';
  if (sameSet(voters, now.voters)) {
    return sameSet(learners, now.learners) ? 'unchanged' : configurationOf(voters, learners);
  }
  const departing = learners.filter((id) => now.voters.includes(id));
  return {
    voters,
    outgoing: now.voters,
    learners: learners.filter((id) => !departing.includes(id)),
    departing,
  };
}

/** The end of the joint phase. */
export const leaveJoint = ({ voters, learners, departing }: Configuration): Configuration =>
  configurationOf(voters, [...learners, ...departing].toSorted());

const codecVersion = 1;

export function encodeConfiguration(configuration: Configuration): Uint8Array {
  const writer = new ByteWriter(64).u8(codecVersion);
  for (const ids of [configuration.voters, configuration.outgoing, configuration.learners, configuration.departing]) {
    writer.u16(ids.length);
    for (const id of ids) writer.text(id);
  }
  return writer.finish();
}

/** @throws StatusError `malformed`, or `format_newer`. */
export function decodeConfiguration(bytes: Uint8Array): Configuration {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  if (version !== codecVersion)
    throw new StatusError('format_newer', `Cannot read configuration: format ${version}, known is ${codecVersion}`);
  const ids = (): readonly NodeId[] => {
    const count = reader.u16();
    if (count > memberCountMax)
      throw new StatusError('malformed', `Cannot read configuration: at most ${memberCountMax} members: got ${count}`);
    return Array.from({ length: count }, () => {
      const id = reader.text();
      if (!isNodeId(id)) throw new StatusError('malformed', `Cannot read configuration: no node id: "${id}"`);
      return id;
    });
  };
  const configuration = { voters: ids(), outgoing: ids(), learners: ids(), departing: ids() };
  reader.end();
  if (configuration.voters.length === 0) throw new StatusError('malformed', 'Cannot read configuration: no voters');
  return configuration;
}

/** Active configurations by the index of their entry: the newest counts, committed or not; a truncated one is undone. */
export class ConfigurationHistory {
  #entries: { readonly index: number; readonly configuration: Configuration }[];

  constructor(index: LogIndex, configuration: Configuration) {
    this.#entries = [{ index, configuration }];
  }
  get current(): Configuration {
    return (this.#entries[this.#entries.length - 1] as { configuration: Configuration }).configuration;
  }
  get index(): LogIndex {
    return (this.#entries[this.#entries.length - 1] as { index: number }).index as LogIndex;
  }
  /** As of that index: what a snapshot there must carry (raft.md 26). */
  at(index: number): Configuration {
    const found = this.#entries.findLast((entry) => entry.index <= index) ?? this.#entries[0];
    return (found as { configuration: Configuration }).configuration;
  }
  /** The one that is decided, and all that are not yet. */
  since(commit: number): readonly Configuration[] {
    const decided = this.#entries.findLastIndex((entry) => entry.index <= commit);
    return this.#entries.slice(Math.max(decided, 0)).map(({ configuration }) => configuration);
  }
  push(index: LogIndex, configuration: Configuration): void {
    this.#entries.push({ index, configuration });
  }
  /** True when the current one was undone. */
  truncateFrom(index: LogIndex): boolean {
    const kept = this.#entries.filter((entry) => entry.index < index);
    const undone = kept.length < this.#entries.length && kept.length > 0;
    if (undone) this.#entries = kept;
    return undone;
  }
  /** The log up to there is cut away: what a snapshot at a later index cannot ask for is forgotten. */
  settle(base: LogIndex): void {
    while (this.#entries.length > 1 && (this.#entries[1]?.index ?? Infinity) <= base) this.#entries.shift();
  }
}
