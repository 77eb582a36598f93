/**
 * Single rules, each shown on one machine with messages by hand: what takes the simulator many seeds to reach. The
 * mutants run against them too.
 */
import { assert, type LogIndex, NodeId, type Term } from '@skerry/kernel';
import { configurationOf, encodeConfiguration } from './configuration.ts';
import { Raft } from './raft.ts';
import type { Body, Configuration, Effect, Entry, HardState, Input, Message, Options } from './types.ts';

const id = NodeId;
const ids = (text: string): readonly NodeId[] => [...text].map((letter) => NodeId(letter));
const place = (index: number, term: number): { index: LogIndex; term: Term } => ({
  index: index as LogIndex,
  term: term as Term,
});
const bytes = new Uint8Array(8);
const entry = (index: number, term: number): Entry => ({ ...place(index, term), kind: 'command', body: bytes });

type Start = {
  readonly configuration?: Configuration;
  readonly terms?: readonly number[];
  readonly term?: number;
  readonly vote?: NodeId;
  readonly standing?: HardState['standing'];
  readonly applied?: number;
  readonly more?: Partial<Options>;
};

/** Node `a`; what it asks to be written stays undone until `sync`. */
class Bench {
  readonly machine: Raft;
  readonly effects: Effect[] = [];
  #sequence = 0;
  constructor({ configuration, terms = [], term = 1, vote, standing = 'member', applied = 0, more = {} }: Start) {
    this.machine = new Raft({
      id: id('a'),
      incarnation: 1,
      below: () => 0,
      stored: {
        hardState: { term: term as Term, vote, standing },
        snapshot: { last: place(0, 0), configuration: configuration ?? configurationOf(ids('abc')) },
        log: terms.map((each) => ({ term: each as Term, kind: 'command' as const, body: bytes })),
        applied: applied as LogIndex,
      },
      ...more,
    });
  }
  step(input: Input): readonly Effect[] {
    const effects = this.machine.step(input);
    for (const effect of effects) if (effect.kind === 'write') this.#sequence = effect.sequence;
    this.effects.push(...effects);
    return effects;
  }
  sync(): readonly Effect[] {
    return this.step({ kind: 'persisted', sequence: this.#sequence });
  }
  receive(from: string, term: number, body: Body, more: Partial<Message> = {}): readonly Effect[] {
    const envelope = { from: id(from), fromIncarnation: 1, to: id('a'), toIncarnation: 1, term: term as Term };
    return this.step({ kind: 'receive', message: { ...envelope, ...more, body } });
  }
  append(
    from: string,
    term: number,
    previous: readonly [number, number],
    terms: readonly number[],
    commit = 0,
  ): readonly Effect[] {
    const [index, previousTerm] = previous;
    const entries = terms.map((each, n) => entry(index + 1 + n, each));
    return this.receive(from, term, {
      kind: 'append',
      previous: place(index, previousTerm),
      entries,
      commit: commit as LogIndex,
    });
  }
  ticks(count: number): void {
    for (let tick = 0; tick < count; tick++) this.step({ kind: 'tick' });
  }
  /** Through both rounds of votes. */
  win(voters = 'bc'): void {
    this.ticks(10);
    const { term } = this.machine.status();
    for (const voter of voters) this.vote(voter, term + 1, true);
    this.sync();
    for (const voter of voters) this.vote(voter, term + 1, false);
  }
  vote(from: string, term: number, pre: boolean, withheld = false): void {
    this.receive(from, term, { kind: 'vote', pre, granted: true, withheld });
  }
  acknowledge(from: string, match: number): readonly Effect[] {
    const { term } = this.machine.status();
    return this.receive(from, term, { kind: 'appended', ok: true, match: match as LogIndex });
  }
}

const sent = (effects: readonly Effect[], kind: string): readonly Extract<Effect, { kind: 'send' }>['message'][] =>
  effects.flatMap((effect) => (effect.kind === 'send' && effect.message.body.kind === kind ? [effect.message] : []));
const granted = (effects: readonly Effect[]): boolean =>
  sent(effects, 'vote').some(({ body }) => body.kind === 'vote' && body.granted);
const matches = (effects: readonly Effect[]): readonly number[] =>
  sent(effects, 'appended').flatMap(({ body }) => (body.kind === 'appended' && body.ok ? [body.match] : []));
const same = (actual: unknown, wanted: unknown, what: string): void =>
  assert(
    JSON.stringify(actual) === JSON.stringify(wanted),
    `${what}: wanted ${JSON.stringify(wanted)}, got ${JSON.stringify(actual)}`,
  );
const requestVote = (index: number, term: number, transfer = false): Body => ({
  kind: 'requestVote',
  pre: false,
  last: place(index, term),
  transfer,
  standing: 'member',
});

/** The number is that of the catalogue of known bugs. */
export const rules: readonly { readonly bug: string; readonly name: string; readonly run: () => void }[] = [
  {
    bug: '1',
    name: 'a vote is sent only when it is on disk',
    run: () => {
      const bench = new Bench({ terms: [1] });
      same(granted(bench.receive('b', 2, requestVote(1, 1))), false, 'before the sync');
      same(granted(bench.sync()), true, 'after it');
    },
  },
  {
    bug: '1',
    name: 'one vote in a term',
    run: () => {
      const bench = new Bench({ term: 2, vote: id('b') });
      same(granted([...bench.receive('c', 2, requestVote(9, 1)), ...bench.sync()]), false, 'for another');
      bench.receive('b', 2, requestVote(9, 1));
      same(granted([...bench.effects, ...bench.sync()]), true, 'for the same again');
    },
  },
  {
    bug: '9',
    name: 'a candidate asks, and counts itself, when its vote is on disk',
    run: () => {
      const bench = new Bench({ configuration: configurationOf(ids('a')) });
      bench.ticks(10);
      same(bench.machine.status().role, 'candidate', 'before the sync');
      bench.sync();
      same(bench.machine.status().role, 'leader', 'after it');
      const three = new Bench({});
      three.ticks(10);
      three.effects.length = 0;
      three.vote('b', 2, true);
      same(sent(three.effects, 'requestVote').length, 0, 'requests before the sync');
      same(sent(three.sync(), 'requestVote').length, 2, 'and after it');
    },
  },
  {
    bug: '3',
    name: 'the later term of the last entry wins over the longer log',
    run: () => {
      const bench = new Bench({ terms: [1, 2], term: 3 });
      same(granted([...bench.receive('b', 4, requestVote(9, 1)), ...bench.sync()]), false, 'longer, older');
      same(granted([...bench.receive('c', 5, requestVote(1, 3)), ...bench.sync()]), true, 'shorter, later');
    },
  },
  {
    bug: '5',
    name: 'who hears a leader gives no vote, and keeps its term',
    run: () => {
      const bench = new Bench({});
      bench.append('b', 1, [0, 0], []);
      bench.receive('c', 7, requestVote(9, 6));
      same(bench.machine.status().term, 1, 'term');
      bench.receive('c', 7, requestVote(9, 6, true));
      same(bench.machine.status().term, 7, 'term, when the leader asked for it');
    },
  },
  {
    bug: '7',
    name: 'a learner that is asked votes',
    run: () => {
      const bench = new Bench({ configuration: configurationOf(ids('bc'), ids('a')) });
      bench.receive('b', 2, requestVote(1, 1));
      same(granted(bench.sync()), true, 'vote');
    },
  },
  {
    bug: '8',
    name: 'votes of an earlier term are not counted',
    run: () => {
      const bench = new Bench({ term: 3, configuration: configurationOf(ids('abcde')) });
      bench.ticks(10);
      bench.vote('b', 3, true);
      bench.vote('c', 3, true);
      same(bench.machine.status().role, 'preCandidate', 'role');
    },
  },
  {
    bug: '13',
    name: 'an entry of an earlier term is not decided by count (figure 8)',
    run: () => {
      const bench = new Bench({ terms: [1, 2], term: 3 });
      bench.win();
      bench.sync();
      bench.acknowledge('b', 2);
      same(bench.machine.status().commit, 0, 'with a majority for 2 of term 2');
      bench.acknowledge('b', 3);
      same(bench.machine.status().commit, 3, 'with one for 3 of the own term');
    },
  },
  {
    bug: '15',
    name: 'a late, shorter append cuts nothing off',
    run: () => {
      const bench = new Bench({ terms: [1, 1, 1] });
      bench.append('b', 1, [0, 0], [1]);
      same(bench.machine.status().last.index, 3, 'end of the log');
    },
  },
  {
    bug: '16',
    name: 'an empty append onto another entry is refused',
    run: () => {
      const bench = new Bench({ terms: [1, 1] });
      same(matches([...bench.append('b', 2, [2, 2], []), ...bench.sync()]), [], 'acknowledged');
    },
  },
  {
    bug: '17',
    name: 'commit is bounded by the last entry that the append proved',
    run: () => {
      const bench = new Bench({ terms: [1, 1, 1, 1], term: 2 });
      bench.append('b', 3, [1, 1], [1], 4);
      same(bench.machine.status().commit, 2, 'commit');
    },
  },
  {
    bug: '21',
    name: 'the sync of an entry that was cut off since proves nothing of its successor',
    run: () => {
      const bench = new Bench({ term: 2 });
      bench.append('b', 2, [0, 0], [2, 2, 2]);
      bench.append('c', 3, [0, 0], [3, 3, 3], 3);
      const effects = bench.step({ kind: 'persisted', sequence: 1 });
      same(effects.filter(({ kind }) => kind === 'commit').length, 0, 'told as decided and on disk');
      same(bench.sync().filter(({ kind }) => kind === 'commit').length, 1, 'after the second sync');
    },
  },
  {
    bug: '23',
    name: 'a leader counts itself when its disk has the entry',
    run: () => {
      const bench = new Bench({});
      bench.win();
      bench.acknowledge('b', 1);
      same(bench.machine.status().commit, 0, 'with one follower');
      bench.sync();
      same(bench.machine.status().commit, 1, 'and the own disk');
    },
  },
  {
    bug: '29',
    name: 'a snapshot of what the log already holds leaves the log as it is',
    run: () => {
      const bench = new Bench({ terms: [1, 1, 1] });
      const mark = { last: place(2, 1), configuration: configurationOf(ids('abc')) };
      bench.receive('b', 1, { kind: 'installSnapshot', mark });
      same([bench.machine.status().last.index, bench.machine.status().commit], [3, 2], 'end and commit');
      bench.receive('b', 1, { kind: 'installSnapshot', mark: { ...mark, last: place(7, 1) } });
      same(bench.machine.status().last.index, 7, 'end, after one beyond it');
    },
  },
  {
    bug: '26',
    name: 'a snapshot brings its members',
    run: () => {
      const bench = new Bench({});
      const mark = { last: place(7, 1), configuration: configurationOf(ids('abcd')) };
      bench.receive('b', 1, { kind: 'installSnapshot', mark });
      same(bench.machine.status().configuration.voters, ids('abcd'), 'voters');
    },
  },
  {
    bug: '38',
    name: 'members change when the term has decided something',
    run: () => {
      const bench = new Bench({ terms: [1] });
      bench.win();
      const configure: Input = { kind: 'configure', voters: ids('ab'), learners: [] };
      const refused = { kind: 'refused', of: 'configure', reason: 'term_uncommitted' };
      same(bench.step(configure)[0], refused, 'before');
      bench.sync();
      bench.acknowledge('b', 2);
      bench.step({ kind: 'applied', index: 2 as LogIndex });
      same(
        bench.step(configure).some(({ kind }) => kind === 'proposed'),
        true,
        'after',
      );
      const again = { kind: 'refused', of: 'configure', reason: 'change_pending' };
      same(bench.step({ ...configure, voters: ids('ac') })[0], again, 'and only one at once');
    },
  },
  {
    bug: '40',
    name: 'the joint phase needs both majorities',
    run: () => {
      const joint = { voters: ids('abc'), outgoing: ids('ade'), learners: [], departing: [] };
      const bench = new Bench({ configuration: joint });
      bench.ticks(10);
      bench.vote('b', 2, true);
      bench.vote('c', 2, true);
      same(bench.machine.status().role, 'preCandidate', 'with the new half and itself of the old');
      bench.vote('d', 2, true);
      same(bench.machine.status().role, 'candidate', 'with both');
    },
  },
  {
    bug: '45',
    name: 'a change is refused while too few of the voters to be are up',
    run: () => {
      const bench = new Bench({});
      bench.win('b');
      bench.sync();
      bench.acknowledge('b', 1);
      bench.step({ kind: 'applied', index: 1 as LogIndex });
      const refused = { kind: 'refused', of: 'configure', reason: 'learner_behind' };
      same(bench.step({ kind: 'configure', voters: ids('ac'), learners: [] })[0], refused, 'c never answered');
      const taken = bench.step({ kind: 'configure', voters: ids('ab'), learners: [] });
      same(
        taken.some(({ kind }) => kind === 'proposed'),
        true,
        'b did',
      );
    },
  },
  {
    bug: '43',
    name: 'a configuration that is cut off is undone',
    run: () => {
      const bench = new Bench({});
      const body = encodeConfiguration(configurationOf(ids('ab')));
      const entries: readonly Entry[] = [{ ...place(1, 1), kind: 'configuration', body }];
      bench.receive('b', 1, { kind: 'append', previous: place(0, 0), entries, commit: 0 as LogIndex });
      same(bench.machine.status().configuration.voters, ids('ab'), 'active on append');
      bench.append('c', 2, [0, 0], [2]);
      same(bench.machine.status().configuration.voters, ids('abc'), 'undone');
    },
  },
  {
    bug: '54',
    name: 'a vote that is withheld counts only when all others grant',
    run: () => {
      const bench = new Bench({ configuration: configurationOf(ids('abc')) });
      bench.ticks(10);
      bench.vote('b', 2, true, true);
      same(bench.machine.status().role, 'preCandidate', 'with it alone');
      bench.vote('c', 2, true);
      same(bench.machine.status().role, 'candidate', 'with all');
    },
  },
  {
    bug: '48',
    name: 'who joins with a lost disk does not lead by the members of long ago (seed 3907)',
    run: () => {
      const bench = new Bench({ configuration: configurationOf([]), standing: 'new', term: 0 });
      const body = encodeConfiguration(configurationOf(ids('a')));
      const entries: readonly Entry[] = [{ ...place(1, 1), kind: 'configuration', body }];
      bench.receive('b', 5, { kind: 'append', previous: place(0, 0), entries, commit: 1 as LogIndex });
      bench.sync();
      bench.ticks(50);
      bench.sync();
      same(bench.machine.status().role, 'follower', 'role');
    },
  },
  {
    bug: '59',
    name: 'what may wait for a majority is bounded',
    run: () => {
      const bench = new Bench({ more: { uncommittedSizeMaxBytes: 100, entrySizeMaxBytes: 50 } });
      bench.win();
      const [answer] = bench.step({ kind: 'propose', bodies: [new Uint8Array(30)] });
      same(
        answer,
        { kind: 'refused', of: 'propose', reason: 'uncommitted_full' },
        'behind the entry that began the term',
      );
    },
  },
  {
    bug: '63',
    name: 'an entry that is too large is refused when proposed',
    run: () => {
      const bench = new Bench({ more: { entrySizeMaxBytes: 10 } });
      bench.win();
      const [answer] = bench.step({ kind: 'propose', bodies: [new Uint8Array(11)] });
      same(answer, { kind: 'refused', of: 'propose', reason: 'too_large' }, 'answer');
    },
  },
  {
    bug: '64',
    name: 'a message to an earlier life is not taken, and says so',
    run: () => {
      const bench = new Bench({});
      same(
        granted([...bench.receive('b', 2, requestVote(0, 0), { toIncarnation: 9 }), ...bench.sync()]),
        false,
        'vote',
      );
      bench.receive('b', 1, requestVote(0, 0), { fromIncarnation: 5 });
      same(bench.receive('b', 1, requestVote(0, 0), { fromIncarnation: 4 }), [], 'from an earlier life');
    },
  },
];
