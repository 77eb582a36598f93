/** Snapshots. */
import type { LogIndex } from '@skerry/kernel';
import { configurationOf, encodeConfiguration } from '../configuration.ts';
import type { Entry } from '../types.ts';
import { Bench, ids, place, same, type Rule } from './bench.fixture.ts';

export const snapshotsRules: readonly Rule[] = [
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
    bug: '26',
    name: 'a snapshot below what is applied names the members of then',
    run: () => {
      const bench = new Bench({});
      const entries = ['ab', 'abc'].map((voters, n): Entry => {
        const body = encodeConfiguration(configurationOf(ids(voters)));
        return { ...place(n + 1, 1), kind: 'configuration', body };
      });
      bench.receive('b', 1, { kind: 'append', previous: place(0, 0), entries, commit: 2 as LogIndex });
      bench.sync();
      bench.step({ kind: 'applied', index: 2 as LogIndex });
      same(bench.machine.configurationAt(1 as LogIndex).voters, ids('ab'), 'members at 1');
    },
  },
];
