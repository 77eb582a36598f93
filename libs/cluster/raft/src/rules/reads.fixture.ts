/** Reads by lease. */
import type { LogIndex } from '@skerry/kernel';
import { Bench, same, type Rule } from './bench.fixture.ts';

export const readRules: readonly Rule[] = [
  {
    bug: '35',
    name: 'a lease counts from when the heartbeat was sent, not from its answer',
    run: () => {
      const bench = new Bench({ more: { leaseReads: true } });
      bench.win();
      bench.sync();
      bench.acknowledge('b', 1);
      bench.step({ kind: 'applied', index: 1 as LogIndex });
      bench.ticks(10);
      // Of the first of the ten: nine ticks ago.
      bench.receive('b', 2, { kind: 'heartbeatReply', round: 1 });
      const served = (): boolean => bench.step({ kind: 'read', request: 1 }).some(({ kind }) => kind === 'readReady');
      same(served(), false, 'by the first round');
      bench.receive('b', 2, { kind: 'heartbeatReply', round: 2 });
      same(served(), true, 'by the second');
    },
  },
];
