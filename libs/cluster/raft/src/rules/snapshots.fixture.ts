/** Snapshots. */
import type { LogIndex } from '@skerry/kernel';
import { configurationOf, encodeConfiguration } from '../configuration.ts';
import type { Effect, Entry } from '../types.ts';
import { Bench, id, ids, place, same, sent, type Rule } from './bench.fixture.ts';

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
  {
    bug: '28',
    name: 'a follower that misses more than the state is sent the state, and the log when that did not arrive',
    run: () => {
      const bench = leading((missingBytes) => missingBytes > 200);
      same(asked(bench.effects), ['b', 'c'], 'asked for a snapshot, at the answers to the probes');
      bench.step({ kind: 'snapshotSent', to: id('b'), ok: false });
      same(ranges(bench.receive('b', 2, { kind: 'heartbeatReply', round: 1 })), ['0-11'], 'sent of the log, to probe');
      bench.acknowledge('b', 2);
      same(bench.machine.status().followers[0]?.state, 'replicate', 'state of the follower');
    },
  },
  {
    bug: '28',
    name: 'a follower that was sent the state goes on from it, and one that misses less than that gets the log',
    run: () => {
      const bench = leading((missingBytes) => missingBytes > 200);
      same(ranges(bench.acknowledge('b', 9)), ['9-11'], 'sent of the log, behind the state');
      const other = leading((missingBytes) => missingBytes > 400);
      same(asked(other.effects), [], 'asked for a snapshot');
      same(other.machine.status().followers[0]?.state, 'probe', 'state of one that misses less');
    },
  },
  {
    bug: '28',
    name: 'a follower whose first probe fits is sent the state too, when it misses more',
    run: () => {
      const bench = leading((missingBytes) => missingBytes > 200, 0);
      same(asked(bench.effects), [], 'asked for a snapshot, while nothing is known');
      same(asked(bench.acknowledge('b', 1)), ['b'], 'asked for a snapshot');
      same(ranges(bench.acknowledge('b', 1)), [], 'sent of the log, after a doubled answer');
      same(bench.machine.status().followers[0]?.state, 'snapshot', 'state of the follower');
    },
  },
];

/** A leader of 11 entries of 40 bytes each, 10 of them applied, whose followers have `known` of them. */
function leading(prefersSnapshot: (missingBytes: number) => boolean, known = 1): Bench {
  const bench = new Bench({ terms: Array.from({ length: 10 }, () => 1), applied: 10, more: { prefersSnapshot } });
  bench.win();
  bench.sync();
  for (const follower of 'bc') {
    const hint = place(known, known);
    bench.receive(follower, 2, { kind: 'appended', ok: false, previousIndex: 10 as LogIndex, hint });
  }
  return bench;
}
const asked = (effects: readonly Effect[]): readonly string[] =>
  effects.flatMap((effect) => (effect.kind === 'sendSnapshot' ? [effect.to] : []));
const ranges = (effects: readonly Effect[]): readonly string[] =>
  sent(effects, 'appendRange').flatMap(({ body }) =>
    body.kind === 'appendRange' ? [`${body.previous.index}-${body.last}`] : [],
  );
