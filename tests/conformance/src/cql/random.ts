/** Random statements, the same for the same seed, on two servers: where their answers differ, one of them is wrong. */
import { Prng } from '@skerry/kernel';
import { alike } from './compare.ts';
import type { CqlTarget } from './link.ts';
import { Player } from './page.ts';

export type RandomDifference = { readonly statement: string; readonly answers: readonly [string, string] };

/** Statements for each table. */
const statementsPerTable = 150;

class Generator {
  readonly #prng: Prng;
  #columns: readonly string[] = [];
  #clustering: readonly string[] = [];
  #keys: readonly string[] = [];
  #statics: readonly string[] = [];
  constructor(seed: number) {
    this.#prng = new Prng(seed);
  }
  #below(count: number): number {
    return Math.floor(this.#prng.next() * count);
  }
  #chance(of: number): boolean {
    return this.#prng.next() < of;
  }
  #of<T>(all: readonly T[]): T {
    return all[this.#below(all.length)] as T;
  }
  #some(all: readonly string[], most = all.length): string[] {
    const chosen = all.filter(() => this.#chance(0.6)).slice(0, most);
    return chosen.length === 0 ? all.slice(0, 1) : chosen;
  }
  /** Small numbers, so that they meet each other. */
  #int(): string {
    return String(this.#below(4));
  }

  table(name: string): string {
    const count = (most: number): number => this.#below(most + 1);
    this.#keys = ['p', 'q'].slice(0, 1 + count(1));
    this.#clustering = ['a', 'b', 'c'].slice(0, count(3));
    this.#statics = this.#clustering.length > 0 && this.#chance(0.5) ? ['s'] : [];
    this.#columns = ['v', 'w', 'l', 'm', 't'];
    const order = this.#clustering.map((column) => `${column} ${this.#of(['ASC', 'DESC'])}`);
    const ints = [...this.#keys, ...this.#clustering, 'v', 'w'].map((column) => `${column} int`);
    const statics = this.#statics.map((column) => `${column} int static`);
    const key = `PRIMARY KEY (${[`(${this.#keys.join(', ')})`, ...this.#clustering].join(', ')})`;
    const all = [...ints, ...statics, 'l list<int>', 'm map<int, int>', 't set<int>', key].join(', ');
    return `CREATE TABLE ${name} (${all})${order.length > 0 ? ` WITH CLUSTERING ORDER BY (${order.join(', ')})` : ''}`;
  }
  statement(table: string): string {
    const kind = this.#below(10);
    if (kind < 3) return this.#insert(table);
    if (kind < 4) return this.#update(table);
    if (kind < 5) return this.#delete(table);
    return this.#select(table);
  }
  #using(): string {
    return this.#chance(0.2) ? ` USING TIMESTAMP ${1_000 + this.#below(5)}` : '';
  }
  #value(column: string): string {
    if (this.#chance(0.1)) return 'null';
    const some = Array.from({ length: this.#below(3) }, () => this.#int());
    if (column === 'l') return `[${some.join(', ')}]`;
    if (column === 't') return `{${[...new Set(some)].join(', ')}}`;
    return column === 'm' ? `{${[...new Set(some)].map((key) => `${key}: ${this.#int()}`).join(', ')}}` : this.#int();
  }
  #insert(table: string): string {
    const others = this.#some([...this.#columns, ...this.#statics]);
    const columns = [...this.#keys, ...this.#clustering, ...others];
    const values = columns.map((column, i) => (i < columns.length - others.length ? this.#int() : this.#value(column)));
    const condition = this.#chance(0.1) ? ' IF NOT EXISTS' : '';
    return `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${values.join(', ')})${condition || this.#using()}`;
  }
  #change(column: string): string {
    const kind = this.#below(3);
    if (column === 'l' && kind === 0) return `l = l + [${this.#int()}]`;
    if (column === 'l' && kind === 1) return `l = [${this.#int()}] + l`;
    if (column === 't' && kind < 2) return `t = t ${this.#of(['+', '-'])} {${this.#int()}}`;
    if (column === 'm' && kind === 0) return `m[${this.#int()}] = ${this.#int()}`;
    return `${column} = ${this.#value(column)}`;
  }
  #update(table: string): string {
    const changes = this.#some(this.#columns, 3).map((column) => this.#change(column));
    const where = [...this.#keys, ...this.#clustering].map((column) => `${column} = ${this.#int()}`);
    const isConditional = this.#chance(0.15);
    const condition = isConditional
      ? ` IF ${this.#of(['v', 'w'])} ${this.#of(['=', '!=', '>', '<='])} ${this.#int()}`
      : '';
    return `UPDATE ${table}${isConditional ? '' : this.#using()} SET ${changes.join(', ')} WHERE ${where.join(' AND ')}${condition}`;
  }
  #delete(table: string): string {
    const what = this.#chance(0.3) ? ` ${this.#of(this.#columns)}` : '';
    return `DELETE${what} FROM ${table}${this.#using()} WHERE ${this.#where(false).join(' AND ')}`;
  }
  /** @param strange columns that stand in no order, values of others. */
  #where(strange: boolean): string[] {
    const keys = this.#keys.map((column) =>
      this.#chance(0.2) ? `${column} IN (${this.#int()}, ${this.#int()})` : `${column} = ${this.#int()}`,
    );
    const clustering: string[] = [];
    const depth = this.#below(this.#clustering.length + 1);
    if (depth > 1 && this.#chance(0.25)) {
      const columns = this.#clustering.slice(0, depth);
      const tuple = (): string => `(${columns.map(() => this.#int()).join(', ')})`;
      const operator = this.#of(['=', '>', '>=', '<', '<=', 'IN']);
      clustering.push(
        `(${columns.join(', ')}) ${operator} ${operator === 'IN' ? `(${tuple()}, ${tuple()})` : tuple()}`,
      );
      if (operator.startsWith('>') && this.#chance(0.5)) clustering.push(`(${columns.join(', ')}) < ${tuple()}`);
    } else
      for (const [i, column] of this.#clustering.slice(0, depth).entries()) {
        const operator =
          i === depth - 1 ? this.#of(['=', '>', '>=', '<', '<=', 'IN']) : this.#of(['=', '=', '=', 'IN']);
        clustering.push(
          operator === 'IN' ? `${column} IN (${this.#int()}, ${this.#int()})` : `${column} ${operator} ${this.#int()}`,
        );
        if (operator === '>' && this.#chance(0.4)) clustering.push(`${column} <= ${this.#int()}`);
      }
    const others = strange
      ? [
          `v ${this.#of(['=', '>', '<='])} ${this.#int()}`,
          `l CONTAINS ${this.#int()}`,
          `m CONTAINS KEY ${this.#int()}`,
          `m[${this.#int()}] = ${this.#int()}`,
        ].filter(() => this.#chance(0.3))
      : [];
    return [...keys, ...clustering, ...others].filter(() => !this.#chance(0.05));
  }
  #select(table: string): string {
    const all = [...this.#keys, ...this.#clustering, ...this.#columns, ...this.#statics];
    const grouped = this.#chance(0.2);
    const groups = [...this.#keys, ...this.#clustering].slice(0, 1 + this.#below(4));
    const isDistinct = !grouped && this.#chance(0.08);
    const what = grouped
      ? [...groups, 'count(*)', `${this.#of(['max', 'min', 'sum', 'avg'])}(v)`].join(', ')
      : isDistinct
        ? `DISTINCT ${[...this.#keys, ...this.#statics].join(', ')}`
        : this.#of([
            '*',
            this.#some(all).join(', '),
            'count(*), sum(v), max(w)',
            'v + w, -v, (v + 1) * w, writetime(w) * 0',
          ]);
    const hasWhere = this.#chance(0.75);
    const where = hasWhere ? this.#where(this.#chance(0.4)) : [];
    const order =
      this.#chance(0.2) && this.#clustering.length > 0
        ? ` ORDER BY ${this.#of(this.#clustering)} ${this.#of(['ASC', 'DESC'])}`
        : '';
    const limit = `${this.#chance(0.1) ? ` PER PARTITION LIMIT ${1 + this.#below(3)}` : ''}${this.#chance(0.2) ? ` LIMIT ${1 + this.#below(5)}` : ''}`;
    const filtering = this.#chance(0.6) ? ' ALLOW FILTERING' : '';
    const page = this.#chance(0.3) ? `page ${1 + this.#below(4)} ` : '';
    const rest = `${where.length > 0 ? ` WHERE ${where.join(' AND ')}` : ''}${grouped ? ` GROUP BY ${groups.join(', ')}` : ''}`;
    return `${page}SELECT ${what} FROM ${table}${rest}${order}${limit}${filtering}`;
  }
}

/** @param tables how many are made, one after another. */
export async function compareRandomly(
  targets: readonly [CqlTarget, CqlTarget],
  seed: number,
  tables: number,
  onDifference: (difference: RandomDifference) => void,
): Promise<{ readonly statements: number; readonly differences: number }> {
  const players = targets.map((target) => new Player(target));
  let [statements, differences] = [0, 0];
  try {
    await Promise.all(players.map((player) => player.empty()));
    const generator = new Generator(seed);
    for (let table = 0; table < tables; table++) {
      const name = `t${table}`;
      const texts = [
        generator.table(name),
        ...Array.from({ length: statementsPerTable }, () => generator.statement(name)),
      ];
      for (const statement of texts) {
        const [ours = '', theirs = ''] = await Promise.all(players.map((player) => player.handle(statement)));
        statements += 1;
        if (alike(ours) === alike(theirs)) continue;
        differences += 1;
        onDifference({ statement, answers: [ours, theirs] });
      }
    }
    return { statements, differences };
  } finally {
    for (const player of players) player.close();
  }
}
