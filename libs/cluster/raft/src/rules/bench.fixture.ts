/** One machine, and messages by hand. */
import { assert, type LogIndex, NodeId, type Term } from '@skerry/kernel';
import { configurationOf } from '../configuration.ts';
import { Raft } from '../raft.ts';
import type { Body, Configuration, Effect, Entry, HardState, Input, Message, Options } from '../types.ts';

/** `bug`: its number in the catalogue of known bugs (`raft.md`). */
export type Rule = { readonly bug: string; readonly name: string; readonly run: () => void };

export const id = NodeId;
export const ids = (text: string): readonly NodeId[] => [...text].map((letter) => NodeId(letter));
export const place = (index: number, term: number): { index: LogIndex; term: Term } => ({
  index: index as LogIndex,
  term: term as Term,
});
export const bytes = new Uint8Array(8);
export const entry = (index: number, term: number): Entry => ({ ...place(index, term), kind: 'command', body: bytes });

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
export class Bench {
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

export const sent = (
  effects: readonly Effect[],
  kind: string,
): readonly Extract<Effect, { kind: 'send' }>['message'][] =>
  effects.flatMap((effect) => (effect.kind === 'send' && effect.message.body.kind === kind ? [effect.message] : []));
export const granted = (effects: readonly Effect[]): boolean =>
  sent(effects, 'vote').some(({ body }) => body.kind === 'vote' && body.granted);
export const matches = (effects: readonly Effect[]): readonly number[] =>
  sent(effects, 'appended').flatMap(({ body }) => (body.kind === 'appended' && body.ok ? [body.match] : []));
export const same = (actual: unknown, wanted: unknown, what: string): void =>
  assert(
    JSON.stringify(actual) === JSON.stringify(wanted),
    `${what}: wanted ${JSON.stringify(wanted)}, got ${JSON.stringify(actual)}`,
  );
export const requestVote = (index: number, term: number, transfer = false): Extract<Body, { kind: 'requestVote' }> => ({
  kind: 'requestVote',
  pre: false,
  last: place(index, term),
  transfer,
  standing: 'member',
});
