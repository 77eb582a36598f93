/** What a raft log must hold, as a list of states: of a write that was not acknowledged any part may be there, from its start. */
import {
  type Configuration,
  configurationOf,
  type Entry,
  type HardState,
  type SnapshotMark,
} from '@skerry/cluster-raft';
import { Epoch, fromUtf8, GroupId, LogIndex, NodeId, type RecordEntry, Term, utf8 } from '@skerry/kernel';
import type { LogWrite, RaftLog, RaftLogOptions, OpenedRaftLog } from './types.ts';

export const group = GroupId('data');
export const epoch = Epoch('0'.repeat(31) + '1');
export const founders: Configuration = configurationOf([NodeId('data_1'), NodeId('data_2'), NodeId('data_3')]);
export const alone: Configuration = configurationOf([NodeId('data_1')]);
export const identity = { group, epoch };
export const newHardState: HardState = { term: Term(0), vote: undefined, standing: 'new' };
/** All that a test need not choose. */
export const common: Omit<RaftLogOptions, 'world'> = {
  directory: 'data/log',
  group,
  epoch,
  initial: { hardState: newHardState, configuration: founders },
  legacyConfiguration: alone,
};
export const entry = (index: number, term: number, text: string, kind: Entry['kind'] = 'command'): Entry => ({
  index: LogIndex(index),
  term: Term(term),
  kind,
  body: utf8(text),
});
export const hardState = (term: number, vote?: string): HardState => ({
  term: Term(term),
  vote: vote === undefined ? undefined : NodeId(vote),
  standing: 'member',
});
export const mark = (index: number, term: number, configuration = founders): SnapshotMark => ({
  last: { index: LogIndex(index), term: Term(term) },
  configuration,
});
export const write = (parts: Partial<LogWrite>): LogWrite => ({
  hardState: undefined,
  truncateFrom: undefined,
  snapshot: undefined,
  entries: [],
  ...parts,
});

export type State = {
  readonly hardState: HardState;
  readonly snapshot: SnapshotMark;
  /** Those behind the snapshot. */
  readonly entries: readonly Entry[];
};
export const firstState: State = { hardState: newHardState, snapshot: mark(0, 0), entries: [] };
export const lastIndexOf = ({ snapshot, entries }: State): number => entries.at(-1)?.index ?? snapshot.last.index;
export const termAt = ({ snapshot, entries }: State, index: number): Term | undefined =>
  index === snapshot.last.index ? snapshot.last.term : entries.find((each) => each.index === index)?.term;

const cutFrom = (state: State, from: number): State => ({
  ...state,
  entries: state.entries.filter(({ index }) => index < from),
});
/** The states that a write leads through, the last being its end. */
export function statesOf(
  before: State,
  { hardState: next, snapshot, truncateFrom, entries }: LogWrite,
): readonly State[] {
  let state: State = {
    hardState: next ?? before.hardState,
    snapshot: snapshot ?? before.snapshot,
    entries: snapshot === undefined ? before.entries : [],
  };
  const states = [state];
  if (truncateFrom !== undefined) states.push((state = cutFrom(state, truncateFrom)));
  for (const each of entries) {
    const { index, term, kind, body } = each;
    state = { ...state, entries: [...cutFrom(state, index).entries, { index, term, kind, body }] };
    states.push(state);
  }
  return states;
}
export const compacted = (before: State, snapshot: SnapshotMark): State => ({
  ...before,
  snapshot,
  entries: before.entries.filter(({ index }) => index > snapshot.last.index),
});

/** As text, to be compared and to be read in a failure. */
export const describeState = ({ hardState: { term, vote, standing }, snapshot, entries }: State): string =>
  [
    `term ${term} vote ${vote ?? '-'} ${standing}`,
    `snapshot ${snapshot.last.index}/${snapshot.last.term} ${Object.values(snapshot.configuration).join('|')}`,
    ...entries.map(describeEntry),
  ].join('\n');
export const describeEntry = ({ index, term, kind, body }: Entry | RecordEntry): string =>
  `${index}/${term} ${kind} ${fromUtf8(body)?.replace(/-+$/, '') ?? '?'} ${body.length}`;

/** The state that a log says it holds, its entries read from wherever they are. */
export async function stateOf(log: RaftLog): Promise<State> {
  const entries = (await log.read(log.snapshot.last, log.lastIndex, Infinity)) ?? [];
  return { hardState: log.hardState, snapshot: log.snapshot, entries };
}
/** What the machine is given at start: bodies of commands are known by their length alone. */
export const describeStored = ({ stored }: OpenedRaftLog): readonly string[] =>
  [...stored.log].map(
    ({ term, kind, body }) => `${term} ${kind} ${kind === 'command' ? '' : fromUtf8(body)} ${body.length}`,
  );
export const storedOf = ({ entries }: State): readonly string[] =>
  entries.map(({ term, kind, body }) => `${term} ${kind} ${kind === 'command' ? '' : fromUtf8(body)} ${body.length}`);
