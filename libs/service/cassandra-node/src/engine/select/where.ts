/**
 * The relations of a SELECT sorted out: which partitions, which slices of their clustering, and what is left to filter.
 * Source: Cassandra 5.0, StatementRestrictions and its kin: rules and texts.
 */
import type { Column, TableSchema } from '@skerry/domain-table';
import { fieldParts, typeName } from '@skerry/domain-values';
import type { Comparison, Relation, Term } from '@skerry/protocol-cql';
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
};

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
    readonly filters: Filter[];
  }[] = [];
  readonly #tokens: TokenBound[] = [];
  readonly #filters: Filter[] = [];
  readonly #filtered: Column[] = [];
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
      this.#questions === undefined ? this.#filtered.length > 1 : looked.length > 0 && !this.#questions.covers(looked);
    return {
      keys,
      tokens: this.#tokens,
      clustering,
      filters: this.#filters,
      needsFiltering,
      filtered: this.#filtered,
      usesIndex,
      restrictsRows:
        clustering.length > 0 || this.#filtered.some(({ kind }) => kind === 'clustering' || kind === 'regular'),
    };
  }

  #add(relation: Relation): void {
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
    if (type.kind === 'counter') throw invalid(`Counters cannot be used in restrictions on column ${name}`);
    const slices = relation.kind === 'compare' && relation.operator !== '=' && relation.operator !== '!=';
    if (type.kind === 'duration' && (slices || relation.kind === 'between'))
      throw invalid('Slice restrictions are not supported on duration columns');
    const isCollection = type.kind === 'list' || type.kind === 'set' || type.kind === 'map';
    const contains = relation.kind === 'contains' || relation.kind === 'notContains';
    const containsKey = relation.kind === 'containsKey' || relation.kind === 'notContainsKey';
    if (contains && !isCollection) throw invalid(`Cannot use CONTAINS on non-collection column ${name}`);
    if (containsKey && type.kind !== 'map') throw invalid(`Cannot use CONTAINS KEY on non-map column ${name}`);
    if (relation.kind === 'element' && type.kind !== 'map') throw invalid(`Column ${name} cannot be used as a map`);
    if (isCollection && !type.frozen && (relation.kind === 'compare' || relation.kind === 'in')) {
      const operator = relation.kind === 'compare' ? relation.operator : 'IN';
      throw invalid(`Collection column '${name}' (${typeName(type)}) cannot be restricted by a '${operator}' relation`);
    }
  }

  #gathered(column: Column): Gathered {
    let found = this.#single.get(column.name);
    if (found === undefined) {
      found = { bounds: [], filters: [] };
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
      if (gathered.equal !== undefined || gathered.in !== undefined || gathered.bounds.length > 0)
        throw invalid(
          `${column.name} cannot be restricted by more than one relation if it includes an ${gathered.in === undefined ? 'Equal' : 'IN'}`,
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
        if (relation.operator === '!=') return this.#mustFilter(column);
        return this.#bound(column, gathered, relation.operator, operand);
      }
      case 'between': {
        const [from, to] = [relation.from, relation.to].map((term) => prepareOperand(planning, term, receiver));
        if (from === undefined || to === undefined) return undefined;
        gathered.filters.push(new CompareFilter(ref, '>=', from), new CompareFilter(ref, '<=', to));
        this.#bound(column, gathered, '>=', from);
        return this.#bound(column, gathered, '<=', to);
      }
      case 'in':
        onlyOne();
        gathered.in = prepareIn(planning, relation.values, receiver);
        gathered.filters.push(new InFilter(ref, gathered.in, false));
        return undefined;
      case 'notIn':
        gathered.filters.push(new InFilter(ref, prepareIn(planning, relation.values, receiver), true));
        return this.#mustFilter(column);
      case 'contains':
      case 'containsKey':
      case 'notContains':
      case 'notContainsKey': {
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
        throw invalid(
          `LIKE restriction is only supported on properly indexed columns. ${column.name} LIKE is not valid.`,
        );
      case 'isNotNull':
        throw invalid(`Unsupported restriction: ${column.name} IS NOT NULL`);
      case 'isNull':
        throw invalid(`Unsupported restriction: ${column.name} IS NULL`);
      default:
        return unreachable(relation);
    }
  }
  #bound(column: Column, gathered: Gathered, operator: SliceBound['operator'], operand: Operand): void {
    if (gathered.equal !== undefined || gathered.in !== undefined)
      throw invalid(
        `${column.name} cannot be restricted by more than one relation if it includes an ${gathered.in === undefined ? 'Equal' : 'IN'}`,
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
    for (const name of columns) columnOf(this.#schema, name);
    if (
      columns.length !== partitionKey.length ||
      columns.some((name) => !partitionKey.some((column) => column.name === name))
    )
      throw invalid('The token() function must be applied to all partition key components or none of them');
    if (columns.some((name, i) => name !== partitionKey[i]?.name))
      throw invalid(
        `The token function arguments must be in the partition key order: ${partitionKey.map(({ name }) => name).join(', ')}`,
      );
    if (operator === '!=') throw invalid('Unsupported "!=" relation: token() != …');
    const side = operator.charAt(0);
    if (this.#tokens.some((bound) => bound.operator.startsWith(side) || bound.operator === '='))
      throw invalid(
        `More than one restriction was found for the ${side === '<' ? 'end' : 'start'} bound on ${columns.join(', ')}`,
      );
    this.#tokens.push({ operator, operand: prepareOperand(this.#planning, value, tokenReceiver(this.#schema)) });
  }

  #clusteringOf(names: readonly string[]): readonly Column[] {
    const columns = names.map((name) => columnOf(this.#schema, name));
    for (const [i, column] of columns.entries()) {
      if (column.kind !== 'clustering')
        throw invalid(
          `Multi-column relations can only be applied to clustering columns but was applied to: ${column.name}`,
        );
      if (columns.indexOf(column) !== i)
        throw invalid(`Column "${column.name}" appeared twice in a relation: (${names.join(', ')})`);
      const before = columns[i - 1];
      if (before !== undefined && column.position !== before.position + 1)
        throw invalid(
          `Clustering columns must appear in the PRIMARY KEY order in multi-column relations: (${names.join(', ')})`,
        );
    }
    return columns;
  }
  #addTuple({ columns: names, operator, value }: Extract<Relation, { kind: 'tuple' }>): void {
    const columns = this.#clusteringOf(names);
    const values = tupleBytes(this.#tuple(value, columns), columns);
    const filter = new TupleFilter(columns.map(columnRef), operator, values);
    if (operator === '=')
      return this.#multiple(columns, { kind: 'equal', columns, operand: undefined, values }, filter);
    if (operator === '!=') throw invalid(`Unsupported "!=" relation: (${names.join(', ')}) != …`);
    const same = this.#multi.find(
      ({ columns: [first], restriction }) => first === columns[0] && restriction.kind === 'slice',
    );
    if (same === undefined)
      return this.#multiple(columns, { kind: 'slice', columns, bounds: [{ operator, values }] }, filter);
    if (same.restriction.kind !== 'slice') return undefined;
    if (same.restriction.bounds.some((bound) => bound.operator.charAt(0) === operator.charAt(0)))
      throw invalid(
        `More than one restriction was found for the ${operator.startsWith('<') ? 'end' : 'start'} bound on ${names.join(', ')}`,
      );
    // The shorter of the two is a restriction of its own, as a filter.
    if (same.columns.length !== columns.length) {
      this.#filters.push(filter);
      return undefined;
    }
    const { restriction } = same;
    this.#multi[this.#multi.indexOf(same)] = {
      columns,
      restriction: { ...restriction, bounds: [...restriction.bounds, { operator, values }] },
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
  #addTupleIn({ columns: names, values }: Extract<Relation, { kind: 'tupleIn' }>): void {
    const columns = this.#clusteringOf(names);
    const receivers = columns.map((column) => columnReceiver(this.#schema, column));
    const wanted = tuplesBytes(prepareTuplesIn(this.#planning, values, receivers), columns);
    const filter = new TupleInFilter(columns.map(columnRef), wanted);
    this.#multiple(columns, { kind: 'in', columns, values: wanted }, filter);
  }
  #multiple(columns: readonly Column[], restriction: ClusteringRestriction, filter: Filter): void {
    for (const other of this.#multi)
      for (const column of columns)
        if (other.columns.includes(column))
          throw invalid(
            `${columns.map(({ name }) => name).join(', ')} cannot be restricted by more than one relation if it includes an Equal`,
          );
    this.#multi.push({ columns, restriction, filters: [filter] });
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
      else if (!this.#allowFiltering && !this.#hasIndex)
        throw invalid(
          'Only EQ and IN relation are supported on the partition key (unless you use the token() function or allow filtering)',
        );
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
    for (const column of this.#schema.partitionKey) this.#filterBy(column);
    return complete && this.#tokens.length === 0 ? keys : undefined;
  }

  #clustering(): readonly ClusteringRestriction[] {
    const out: ClusteringRestriction[] = [];
    const { clustering } = this.#schema;
    let open = true;
    let unrestricted: Column | undefined;
    let sliced: Column | undefined;
    for (let i = 0; i < clustering.length;) {
      const column = clustering[i] as Column;
      const multi = this.#multi.find(({ columns }) => columns[0] === column);
      const within = this.#multi.find(({ columns }) => columns.includes(column));
      const gathered = this.#single.get(column.name);
      if (gathered !== undefined && within !== undefined && gathered.filters.length > 0) {
        if (within.restriction.kind !== 'slice' || gathered.equal !== undefined)
          throw invalid(`${column.name} cannot be restricted by more than one relation if it includes an Equal`);
        throw invalid(
          `Column "${column.name}" cannot be restricted by both an inequality relation and a multi-column relation`,
        );
      }
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

function containedReceiver(
  receiver: ReturnType<typeof columnReceiver>,
  kind: ContainsKind,
): ReturnType<typeof columnReceiver> {
  const { type } = receiver;
  if (type.kind === 'map')
    return kind === 'contains' || kind === 'notContains'
      ? elementReceiver(receiver, type.value)
      : keyReceiver(receiver, type.key);
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

function tupleBytes(values: TupleValues, columns: readonly Column[]): (execution: Execution) => readonly Uint8Array[] {
  if (values.kind === 'each')
    return (execution) =>
      values.operands.map((operand, i) => requiredBytes(operand, execution, columns[i]?.name ?? ''));
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
