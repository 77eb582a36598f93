/** Votes, terms, who may lead. */
import { configurationOf } from '../configuration.ts';
import { Bench, granted, id, ids, requestVote, same, sent, type Rule } from './bench.fixture.ts';

export const electionsRules: readonly Rule[] = [
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
    bug: '6',
    name: 'who waits for votes itself forgets the leader, and gives its own to another',
    run: () => {
      const bench = new Bench({});
      bench.append('b', 1, [0, 0], []);
      bench.ticks(10);
      bench.effects.length = 0;
      bench.receive('c', 2, { ...requestVote(0, 0), pre: true });
      same(granted(bench.effects), true, 'grant');
    },
  },
  {
    bug: '10',
    name: 'a refused vote does not put the own candidacy off',
    run: () => {
      const bench = new Bench({ terms: [1, 1] });
      bench.ticks(9);
      bench.receive('c', 2, requestVote(0, 0));
      bench.ticks(1);
      same(bench.machine.status().role, 'preCandidate', 'role');
    },
  },
  {
    bug: '12',
    name: 'a leader that is asked to take over stays what it is',
    run: () => {
      const bench = new Bench({});
      bench.win();
      bench.receive('b', 2, { kind: 'timeoutNow' });
      same([bench.machine.role, bench.machine.term], ['leader', 2], 'role and term');
    },
  },
  {
    bug: '2',
    name: 'a new term is written when it is heard of',
    run: () => {
      const bench = new Bench({});
      const [write] = bench.append('b', 3, [0, 0], []);
      same(write?.kind === 'write' ? write.hardState?.term : undefined, 3, 'term on its way to the disk');
    },
  },
  {
    bug: '64',
    name: 'a voter that began anew is asked again at once: what its last life was asked is lost',
    run: () => {
      const bench = new Bench({});
      bench.append('c', 1, [0, 0], []);
      bench.receive('b', 1, { kind: 'heartbeatReply', round: 0 });
      bench.ticks(10);
      const told = bench.receive('b', 1, { kind: 'heartbeatReply', round: 0 }, { fromIncarnation: 2 });
      const asked = sent(told, 'requestVote').map(({ to, toIncarnation, body }) => ({ to, toIncarnation, body }));
      same(
        asked.map(({ to, toIncarnation }) => [to, toIncarnation]),
        [['b', 2]],
        'who is asked',
      );
      same(
        asked.map(({ body }) => body.kind === 'requestVote' && body.pre),
        [true],
        'for a pre-vote',
      );
      same(
        sent(bench.receive('b', 1, { kind: 'heartbeatReply', round: 0 }, { fromIncarnation: 2 }), 'requestVote'),
        [],
        'once',
      );
    },
  },
];
