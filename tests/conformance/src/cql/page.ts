/** Plays a page of the corpus against a server: an empty keyspace `ks`, no roles but the first, and its statements in turn. */
import { playScenario } from '@skerry/testing/scenario';
import { fromHex } from '@skerry/kernel';
import type { Response, WireValue } from '@skerry/protocol-cql';
import { answerLines, nextPage, preparedText } from './answer.ts';
import { Link, type CqlTarget } from './link.ts';

const consistencyOne = 1;
/** Half of a number of 64 bits. */
const half = 2 ** 32;
/** What logs in: what the page gave it as password. */
const passwordPattern =
  /^(?:CREATE|ALTER) (?:ROLE|USER) (?:IF (?:NOT )?EXISTS )?["']?(\w+)["']?.*\bPASSWORD\s*=?\s*'([^']*)'/i;

/** Of `0x00000001|null|unset`. */
const boundValues = (text: string): WireValue[] =>
  text.split('|').map((value) => {
    if (value === 'unset') return undefined;
    return value === 'null' ? null : (fromHex(value.slice(2)) ?? null);
  });

/** Begins a block in which we do otherwise than Cassandra, and why: it is not sent. */
const oursMark = '# Ours: ';

/** An index of Cassandra's answers when it is built, which takes a moment: asked again until then. */
const indexBuiltTimeoutMs = 10_000;
async function whenBuilt(ask: () => Promise<Response>): Promise<Response> {
  const end = Date.now() + indexBuiltTimeoutMs;
  for (;;) {
    const response = await ask();
    const { body } = response;
    if (body.kind !== 'error' || !body.error.message.includes('INDEX_NOT_AVAILABLE') || Date.now() > end)
      return response;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export class Player {
  readonly #target: CqlTarget;
  readonly #passwords = new Map<string, string>();
  readonly #links = new Map<string, Link>();
  #role: string;
  /** Time moves by sending another one: v5 lets a request say what time it is. */
  #laterSeconds = 0;

  constructor(target: CqlTarget) {
    this.#target = target;
    this.#role = target.user;
    this.#passwords.set(target.user, target.password);
  }
  close(): void {
    for (const link of this.#links.values()) link.close();
  }

  /** Nothing is left of what was there before. */
  async empty(): Promise<void> {
    const names = async (text: string): Promise<string[]> => (await this.handle(text)).split('\n').slice(1);
    for (const name of await names('SELECT keyspace_name FROM system_schema.keyspaces'))
      if (!name.startsWith("'system")) await this.handle(`DROP KEYSPACE "${name.slice(1, -1)}"`);
    for (const name of await names('SELECT role FROM system_auth.roles'))
      if (name !== `'${this.#role}'`) await this.handle(`DROP ROLE ${name}`);
    const replication = `{'class': 'SimpleStrategy', 'replication_factor': 1}`;
    await this.handle(`CREATE KEYSPACE ks WITH replication = ${replication}`);
    await this.handle('USE ks');
  }

  /** A statement, or `later`, `as`, `page`, `types`, `bind`, `prepare`: see the corpus' README. */
  async handle(command: string): Promise<string> {
    const [, word, argument = '', rest = ''] =
      /^(later|as|page|bind) (\S+) ?(.*)$/.exec(command) ?? /^(types|prepare)( )(.*)$/.exec(command) ?? [];
    if (word === 'later') {
      this.#laterSeconds += Number(argument);
      return '';
    }
    if (word === 'as') {
      this.#role = argument;
      return '';
    }
    const text = word === undefined ? command : rest;
    const [, role, password] = passwordPattern.exec(text) ?? [];
    if (role !== undefined && password !== undefined) this.#passwords.set(role, password);
    const lines: string[] = [];
    let pagingState: Uint8Array | undefined;
    const link = await this.#link();
    if (word === 'prepare') return preparedText(await link.prepare(text));
    do {
      const response = await whenBuilt(() =>
        link.query(text, {
          consistency: consistencyOne,
          ...this.#now(),
          ...(word === 'page' ? { pageSize: Number(argument) } : {}),
          ...(word === 'bind' ? { values: boundValues(argument) } : {}),
          ...(pagingState === undefined ? {} : { pagingState }),
        }),
      );
      const told = answerLines(response, word === 'types');
      const isFirst = pagingState === undefined;
      pagingState = nextPage(response);
      if (!isFirst) lines.push('--');
      lines.push(...told.slice(isFirst || response.body.kind !== 'rows' ? 0 : 1));
    } while (pagingState !== undefined);
    return lines.join('\n');
  }

  async #link(): Promise<Link> {
    const open = this.#links.get(this.#role);
    if (open !== undefined) return open;
    const password = this.#passwords.get(this.#role) ?? '';
    const link = await Link.open({ ...this.#target, user: this.#role, password });
    this.#links.set(this.#role, link);
    return link;
  }
  #now() {
    const ms = Date.now() + this.#laterSeconds * 1000;
    const micros = ms * 1000;
    return {
      timestamp: { hi: Math.floor(micros / half) | 0, lo: (micros % half) | 0 },
      nowInSeconds: Math.floor(ms / 1000),
    };
  }
}

/** @returns the page with the server's answers: equal texts, equal servers. */
export async function playPage(text: string, target: CqlTarget): Promise<string> {
  const player = new Player(target);
  try {
    await player.empty();
    const played: string[] = [];
    for (const block of text.trimEnd().split(/\n\n+/)) {
      const isOurs = block.startsWith(oursMark);
      const play = (command: string, args: readonly string[]) => player.handle([command, ...args].join(' '));
      played.push(isOurs ? block : (await playScenario(block, play)).trimEnd());
    }
    return `${played.join('\n\n')}\n`;
  } finally {
    player.close();
  }
}
