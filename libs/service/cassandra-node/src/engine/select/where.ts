/**
 * The relations of a SELECT sorted out: which partitions, which slices of their clustering, and what is left to filter.
 * Source: Cassandra 5.0, StatementRestrictions and its kin: rules and texts.
 */
import type { Column, TableSchema } from '@skerry/domain-table';
import type { Relation, Term } from '@skerry/protocol-cql';
import { relationText } from '../../catalog/view-where.ts';
import { invalid } from '../contract.ts';
import type { Questions } from '../index/questions.ts';
import { prepareOperand } from '../operands.ts';
import type { Planning } from '../planning.ts';
import { tokenReceiver } from '../receivers.ts';
import { clusteringRestrictions } from './clustering-where.ts';
import { checkType, ColumnRelations, type Gathered } from './column-relations.ts';
import { Filtering, filteringRefused } from './filtering.ts';
import { columnOf } from './relation.ts';
import type { KeyRestriction, TokenBound, Where } from './restrictions.ts';
import { TupleRelations } from './tuple-relations.ts';

const tokenText = 'The token() function must be applied to all partition key components or none of them';

export function analyzeWhere(
  planning: Planning,
  schema: TableSchema,
  relations: readonly Relation[],
  allowFiltering: boolean,
  questions: Questions | undefined,
): Where {
  return new Analysis(planning, schema, allowFiltering, questions).run(relations);
}

type Equality = Extract<Relation, { kind: 'compare' }>;
/** A list of one value, or a tuple of one column, as the equality that an index may answer. */
function asEquality(relation: Relation): Equality | undefined {
  if (relation.kind === 'in') {
    const value = onlyOf(relation.values);
    return value && { kind: 'compare', column: relation.column, operator: '=', value };
  }
  if (relation.kind !== 'tuple' && relation.kind !== 'tupleIn') return undefined;
  const [column] = relation.columns;
  if (column === undefined || relation.columns.length > 1) return undefined;
  const isEqual = relation.kind === 'tuple' && relation.operator === '=';
  const whole = relation.kind === 'tupleIn' ? onlyOf(relation.values) : isEqual ? relation.value : undefined;
  const value = whole?.kind === 'tuple' ? onlyOf(whole.elements) : undefined;
  return value && { kind: 'compare', column, operator: '=', value };
}
const isTerms = (values: Term | readonly Term[]): values is readonly Term[] => Array.isArray(values);
const onlyOf = (values: Term | readonly Term[]): Term | undefined =>
  isTerms(values) && values.length === 1 ? values[0] : undefined;

class Analysis {
  readonly #planning: Planning;
  readonly #schema: TableSchema;
  readonly #allowFiltering: boolean;
  /** Undefined: the table is virtual, and may be filtered as if each column had an index. */
  readonly #questions: Questions | undefined;
  readonly #single: ColumnRelations;
  readonly #tuples: TupleRelations;
  readonly #filtering = new Filtering();
  /** Number of the relation that is looked at. */
  #order = 0;
  readonly #tokens: TokenBound[] = [];
  #hasIndex = false;

  constructor(planning: Planning, schema: TableSchema, allowFiltering: boolean, questions: Questions | undefined) {
    this.#planning = planning;
    this.#schema = schema;
    this.#allowFiltering = allowFiltering;
    this.#questions = questions;
    this.#hasIndex = questions === undefined;
    this.#single = new ColumnRelations(planning, schema, questions);
    this.#tuples = new TupleRelations(planning, schema);
  }
  run(relations: readonly Relation[]): Where {
    for (const relation of relations) this.#add(relation);
    const keys = this.#keys();
    const clustering = clusteringRestrictions({
      schema: this.#schema,
      single: this.#single,
      tuples: this.#tuples,
      filtering: this.#filtering,
      mayFilter: this.#allowFiltering || this.#hasIndex,
    });
    const { filters, columns: filtered } = this.#filtering;
    for (const column of [...this.#schema.statics, ...this.#schema.regulars])
      this.#filtering.by(column, this.#single.of(column)?.filters);
    const scans = keys === undefined;
    const usesIndex = this.#questions?.any === true && (scans || filters.length > 0);
    if (usesIndex && this.#schema.partitionKey.some((column) => this.#single.of(column)?.in !== undefined))
      throw invalid('Select on indexed columns and with IN clause for the PRIMARY KEY are not supported');
    const looked = [...filtered, ...(scans ? clustering.flatMap(({ columns }) => columns) : [])];
    const needsFiltering =
      this.#questions === undefined ? filtered.length > 1 : looked.length > 0 && !this.#questions.covers(looked);
    return {
      keys,
      tokens: this.#tokens,
      fixed: this.#fixed(),
      clustering,
      filters,
      needsFiltering,
      filtered,
      usesIndex,
      ...this.#ofKeys(),
      restrictsClustering:
        this.#tuples.all.length > 0 || this.#schema.clustering.some((column) => this.#single.of(column) !== undefined),
      filtersOthers:
        this.#questions !== undefined &&
        !this.#questions.any &&
        filtered.some(({ kind }) => kind === 'static' || kind === 'regular'),
      restrictsRows: clustering.length > 0 || filtered.some(({ kind }) => kind === 'clustering' || kind === 'regular'),
    };
  }

  #add(said: Relation): void {
    this.#order += 1;
    const equality = this.#questions && asEquality(said);
    const isAnswered = equality && this.#questions?.answered(columnOf(this.#schema, equality.column), equality);
    const relation = isAnswered === true ? equality : said;
    if ('operator' in relation && relation.operator === '!=')
      throw invalid(`Unsupported "!=" relation: ${relationText(relation)}`);
    if (relation.kind === 'token') return this.#addToken(relation);
    if (relation.kind === 'tuple') {
      const alone = this.#alone(relation);
      if (alone === undefined) this.#tuples.add(relation, this.#order);
      else this.#add(alone);
      return;
    }
    if (relation.kind === 'tupleIn') return this.#tuples.addIn(relation, this.#order);
    if (relation.kind === 'ann') throw invalid('ANN ordering by vector requires the column to be indexed');
    if (relation.kind === 'custom') throw invalid(`Invalid index expression: index ${relation.index.name} not found`);
    const column = columnOf(this.#schema, relation.column);
    checkType(column, relation);
    if (this.#questions?.answered(column, relation) === true) this.#hasIndex = true;
    this.#single.add(column, relation, this.#order);
  }
  /** `(c) = (1)` where an index answers `c = 1`. */
  #alone({ columns, operator, value }: Extract<Relation, { kind: 'tuple' }>): Relation | undefined {
    const [name] = columns;
    if (name === undefined || columns.length > 1 || value.kind !== 'tuple' || value.elements.length !== 1)
      return undefined;
    const compared: Relation = { kind: 'compare', column: name, operator, value: value.elements[0] as Term };
    const column = columnOf(this.#schema, name);
    return column.kind === 'clustering' && this.#questions?.answered(column, compared) === true ? compared : undefined;
  }
  #addToken({ columns, operator, value }: Extract<Relation, { kind: 'token' }>): void {
    const { partitionKey } = this.#schema;
    for (const name of columns)
      if (columnOf(this.#schema, name).kind !== 'partition_key' && columns.length > partitionKey.length)
        throw invalid('The token() function must contains only partition key components');
    if (columns.length > partitionKey.length)
      throw invalid('The token() function contains duplicate partition key components');
    if (
      columns.length !== partitionKey.length ||
      columns.some((name) => !partitionKey.some((column) => column.name === name))
    )
      throw invalid(tokenText);
    if (columns.some((name, i) => name !== partitionKey[i]?.name))
      throw invalid(
        `The token function arguments must be in the partition key order: ${partitionKey.map(({ name }) => name).join(', ')}`,
      );
    const side = operator.charAt(0);
    if (this.#tokens.some((bound) => bound.operator.startsWith(side) || bound.operator === '='))
      throw invalid(
        `More than one restriction was found for the ${side === '<' ? 'end' : 'start'} bound on ${columns.join(', ')}`,
      );
    this.#tokens.push({ operator, operand: prepareOperand(this.#planning, value, tokenReceiver(this.#schema)) });
  }

  #fixed(): readonly Column[] {
    const { partitionKey, clustering } = this.#schema;
    const alone = [...partitionKey, ...clustering].filter((column) => {
      const gathered = this.#single.of(column);
      return gathered?.equal !== undefined || (gathered?.in?.kind === 'each' && gathered.in.operands.length === 1);
    });
    const tuples = this.#tuples.all.flatMap(({ columns, restriction }) =>
      restriction.kind === 'equal' ? columns : [],
    );
    return [...alone, ...tuples];
  }
  #ofKeys(): Pick<Where, 'restrictsKey' | 'keyIsIn'> {
    const gathered = this.#schema.partitionKey.flatMap((column) => this.#single.of(column) ?? []);
    const isIn = ({ in: among }: Gathered): boolean =>
      among !== undefined && (among.kind === 'list' || among.operands.length !== 1);
    return { restrictsKey: gathered.length > 0 || this.#tokens.length > 0, keyIsIn: gathered.some(isIn) };
  }
  #keys(): readonly KeyRestriction[] | undefined {
    const keys: KeyRestriction[] = [];
    let restricted = 0;
    for (const column of this.#schema.partitionKey) {
      const gathered = this.#single.of(column);
      if (gathered === undefined) continue;
      restricted += 1;
      if (gathered.equal !== undefined) keys.push({ kind: 'equal', column, operand: gathered.equal });
      else if (gathered.in !== undefined) keys.push({ kind: 'in', column, values: gathered.in });
      else if (!this.#allowFiltering && !this.#hasIndex) throw filteringRefused();
    }
    if (
      restricted > 0 &&
      this.#tokens.length > 0 &&
      keys.length !== this.#schema.partitionKey.length &&
      !this.#allowFiltering
    )
      throw filteringRefused();
    const complete = keys.length === this.#schema.partitionKey.length;
    const extra = this.#schema.partitionKey.some((column) => this.#single.mustFilter(column));
    if (complete && !extra) return keys;
    if (restricted > 0 && !this.#allowFiltering && !this.#hasIndex && this.#tokens.length === 0)
      throw filteringRefused();
    for (const column of this.#schema.partitionKey) this.#filtering.by(column, this.#single.of(column)?.filters);
    return complete && this.#tokens.length === 0 ? keys : undefined;
  }
}
