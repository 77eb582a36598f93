/**
 * The words of scenario files. `begin` comes first; `deliver`, `drop` and `double` take `from=a to=b kind=append except=vote count=1`.
 *
 * `begin voters=a,b [learners=c] [joins=d] [lease] [small] [term=3 a=1,1,2 b=1,1]`: the nodes, and logs as terms;
 * `small`: one entry in an append
 * `campaign a`: all but leaders lose patience, `a` first; votes are delivered · `elect a`: and all that follows · `tick a 10` · `beat a`: one tick and what follows
 * `settle` · `deliver …` · `drop …` · `double …` · `turn`: the last sent comes first · `cut a b` both ways · `cut a>b` · `isolate a` · `mend`
 * `propose a [n]` · `read a 1` · `configure a voters=a,b [learners=c]` · `transfer a b` · `stalled a`
 * `crash a` · `start a` · `wipe a` · `hold a`: its disk does not answer · `sync a`: once · `release a` · `compact a 3` · `delivered a b [lost]`
 * `show [a b]` · `members a`
 */
import { assert, NodeId } from '@skerry/kernel';
import { playScenario } from '@skerry/testing';
import type { Message } from '../types.ts';
import { Stage } from './stage.fixture.ts';

/** `bugs`: numbers of the catalogue. `text`: commands, and what comes of them. */
export type Scenario = { readonly name: string; readonly bugs: string; readonly text: string };

const electionTicksMin = 10;
const electionTicks = 15;
const attemptsMax = 2;

export function play({ text }: Scenario): Promise<string> {
  let stage: Stage | undefined;
  return playScenario(text.trim(), (command, args) => {
    if (command === 'begin') stage = begin(args);
    assert(stage !== undefined, 'a scenario starts with begin');
    if (command === 'begin') return '';
    const answer = perform(stage, command, args);
    return [stage.takeNews(), answer].filter(Boolean).join('\n');
  });
}

const listOf = (args: readonly string[], name: string): readonly string[] =>
  args
    .find((arg) => arg.startsWith(`${name}=`))
    ?.slice(name.length + 1)
    .split(',')
    .filter(Boolean) ?? [];

function begin(args: readonly string[]): Stage {
  const voters = listOf(args, 'voters');
  const logs = new Map(
    voters.flatMap((id) => {
      const terms = listOf(args, id).map(Number);
      return args.some((arg) => arg.startsWith(`${id}=`)) ? [[id, terms] as const] : [];
    }),
  );
  const term = Number(listOf(args, 'term')[0] ?? 0);
  const nodes = { voters, learners: listOf(args, 'learners'), joins: listOf(args, 'joins') };
  return new Stage({ ...nodes, logs, term, lease: args.includes('lease'), small: args.includes('small') });
}

function choose(args: readonly string[]): (message: Message) => boolean {
  const [from, to, kind, except] = ['from', 'to', 'kind', 'except'].map((name) => listOf(args, name)[0]);
  return (message) =>
    (from === undefined || message.from === from) &&
    (to === undefined || message.to === to) &&
    (kind === undefined || message.body.kind === kind) &&
    message.body.kind !== except;
}

function perform(stage: Stage, command: string, args: readonly string[]): string {
  const names = [...stage.actors.keys()];
  const [first = '', second = ''] = args;
  const cutBoth = (a: string, b: string): void => {
    stage.cut(a, b);
    stage.cut(b, a);
  };
  switch (command) {
    case 'campaign':
      campaign(stage, first);
      return '';
    case 'elect':
      campaign(stage, first);
      stage.deliver(() => true);
      return '';
    case 'tick':
      stage.tick(first, Number(second));
      return '';
    case 'beat':
      stage.tick(first, 1);
      stage.deliver(() => true);
      return '';
    case 'settle':
      stage.deliver(() => true);
      return '';
    case 'deliver':
      stage.deliver(choose(args), Number(listOf(args, 'count')[0] ?? Infinity));
      return '';
    case 'drop':
      stage.drop(choose(args));
      return '';
    case 'double':
      stage.double(choose(args));
      return '';
    case 'turn':
      stage.turn();
      return '';
    case 'cut':
      for (const link of args.filter((arg) => arg.includes('>')))
        stage.cut(link.split('>')[0] ?? '', link.split('>')[1] ?? '');
      if (!first.includes('>')) cutBoth(first, second);
      return '';
    case 'isolate':
      for (const name of names) if (!args.includes(name)) for (const inside of args) cutBoth(name, inside);
      return '';
    case 'mend':
      stage.mend();
      return '';
    case 'show':
      return stage.show(args.length > 0 ? args : names);
    case 'members':
      return args.map((name) => stage.members(name)).join('\n');
    default:
      return performOne(stage, command, args);
  }
}

const isVote = ({ body }: Message): boolean => body.kind === 'requestVote' || body.kind === 'vote';

/** All but leaders lose patience, `name` first. Again, if it had to learn the term. */
function campaign(stage: Stage, name: string): void {
  for (let attempt = 0; attempt < attemptsMax && stage.running(name).role !== 'leader'; attempt++) {
    for (const [other, { machine }] of stage.actors)
      if (attempt === 0 && other !== name && machine?.role !== 'leader') stage.tick(other, electionTicksMin);
    stage.tick(name, electionTicks);
    stage.deliver(isVote);
  }
}

function performOne(stage: Stage, command: string, args: readonly string[]): string {
  const [name = '', second = ''] = args;
  switch (command) {
    case 'propose':
      stage.step(name, {
        kind: 'propose',
        bodies: Array.from({ length: Number(second || 1) }, () => new Uint8Array(8)),
      });
      return '';
    case 'read':
      stage.step(name, { kind: 'read', request: Number(second) });
      return '';
    case 'configure':
      stage.step(name, {
        kind: 'configure',
        voters: listOf(args, 'voters').map(NodeId),
        learners: listOf(args, 'learners').map(NodeId),
      });
      return '';
    case 'transfer':
      stage.step(name, { kind: 'transfer', to: NodeId(second) });
      return '';
    case 'stalled':
      stage.step(name, { kind: 'stalled' });
      return '';
    case 'delivered':
      stage.step(name, { kind: 'snapshotSent', to: NodeId(second), ok: !args.includes('lost') });
      return '';
    case 'crash':
      stage.crash(name);
      return '';
    case 'start':
      stage.start(name);
      return '';
    case 'wipe':
      stage.wipe(name);
      return '';
    case 'hold':
      stage.hold(name);
      return '';
    case 'release':
      stage.release(name);
      return '';
    case 'sync':
      stage.sync(name);
      return '';
    case 'compact':
      stage.compact(name, Number(second));
      return '';
    default:
      assert(false, `no such command: ${command}`);
  }
}
