/** Appending, cutting off, deciding. */
import type { LogIndex } from '@skerry/kernel';
import { LogIndexTable } from '../log-index.ts';
import { Bench, bytes, matches, place, same, sent, type Rule } from './bench.fixture.ts';

export const logRules: readonly Rule[] = [
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
    bug: '18',
    name: 'commit does not go back',
    run: () => {
      const bench = new Bench({ terms: [1, 1] });
      bench.append('b', 1, [2, 1], [], 2);
      bench.receive('b', 1, { kind: 'heartbeat', commit: 1 as LogIndex, round: 1 });
      same(bench.machine.commit, 2, 'commit');
    },
  },
  {
    bug: '22',
    name: 'a full window whose answers are lost is opened by a sign of life',
    run: () => {
      const bench = new Bench({ more: { inflightCountMax: 1, appendSizeMaxBytes: 1 } });
      bench.win();
      bench.sync();
      bench.acknowledge('b', 1);
      bench.step({ kind: 'propose', bodies: [bytes, bytes, bytes] });
      same(sent(bench.step({ kind: 'tick' }), 'appendRange').length, 0, 'sent while the window is full');
      const effects = bench.receive('b', 2, { kind: 'heartbeatReply', round: 1 });
      same(sent(effects, 'appendRange').length, 1, 'sent after a sign of life');
    },
  },
  {
    bug: '24',
    name: 'terms that were cut off are forgotten with their entries',
    run: () => {
      const table = new LogIndexTable(place(0, 0));
      table.append(place(1, 1).term, 1);
      table.append(place(2, 2).term, 1);
      table.truncateFrom(place(2, 2).index);
      same(table.last, place(1, 1), 'end of the log');
    },
  },
];
