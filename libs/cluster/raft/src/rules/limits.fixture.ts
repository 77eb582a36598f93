/** What is bounded, and whose messages are taken. */
import { Bench, granted, requestVote, same, type Rule } from './bench.fixture.ts';

export const limitsRules: readonly Rule[] = [
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
