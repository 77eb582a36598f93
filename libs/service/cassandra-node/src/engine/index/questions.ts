/** Which relations of a WHERE an index can answer. Source: Cassandra 5.0, CassandraIndex.supportsExpression, IndexTermType.supports. */
import type { Column } from '@skerry/domain-table';
import type { Relation } from '@skerry/protocol-cql';
import { CompareFilter, ContainsFilter, ElementFilter, type Filter } from '../select/filters.ts';
import type { IndexTable } from './index-table.ts';
import type { IndexQuestion } from './search.ts';
import type { Analysis } from './text-analysis.ts';

function answers({ part, column, ordered }: IndexTable, relation: Relation): boolean {
  if (column.type.kind === 'vector') return false;
  if (part === 'entries') return relation.kind === 'element' && relation.operator === '=';
  if (part === 'keys') return relation.kind === (column.type.kind === 'map' ? 'containsKey' : 'contains');
  if (part === 'values') return relation.kind === 'contains';
  if (relation.kind !== 'compare' || relation.operator === '!=') return false;
  return relation.operator === '=' || ordered;
}

/** Relations of one column, and what may answer each. */
type Asked = { relations: number; supported: number; attached: number };

/** The indexes of a table, as a WHERE is sorted out. */
export class Questions {
  readonly #tables: readonly IndexTable[];
  readonly #asked = new Map<string, Asked>();
  readonly #ranges = new Map<IndexTable, CompareFilter[]>();
  readonly #equal: IndexQuestion[] = [];

  constructor(tables: readonly IndexTable[]) {
    this.#tables = tables;
  }
  /** Some index answers a relation. */
  get any(): boolean {
    return this.#equal.length > 0 || this.#ranges.size > 0;
  }
  get all(): readonly IndexQuestion[] {
    const ranges = Array.from(this.#ranges, ([table, filters]) => ({ kind: 'range', table, filters }) as const);
    return [...this.#equal, ...ranges];
  }
  #answering(column: Column, relation: Relation): readonly IndexTable[] {
    return this.#tables.filter((table) => table.column.name === column.name && answers(table, relation));
  }
  answered(column: Column, relation: Relation): boolean {
    return this.#answering(column, relation).length > 0;
  }
  /** What an index of the column makes of texts before it compares them. */
  analysis(column: Column, relation: Relation): Analysis | undefined {
    return this.#answering(column, relation).find(({ analysis }) => analysis !== undefined)?.analysis;
  }
  /** @param filters that say the same as the relation. */
  ask(column: Column, relation: Relation, filters: readonly Filter[]): void {
    const tables = this.#answering(column, relation);
    const asked = this.#asked.get(column.name) ?? { relations: 0, supported: 0, attached: 0 };
    asked.relations += 1;
    if (tables.length > 0) asked.supported += 1;
    if (tables.some(({ attached }) => attached)) asked.attached += 1;
    this.#asked.set(column.name, asked);
    for (const table of tables) for (const filter of filters) this.#askOne(table, filter);
  }
  #askOne(table: IndexTable, filter: Filter): void {
    if (filter instanceof ElementFilter) this.#equal.push({ kind: 'entry', table, filter });
    else if (filter instanceof ContainsFilter) this.#equal.push({ kind: 'equal', table, filter });
    else if (filter instanceof CompareFilter) {
      if (filter.operator === '=') this.#equal.push({ kind: 'equal', table, filter });
      else this.#ranges.set(table, [...(this.#ranges.get(table) ?? []), filter]);
    }
  }
  /**
   * Nothing is left to filter when these columns are restricted: by one relation, or all by storage-attached indexes, which
   * are asked together.
   */
  covers(columns: readonly Column[]): boolean {
    const names = [...new Set(columns.map(({ name }) => name))];
    const asked = names.map((name) => this.#asked.get(name));
    if (asked.every((each) => each !== undefined && each.attached === each.relations)) return true;
    const [only] = asked;
    return asked.length === 1 && only?.relations === 1 && only.supported === 1;
  }
}
