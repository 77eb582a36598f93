/** Changes of members, and nodes whose disks were lost. */
import { type LogIndex } from '@skerry/kernel';
import { configurationOf, encodeConfiguration } from '../configuration.ts';
import type { Entry, Input } from '../types.ts';
import { Bench, ids, place, same, type Rule } from './bench.fixture.ts';

export const membershipRules: readonly Rule[] = [
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
    bug: '48',
    name: 'the first decision of a term is told at once: by it who began with an empty disk may vote again (seed 4155)',
    run: () => {
      const bench = new Bench({ more: { tellsCommitAtOnce: false } });
      bench.win();
      bench.sync();
      bench.acknowledge('c', 1);
      const told = (index: number): readonly string[] =>
        bench.effects.flatMap((effect) =>
          effect.kind === 'send' && effect.message.body.kind === 'appendRange' && effect.message.body.commit === index
            ? [effect.message.to]
            : [],
        );
      same(told(1).includes('c'), true, 'the first');
      bench.step({ kind: 'propose', bodies: [new Uint8Array(1)] });
      bench.sync();
      bench.acknowledge('c', 2);
      same(told(2), [], 'the next goes with what follows');
    },
  },
];
