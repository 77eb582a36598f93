/**
 * The relations of a SELECT sorted out: which partitions, which slices of their clustering, and what is left to filter.
 * Source: Cassandra 5.0, StatementRestrictions and its kin: rules and texts.
 */
import type { Column, TableSchema } from '@skerry/domain-table';
import { fieldParts, typeName } from '@skerry/domain-values';
import type { Comparison, Relation, Term } from '@skerry/protocol-cql';
import { relationText } from '../../catalog/view-where.ts';
import { unreachable } from '@skerry/kernel';
import { invalid, type Execution, type Operand } from '../contract.ts';
import {
  emptySlot,
  prepareIn,
  prepareOperand,
  prepareTuple,
  prepareTuplesIn,
  slotBytes,
  type InTuples,
  type InValues,
  type TupleValues,
} from '../operands.ts';
import type { Questions } from '../index/questions.ts';
import type { Planning } from '../planning.ts';
import { columnReceiver, elementReceiver, keyReceiver, tokenReceiver } from '../receivers.ts';
import {
  CompareFilter,
  ContainsFilter,
  ElementFilter,
  InFilter,
  inValues as inValuesOf,
  requiredBytes,
  tupleBytesOf,
  TupleFilter,
  TupleInFilter,
  type ContainsKind,
  type Filter,
} from './filters.ts';
import { columnRef } from './row.ts';

export type KeyRestriction =
  | { readonly kind: 'equal'; readonly column: Column; readonly operand: Operand }
  | { readonly kind: 'in'; readonly column: Column; readonly values: InValues };

export type SliceBound = {
  readonly operator: '<' | '<=' | '>' | '>=';
  readonly values: (execution: Execution) => readonly Uint8Array[];
};
/** Of one or several clustering columns that follow one another. */
export type ClusteringRestriction =
  | {
      readonly kind: 'equal';
      readonly columns: readonly Column[];
      readonly operand: Operand | undefined;
      readonly values: (execution: Execution) => readonly Uint8Array[];
    }
  | {
      readonly kind: 'in';
      readonly columns: readonly Column[];
      readonly values: (execution: Execution) => readonly (readonly Uint8Array[])[];
    }
  | { readonly kind: 'slice'; readonly columns: readonly Column[]; readonly bounds: readonly SliceBound[] };

export type TokenBound = { readonly operator: Comparison; readonly operand: Operand };
export type Where = {
  /** One for each column of the partition key; undefined: a scan. */
  readonly keys: readonly KeyRestriction[] | undefined;
  readonly tokens: readonly TokenBound[];
  readonly clustering: readonly ClusteringRestriction[];
  readonly filters: readonly Filter[];
  /** It cannot be answered without looking at rows that are not wanted. */
  readonly needsFiltering: boolean;
  /** Columns that are filtered by, which an index may answer. */
  readonly filtered: readonly Column[];
  /** An index is asked. */
  readonly usesIndex: boolean;
  /** Rows are restricted by their clustering: a partition's static columns alone are no row of it. */
  readonly restrictsRows: boolean;
  /** The partition key is told of in some way; by a list. */
  readonly restrictsKey: boolean;
  readonly keyIsIn: boolean;
  readonly restrictsClustering: boolean;
  /** Without ALLOW FILTERING a column that is not of the key cannot be restricted. */
  readonly filtersOthers: boolean;
};

const tokenText = 'The token() function must be applied to all partition key components or none of them';
const filteringText =
  'Cannot execute this query as it might involve data filtering and thus may have unpredictable performance. If you ' +
  'want to execute this query despite the performance unpredictability, use ALLOW FILTERING';
export const filteringRefused = (): Error => invalid(filteringText);

export function columnOf(schema: TableSchema, name: string): Column {
  const { keyspace, name: table } = schema;
  for (const columns of [schema.partitionKey, schema.clustering, schema.statics, schema.regulars])
    for (const column of columns) if (column.name === name) return column;
  throw invalid(`Undefined column name ${name} in table ${keyspace}.${table}`);
}

/** The single-column relations of one column, gathered. */
type Gathered = {
  equal?: Operand;
  in?: InValues;
  bounds: { operator: SliceBound['operator']; operand: Operand }[];
  filters: Filter[];
  /** Which relation was the first of them. */
  readonly order: number;
};

export function analyzeWhere(
  planning: Planning,
  schema: TableSchema,
  relations: readonly Relation[],
  allowFiltering: boolean,
  questions: Questions | undefined,
): Where {
  return new Analysis(planning, schema, allowFiltering, questions).run(relations);
}

class Analysis {
  readonly #planning: Planning;
  readonly #schema: TableSchema;
  readonly #allowFiltering: boolean;
  /** Undefined: the table is virtual, and may be filtered as if each column had an index. */
  readonly #questions: Questions | undefined;
  readonly #single = new Map<string, Gathered>();
  readonly #multi: {
    readonly columns: readonly Column[];
    readonly restriction: ClusteringRestriction;
    readonly filters: readonly Filter[];
    readonly order: number;
  }[] = [];
  /** Number of the relation that is looked at. */
  #order = 0;
  readonly #tokens: TokenBound[] = [];
  readonly #filters: Filter[] = [];
  readonly #filtered: Column[] = [];
  /** Columns whose filters need no ALLOW FILTERING. */
  #freeColumns = 0;
  #hasIndex = false;

  constructor(planning: Planning, schema: TableSchema, allowFiltering: boolean, questions: Questions | undefined) {
    this.#planning = planning;
    this.#schema = schema;
    this.#allowFiltering = allowFiltering;
    this.#questions = questions;
    this.#hasIndex = questions === undefined;
  }
  run(relations: readonly Relation[]): Where {
    for (const relation of relations) this.#add(relation);
    const keys = this.#keys();
    const clustering = this.#clustering();
    for (const column of [...this.#schema.statics, ...this.#schema.regulars]) this.#filterBy(column);
    const scans = keys === undefined;
    const usesIndex = this.#questions?.any === true && (scans || this.#filters.length > 0);
    if (usesIndex && this.#schema.partitionKey.some(({ name }) => this.#single.get(name)?.in !== undefined))
      throw invalid('Select on indexed columns and with IN clause for the PRIMARY KEY are not supported');
    const looked = [...this.#filtered, ...(scans ? clustering.flatMap(({ columns }) => columns) : [])];
    const needsFiltering =
      this.#questions === undefined
        ? this.#filtered.length > 1
        : looked.length > this.#freeColumns && !this.#questions.covers(looked);
    return {
      keys,
      tokens: this.#tokens,
      clustering,
      filters: this.#filters,
      needsFiltering,
      filtered: this.#filtered,
      usesIndex,
      ...this.#ofKeys(),
      restrictsClustering: this.#multi.length > 0 || this.#schema.clustering.some(({ name }) => this.#single.has(name)),
      filtersOthers:
        this.#questions !== undefined &&
        !this.#questions.any &&
        this.#filtered.some(({ kind }) => kind === 'static' || kind === 'regular'),
      restrictsRows:
        clustering.length > 0 || this.#filtered.some(({ kind }) => kind === 'clustering' || kind === 'regular'),
    };
  }

  #add(relation: Relation): void {
    this.#order += 1;
    if ('operator' in relation && relation.operator === '!=')
      throw invalid(`Unsupported "!=" relation: ${relationText(relation)}`);
    if (relation.kind === 'token') return this.#addToken(relation);
    if (relation.kind === 'tuple') return this.#addTuple(relation);
    if (relation.kind === 'tupleIn') return this.#addTupleIn(relation);
    if (relation.kind === 'ann') throw invalid('ANN ordering by vector requires the column to be indexed');
    if (relation.kind === 'custom') throw invalid(`Invalid index expression: index ${relation.index.name} not found`);
    const column = columnOf(this.#schema, relation.column);
    this.#checkType(column, relation);
    if (this.#questions?.answered(column, relation) === true) this.#hasIndex = true;
    const { filters } = this.#gathered(column);
    const before = filters.length;
    this.#addSingle(column, relation);
    this.#questions?.ask(column, relation, filters.slice(before));
  }
  #checkType(column: Column, relation: Relation): void {
    const { type, name } = column;
    const slices = relation.kind === 'compare' && relation.operator !== '=';
    if (type.kind === 'duration' && slices) throw invalid('Slice restrictions are not supported on duration columns');
    const isCollection = type.kind === 'list' || type.kind === 'set' || type.kind === 'map';
    if (relation.kind === 'contains' && !isCollection)
      throw invalid(`Cannot use CONTAINS on non-collection column ${name}`);
    if (relation.kind === 'containsKey' && type.kind !== 'map')
      throw invalid(`Cannot use CONTAINS KEY on non-map column ${name}`);
    if (relation.kind === 'element') {
      if (type.kind === 'list')
        throw invalid('Indexes on list entries (l[index] = value) are not currently supported.');
      if (type.kind !== 'map') throw invalid(`Column ${name} cannot be used as a map`);
      if (relation.operator !== '=') throw invalid('Only EQ relations are supported on map entries');
    }
    if (isCollection && !type.frozen && (relation.kind === 'compare' || relation.kind === 'in')) {
      const operator = relation.kind === 'compare' ? relation.operator : 'IN';
      throw invalid(`Collection column '${name}' (${typeName(type)}) cannot be restricted by a '${operator}' relation`);
    }
  }

  #gathered(column: Column): Gathered {
    let found = this.#single.get(column.name);
    if (found === undefined) {
      found = { bounds: [], filters: [], order: this.#order };
      this.#single.set(column.name, found);
    }
    return found;
  }
  #addSingle(
    column: Column,
    relation: Exclude<Relation, { kind: 'token' | 'tuple' | 'tupleIn' | 'ann' | 'custom' }>,
  ): void {
    const planning = this.#planning;
    const receiver = columnReceiver(this.#schema, column);
    const ref = columnRef(column);
    const gathered = this.#gathered(column);
    const analysis = this.#questions?.analysis(column, relation);
    const onlyOne = (): void => {
      if (gathered.bounds.length > 0)
        throw invalid(`Column "${column.name}" cannot be restricted by both an equality and an inequality relation`);
      if (gathered.equal !== undefined || gathered.in !== undefined)
        throw invalid(
          `${column.name} cannot be restricted by more than one relation if it includes ${gathered.in === undefined ? 'an Equal' : 'a IN'}`,
        );
    };
    switch (relation.kind) {
      case 'compare': {
        const operand = prepareOperand(planning, relation.value, receiver);
        if (column.kind === 'partition_key' && relation.operator === '=' && operand.marker !== undefined)
          planning.markers.isKey(column.name, operand.marker);
        if (relation.operator === '=') {
          onlyOne();
          gathered.equal = operand;
          gathered.filters.push(new CompareFilter(ref, '=', operand, analysis));
          return;
        }
        gathered.filters.push(new CompareFilter(ref, relation.operator, operand));
        if (relation.operator === '!=') return undefined;
        return this.#bound(column, gathered, relation.operator, operand);
      }
      case 'in':
        onlyOne();
        gathered.in = prepareIn(planning, relation.values, receiver);
        if (column.kind === 'partition_key' && gathered.in.kind === 'each')
          for (const { marker } of gathered.in.operands)
            if (marker !== undefined) planning.markers.isKey(column.name, marker);
        gathered.filters.push(new InFilter(ref, gathered.in));
        return undefined;
      case 'contains':
      case 'containsKey': {
        const operand = prepareOperand(planning, relation.value, containedReceiver(receiver, relation.kind));
        gathered.filters.push(new ContainsFilter(ref, relation.kind, operand, analysis));
        return this.#mustFilter(column);
      }
      case 'element': {
        const { type } = column;
        if (type.kind !== 'map') return undefined;
        const key = prepareOperand(planning, relation.key, keyReceiver(receiver, type.key));
        const value = prepareOperand(planning, relation.value, elementReceiver(receiver, type.value));
        gathered.filters.push(new ElementFilter(ref, key, relation.operator, value));
        return this.#mustFilter(column);
      }
      case 'like':
        prepareOperand(planning, relation.value, receiver);
        throw invalid(
          `LIKE restriction is only supported on properly indexed columns. ${column.name} LIKE is not valid.`,
        );
      case 'isNotNull':
        throw invalid(`Unsupported restriction: ${column.name} IS NOT NULL`);
      default:
        return unreachable(relation);
    }
  }
  #bound(column: Column, gathered: Gathered, operator: SliceBound['operator'], operand: Operand): void {
    if (gathered.equal !== undefined || gathered.in !== undefined)
      throw invalid(
        `${column.name} cannot be restricted by more than one relation if it includes ${gathered.in === undefined ? 'an Equal' : 'a IN'}`,
      );
    const side = operator.startsWith('<') ? '<' : '>';
    if (gathered.bounds.some((bound) => bound.operator.startsWith(side)))
      throw invalid(
        `More than one restriction was found for the ${side === '<' ? 'end' : 'start'} bound on ${column.name}`,
      );
    gathered.bounds.push({ operator, operand });
  }
  readonly #onlyFiltered = new Set<string>();
  /** It can be answered by looking at each row only. */
  #mustFilter(column: Column): void {
    this.#onlyFiltered.add(column.name);
  }
  #filterBy(column: Column): void {
    const gathered = this.#single.get(column.name);
    if (gathered === undefined || gathered.filters.length === 0) return;
    this.#filters.push(...gathered.filters);
    this.#filtered.push(column);
  }

  #addToken({ columns, operator, value }: Extract<Relation, { kind: 'token' }>): void {
    const { partitionKey } = this.#schema;
    for (const name of columns)
      if (columnOf(this.#schema, name).kind !== 'partition_key' && columns.length > partitionKey.length)
        throw invalid('The token() function must contains only partition key components');
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

  #clusteringOf(relation: Extract<Relation, { kind: 'tuple' | 'tupleIn' }>): readonly Column[] {
    const columns = relation.columns.map((name) => columnOf(this.#schema, name));
    for (const [i, column] of columns.entries()) {
      if (column.kind !== 'clustering')
        throw invalid(
          `Multi-column relations can only be applied to clustering columns but was applied to: ${column.name}`,
        );
      if (columns.indexOf(column) !== i)
        throw invalid(`Column "${column.name}" appeared twice in a relation: ${relationText(relation)}`);
      const before = columns[i - 1];
      if (before !== undefined && column.position !== before.position + 1)
        throw invalid(
          `Clustering columns must appear in the PRIMARY KEY order in multi-column relations: ${relationText(relation)}`,
        );
    }
    return columns;
  }
  #addTuple(relation: Extract<Relation, { kind: 'tuple' }>): void {
    const { operator, value } = relation;
    const columns = this.#clusteringOf(relation);
    const values = tupleBytes(this.#tuple(value, columns), columns, operator === '=' ? tupleBytesOf : requiredBytes);
    const filter = new TupleFilter(columns.map(columnRef), operator, values);
    if (operator === '=')
      return this.#multiple(columns, { kind: 'equal', columns, operand: undefined, values }, filter);
    if (operator === '!=') return undefined;
    const at = this.#multi.findIndex(({ columns: others }) => columns.some((column) => others.includes(column)));
    const same = this.#multi[at];
    const bound = { operator, values };
    if (same === undefined) return this.#multiple(columns, { kind: 'slice', columns, bounds: [bound] }, filter);
    const names = inCommon(columns, same.columns);
    const { restriction } = same;
    if (restriction.kind !== 'slice')
      throw invalid(
        `${names} cannot be restricted by more than one relation if it includes ${restriction.kind === 'in' ? 'a IN' : 'an Equal'}`,
      );
    if (same.columns[0] !== columns[0])
      throw invalid(
        `Column "${columns[0]?.name}" cannot be restricted by two inequalities not starting with the same column`,
      );
    if (restriction.bounds.some((each) => each.operator.charAt(0) === operator.charAt(0)))
      throw invalid(
        `More than one restriction was found for the ${operator.startsWith('<') ? 'end' : 'start'} bound on ${names}`,
      );
    // Each bound is of its own columns: the slice is told by the longer ones.
    const longer = same.columns.length >= columns.length ? same.columns : columns;
    this.#multi[at] = {
      ...same,
      columns: longer,
      restriction: { ...restriction, columns: longer, bounds: [...restriction.bounds, bound] },
      filters: [...same.filters, filter],
    };
  }
  #tuple(value: Term, columns: readonly Column[]): TupleValues {
    return prepareTuple(
      this.#planning,
      value,
      columns.map((column) => columnReceiver(this.#schema, column)),
    );
  }
  #addTupleIn(relation: Extract<Relation, { kind: 'tupleIn' }>): void {
    const { values } = relation;
    const columns = this.#clusteringOf(relation);
    const receivers = columns.map((column) => columnReceiver(this.#schema, column));
    const wanted = tuplesBytes(prepareTuplesIn(this.#planning, values, receivers), columns);
    const filter = new TupleInFilter(columns.map(columnRef), wanted);
    this.#multiple(columns, { kind: 'in', columns, values: wanted }, filter);
  }
  #multiple(columns: readonly Column[], restriction: ClusteringRestriction, filter: Filter): void {
    for (const { columns: others, restriction: other } of this.#multi) {
      const names = inCommon(columns, others);
      if (names === '') continue;
      if (other.kind === 'slice')
        throw invalid(`Column "${names}" cannot be restricted by both an equality and an inequality relation`);
      throw invalid(
        `${names} cannot be restricted by more than one relation if it includes ${other.kind === 'in' ? 'a IN' : 'an Equal'}`,
      );
    }
    this.#multi.push({ columns, restriction, filters: [filter], order: this.#order });
  }

  #ofKeys(): Pick<Where, 'restrictsKey' | 'keyIsIn'> {
    const gathered = this.#schema.partitionKey.flatMap(({ name }) => this.#single.get(name) ?? []);
    const isIn = ({ in: among }: Gathered): boolean =>
      among !== undefined && (among.kind === 'list' || among.operands.length !== 1);
    return { restrictsKey: gathered.length > 0 || this.#tokens.length > 0, keyIsIn: gathered.some(isIn) };
  }
  #keys(): readonly KeyRestriction[] | undefined {
    const keys: KeyRestriction[] = [];
    let restricted = 0;
    for (const column of this.#schema.partitionKey) {
      const gathered = this.#single.get(column.name);
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
    const extra = this.#schema.partitionKey.some(({ name }) => this.#onlyFiltered.has(name));
    if (complete && !extra && this.#tokens.length === 0) return keys;
    if (restricted > 0 && !this.#allowFiltering && !this.#hasIndex && this.#tokens.length === 0)
      throw filteringRefused();
    const before = this.#filtered.length;
    for (const column of this.#schema.partitionKey) this.#filterBy(column);
    // A key and its token: the token alone finds it.
    if (complete && !extra) this.#freeColumns = this.#filtered.length - before;
    return complete && this.#tokens.length === 0 ? keys : undefined;
  }

  /** What restricts a column both alone and among others: two slices may be one, all else is refused. */
  #joinBounds(): void {
    for (const [at, multi] of this.#multi.entries())
      for (const column of multi.columns) {
        const gathered = this.#single.get(column.name);
        if (gathered === undefined || gathered.filters.length === 0) continue;
        const { restriction } = multi;
        const isSlice = gathered.equal === undefined && gathered.in === undefined;
        const [first, second] =
          gathered.order < multi.order
            ? [isSlice, restriction.kind === 'slice']
            : [restriction.kind === 'slice', isSlice];
        if (!first)
          throw invalid(
            `${column.name} cannot be restricted by more than one relation if it includes ${gathered.in !== undefined || restriction.kind === 'in' ? 'a IN' : 'an Equal'}`,
          );
        if (!second || restriction.kind !== 'slice')
          throw invalid(`Column "${column.name}" cannot be restricted by both an equality and an inequality relation`);
        if (column !== multi.columns[0])
          throw invalid(
            `Column "${column.name}" cannot be restricted by two inequalities not starting with the same column`,
          );
        const own = singleRestriction(column, gathered);
        const bounds = own?.kind === 'slice' ? own.bounds : [];
        for (const { operator } of bounds)
          if (restriction.bounds.some((bound) => bound.operator.charAt(0) === operator.charAt(0)))
            throw invalid(
              `More than one restriction was found for the ${operator.startsWith('<') ? 'end' : 'start'} bound on ${column.name}`,
            );
        this.#multi[at] = {
          ...multi,
          restriction: { ...restriction, bounds: [...restriction.bounds, ...bounds] },
          filters: [...multi.filters, ...gathered.filters],
        };
        this.#single.delete(column.name);
      }
  }
  #clustering(): readonly ClusteringRestriction[] {
    const out: ClusteringRestriction[] = [];
    const { clustering } = this.#schema;
    this.#joinBounds();
    let open = true;
    let unrestricted: Column | undefined;
    let sliced: Column | undefined;
    for (let i = 0; i < clustering.length;) {
      const column = clustering[i] as Column;
      const multi = this.#multi.find(({ columns }) => columns[0] === column);
      const gathered = this.#single.get(column.name);
      const restriction =
        multi?.restriction ?? (gathered === undefined ? undefined : singleRestriction(column, gathered));
      const isRestricted = restriction !== undefined || (gathered !== undefined && gathered.filters.length > 0);
      if (isRestricted && (!open || restriction === undefined)) {
        this.#refuseOutOfOrder(column, unrestricted, sliced);
        if (multi !== undefined) {
          this.#filters.push(...multi.filters);
          this.#filtered.push(column);
        } else this.#filterBy(column);
      } else if (restriction === undefined) {
        open = false;
        unrestricted ??= column;
      } else {
        out.push(restriction);
        if (restriction.kind === 'slice') {
          open = false;
          sliced = column;
        }
        // What a slice or an IN does not say exactly, such as CONTAINS beside it.
        if (this.#onlyFiltered.has(column.name)) this.#filterBy(column);
      }
      i += multi?.columns.length ?? 1;
    }
    for (const { columns, filters } of this.#multi)
      if (
        !out.some((restriction) => restriction.columns[0] === columns[0]) &&
        !filters.every((each) => this.#filters.includes(each))
      ) {
        this.#refuseOutOfOrder(columns[0] as Column, unrestricted, sliced);
        this.#filters.push(...filters);
        this.#filtered.push(columns[0] as Column);
      }
    return out;
  }
  #refuseOutOfOrder(column: Column, unrestricted: Column | undefined, sliced: Column | undefined): void {
    if (this.#allowFiltering || this.#hasIndex) return;
    if (sliced !== undefined)
      throw invalid(
        `Clustering column "${column.name}" cannot be restricted (preceding column "${sliced.name}" is restricted by a non-EQ relation)`,
      );
    if (unrestricted !== undefined && unrestricted !== column)
      throw invalid(
        `PRIMARY KEY column "${column.name}" cannot be restricted as preceding column "${unrestricted.name}" is not restricted`,
      );
    throw filteringRefused();
  }
}

/** Names of the columns that both restrict. */
const inCommon = (columns: readonly Column[], others: readonly Column[]): string =>
  columns
    .filter((column) => others.includes(column))
    .map(({ name }) => name)
    .join(', ');

function containedReceiver(
  receiver: ReturnType<typeof columnReceiver>,
  kind: ContainsKind,
): ReturnType<typeof columnReceiver> {
  const { type } = receiver;
  if (type.kind === 'map')
    return kind === 'contains' ? elementReceiver(receiver, type.value) : keyReceiver(receiver, type.key);
  return type.kind === 'list' || type.kind === 'set' ? elementReceiver(receiver, type.element) : receiver;
}

function singleRestriction(column: Column, gathered: Gathered): ClusteringRestriction | undefined {
  const columns = [column];
  const { equal, in: among, bounds } = gathered;
  if (equal !== undefined)
    return {
      kind: 'equal',
      columns,
      operand: equal,
      values: (execution) => [requiredBytes(equal, execution, column.name)],
    };
  if (among !== undefined)
    return {
      kind: 'in',
      columns,
      values: (execution) => inValuesOf(among, execution, column.name).map((value) => [value]),
    };
  if (bounds.length === 0) return undefined;
  return {
    kind: 'slice',
    columns,
    bounds: bounds.map(({ operator, operand }) => ({
      operator,
      values: (execution) => [requiredBytes(operand, execution, column.name)],
    })),
  };
}

function tupleBytes(
  values: TupleValues,
  columns: readonly Column[],
  bytesOf = requiredBytes,
): (execution: Execution) => readonly Uint8Array[] {
  if (values.kind === 'each')
    return (execution) => values.operands.map((operand, i) => bytesOf(operand, execution, columns[i]?.name ?? ''));
  return (execution) =>
    partsOfTuple(requiredBytes(values.operand, execution, columns.map(({ name }) => name).join(', ')), columns);
}
function partsOfTuple(bytes: Uint8Array, columns: readonly Column[]): readonly Uint8Array[] {
  const parts = fieldParts({ kind: 'tuple', elements: columns.map(({ type }) => type) }, bytes);
  if (!parts.ok) throw invalid(parts.error);
  return columns.map(({ name }, i) => {
    const part = parts.value[i];
    if (part === undefined) throw invalid(`Invalid null value in condition for column ${name}`);
    return part;
  });
}
function tuplesBytes(
  values: InTuples,
  columns: readonly Column[],
): (execution: Execution) => readonly (readonly Uint8Array[])[] {
  if (values.kind === 'each') {
    const each = values.tuples.map((tuple) => tupleBytes(tuple, columns));
    return (execution) => each.map((tuple) => tuple(execution));
  }
  return (execution) =>
    inValuesOf({ kind: 'list', operand: values.operand }, execution, columns.map(({ name }) => name).join(', ')).map(
      (tuple) => partsOfTuple(tuple, columns),
    );
}
/** An operand's value as the engine keeps it; null for null and unset. */
export const operandBytes = (operand: Operand, execution: Execution): Uint8Array | null => {
  const slot = emptySlot();
  operand.evaluate(execution, slot);
  return slotBytes(slot) ?? null;
};
