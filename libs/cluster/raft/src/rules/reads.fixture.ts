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
  {
    bug: '36',
    name: 'a follower that asks for a read index hears first that so much is decided',
    run: () => {
      const bench = new Bench({ more: { tellsCommitAtOnce: false } });
      bench.win();
      bench.sync();
      bench.acknowledge('b', 1);
      bench.acknowledge('c', 1);
      // The first of a term is told at once.
      bench.step({ kind: 'propose', bodies: [new Uint8Array(1)] });
      bench.sync();
      bench.acknowledge('b', 2);
      bench.acknowledge('c', 2);
      bench.effects.length = 0;
      bench.receive('c', 2, { kind: 'readIndex', request: 7 });
      bench.receive('b', 2, { kind: 'heartbeatReply', round: 99 });
      const told = bench.effects.flatMap((effect) =>
        effect.kind === 'send' && effect.message.to === 'c' ? [effect.message.body] : [],
      );
      const commit = told.findIndex((body) => body.kind === 'appendRange' && body.commit === 2);
      const index = told.findIndex((body) => body.kind === 'readIndexReply' && body.index === 2);
      same([commit >= 0, commit < index], [true, true], 'commit, then the index');
    },
  },
];
