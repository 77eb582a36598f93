/**
 * Clients of the replicated keys: each does one operation after the other, tries again under the same operation id when
 * no answer comes, and at last gives up without knowing. What they saw is checked for linearizability.
 */
import type { NodeId, Prng } from '@skerry/kernel';
import {
  checkLinearizable,
  keyValueModel,
  type KeyValueInput,
  type KeyValueOutput,
  type Operation,
} from '@skerry/testing/linearizability';
import type { Invariants } from './invariants.fixture.ts';
import type { Node } from './node.fixture.ts';
import { encodeCommand } from './state.fixture.ts';

export type ClientWorld = {
  readonly random: Prng;
  readonly nodes: ReadonlyMap<NodeId, Node>;
  readonly invariants: Invariants;
  readonly later: (delay: number, run: () => void) => void;
  readonly mark: (name: string) => void;
};
type Asked = {
  readonly client: string;
  readonly operation: number;
  readonly input: KeyValueInput;
  readonly calledAt: number;
  attempts: number;
  /** An attempt that nobody refused: it may still take effect. */
  open: boolean;
  done: boolean;
};

const clientCount = 4;
const keys = ['a', 'b', 'c'] as const;
/** In 1/10 ticks. */
const pauseMax = 150;
const timeoutMin = 60;
const timeoutMax = 500;
const attemptCountMax = 6;

export class Clients {
  readonly history: Operation<KeyValueInput, KeyValueOutput>[] = [];
  readonly #world: ClientWorld;
  /** Not yet in the history. */
  readonly #asked = new Set<Asked>();
  /** What a client last saw of each key: what its compare-and-set expects. */
  readonly #seen = new Map<string, string | undefined>();
  #operations = 0;
  /** Orders calls and returns; two at one time would count as overlapping. */
  #clock = 0;
  #calm = false;
  /** Answers to writes and reads. */
  answered = 0;

  constructor(world: ClientWorld) {
    this.#world = world;
    for (let n = 1; n <= clientCount; n++) this.#nextLater(`c${n}`);
  }
  /** No new operations; those that were asked are tried on. */
  rest(): void {
    this.#calm = true;
  }
  /** Asks at once, whatever else goes on. */
  probe(input: KeyValueInput['kind']): void {
    const key = this.#world.random.pick(keys);
    this.#operations += 1;
    this.#ask('probe', input === 'get' ? { kind: 'get', key } : { kind: 'put', key, value: `${this.#operations}` });
  }
  /** @returns why the history is not linearizable; undefined when it is, or cannot be decided. */
  check(): string | undefined {
    for (const asked of this.#asked) this.#giveUp(asked);
    const verdict = checkLinearizable(this.history, keyValueModel);
    this.#world.mark(`history ${verdict.kind}`);
    return verdict.kind === 'violated' ? `key ${verdict.key} is not linearizable ${verdict.explanation}` : undefined;
  }

  #nextLater(client: string): void {
    this.#world.later(this.#world.random.between(1, pauseMax), () => {
      if (this.#calm) return;
      this.#operations += 1;
      this.#ask(client, this.#draw());
    });
  }
  #draw(): KeyValueInput {
    const { random } = this.#world;
    const key = random.pick(keys);
    if (random.chance(0.5)) return { kind: 'get', key };
    const value = `${this.#operations}`;
    if (random.chance(0.5)) return { kind: 'put', key, value };
    return { kind: 'compareAndSet', key, expected: this.#seen.get(key), value };
  }
  #ask(client: string, input: KeyValueInput): void {
    const calledAt = ++this.#clock;
    const operation = this.#operations;
    const asked = { client, operation, input, calledAt, attempts: 0, open: false, done: false };
    this.#asked.add(asked);
    this.#attempt(asked);
  }
  #attempt(asked: Asked): void {
    const { random, later, mark } = this.#world;
    asked.attempts += 1;
    const wasOpen = asked.open;
    asked.open = true;
    const attempt = asked.attempts;
    const isCurrent = (): boolean => !asked.done && asked.attempts === attempt;
    const reply = (output: KeyValueOutput | undefined): void => {
      if (output === undefined && isCurrent()) asked.open = wasOpen;
      if (random.chance(0.05)) return;
      later(random.between(1, 20), () => {
        if (output !== undefined) this.#finish(asked, output);
        else if (isCurrent()) this.#again(asked);
      });
    };
    const node = this.#pickNode();
    later(random.between(1, 20), () => this.#send(node, asked, reply));
    later(random.between(timeoutMin, timeoutMax), () => {
      if (!isCurrent()) return;
      mark('client time-out');
      this.#again(asked);
    });
  }
  #send(node: Node, { operation, input }: Asked, reply: (output: KeyValueOutput | undefined) => void): void {
    if (input.kind === 'get') {
      const { decidedTop } = this.#world.invariants;
      node.read(input.key, decidedTop, (value, refused) => reply(refused ? undefined : { value, done: false }));
      return;
    }
    node.propose(encodeCommand({ operation, input }), this.#fillers(), (answer) =>
      reply(typeof answer === 'string' ? undefined : answer),
    );
  }
  /** Nobody waits for these; they make the log longer. */
  #fillers(): readonly Uint8Array[] {
    const { random } = this.#world;
    if (random.chance(0.6)) return [];
    return Array.from({ length: random.between(1, 3) }, () => {
      this.#operations += 1;
      const input: KeyValueInput = { kind: 'put', key: 'filler', value: `${this.#operations}` };
      return encodeCommand({ operation: this.#operations, input });
    });
  }
  #again(asked: Asked): void {
    const { random, later, mark } = this.#world;
    if (asked.attempts < attemptCountMax && random.chance(0.85)) {
      later(random.between(1, 100), () => {
        if (!asked.done) this.#attempt(asked);
      });
      return;
    }
    mark('client gives up');
    this.#giveUp(asked);
    if (asked.client !== 'probe') this.#nextLater(asked.client);
  }
  #giveUp(asked: Asked): void {
    asked.done = true;
    this.#asked.delete(asked);
    const { client, input, calledAt, open } = asked;
    if (!open || input.kind === 'get') return;
    this.history.push({ client, calledAt, input, returned: undefined });
    this.#world.mark('outcome unknown');
  }
  #finish(asked: Asked, output: KeyValueOutput): void {
    if (asked.done) return;
    asked.done = true;
    this.#asked.delete(asked);
    const { client, input, calledAt } = asked;
    this.history.push({ client, calledAt, input, returned: { at: ++this.#clock, output } });
    this.answered += 1;
    if (input.kind === 'get') this.#seen.set(input.key, output.value);
    else if (output.done) this.#seen.set(input.key, input.value);
    if (input.kind === 'compareAndSet') this.#world.mark(output.done ? 'set as expected' : 'not as expected');
    if (client !== 'probe') this.#nextLater(client);
  }
  #pickNode(): Node {
    const { random, nodes } = this.#world;
    const all = [...nodes.values()];
    const leaders = all.filter(({ machine }) => machine?.role === 'leader');
    return random.pick(leaders.length > 0 && random.chance(0.75) ? leaders : all);
  }
}
