/** Relations of one column each, gathered by column. */
import type { Column, TableSchema } from '@skerry/domain-table';
import { holdsDuration, typeName, type ValueType } from '@skerry/domain-values';
import { unreachable } from '@skerry/kernel';
import type { Relation } from '@skerry/protocol-cql';
import { relationText } from '../../catalog/view-where.ts';
import { invalid, type Operand } from '../contract.ts';
import type { Questions } from '../index/questions.ts';
import { prepareIn, prepareOperand, type InValues } from '../operands.ts';
import type { Planning } from '../planning.ts';
import { columnReceiver, elementReceiver, keyReceiver } from '../receivers.ts';
import {
  CompareFilter,
  ContainsFilter,
  ElementFilter,
  InFilter,
  inValues as inValuesOf,
  requiredBytes,
  type ContainsKind,
  type Filter,
} from './filters.ts';
import type { ClusteringRestriction, SliceBound } from './restrictions.ts';
import { columnRef } from './row.ts';

export type ColumnRelation = Exclude<Relation, { kind: 'token' | 'tuple' | 'tupleIn' | 'ann' | 'custom' }>;

/** The single-column relations of one column, gathered. */
export type Gathered = {
  equal?: Operand;
  in?: InValues;
  readonly bounds: { operator: SliceBound['operator']; operand: Operand }[];
  readonly filters: Filter[];
  /** Which relation was the first of them. */
  readonly order: number;
};

export class ColumnRelations {
  readonly #planning: Planning;
  readonly #schema: TableSchema;
  /** Undefined: the table is virtual. */
  readonly #questions: Questions | undefined;
  readonly #columns = new Map<string, Gathered>();
  readonly #onlyFiltered = new Set<string>();

  constructor(planning: Planning, schema: TableSchema, questions: Questions | undefined) {
    this.#planning = planning;
    this.#schema = schema;
    this.#questions = questions;
  }
  of({ name }: Column): Gathered | undefined {
    return this.#columns.get(name);
  }
  /** They were joined with those of several columns. */
  forget({ name }: Column): void {
    this.#columns.delete(name);
  }
  /** It can be answered by looking at each row only. */
  mustFilter({ name }: Column): boolean {
    return this.#onlyFiltered.has(name);
  }
  /** @param order which relation of the statement it is. */
  add(column: Column, relation: ColumnRelation, order: number): void {
    const { filters } = this.#gathered(column, order);
    const before = filters.length;
    this.#addTo(this.#gathered(column, order), column, relation);
    this.#questions?.ask(column, relation, filters.slice(before));
  }
  #gathered(column: Column, order: number): Gathered {
    let found = this.#columns.get(column.name);
    if (found === undefined) {
      found = { bounds: [], filters: [], order };
      this.#columns.set(column.name, found);
    }
    return found;
  }
  #addTo(gathered: Gathered, column: Column, relation: ColumnRelation): void {
    const planning = this.#planning;
    const receiver = columnReceiver(this.#schema, column);
    const ref = columnRef(column);
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
        return addBound(column, gathered, relation.operator, operand);
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
        this.#onlyFiltered.add(column.name);
        return undefined;
      }
      case 'element': {
        const { type } = column;
        if (type.kind !== 'map') return undefined;
        const key = prepareOperand(planning, relation.key, keyReceiver(receiver, type.key));
        const value = prepareOperand(planning, relation.value, elementReceiver(receiver, type.value));
        gathered.filters.push(new ElementFilter(ref, key, relation.operator, value));
        this.#onlyFiltered.add(column.name);
        return undefined;
      }
      case 'like':
        prepareOperand(planning, relation.value, receiver);
        throw invalid(
          `LIKE restriction is only supported on properly indexed columns. ${relationText(relation)} is not valid.`,
        );
      case 'isNotNull':
        throw invalid(`Unsupported restriction: ${column.name} IS NOT NULL`);
      default:
        return unreachable(relation);
    }
  }
}

const collectionText = 'collections containing durations';
const durationTexts: Readonly<Partial<Record<ValueType['kind'], string>>> = {
  list: collectionText,
  set: collectionText,
  map: collectionText,
  tuple: 'tuples containing durations',
  udt: 'UDTs containing durations',
};

/** @throws CqlFault a relation that columns of this type cannot have. */
export function checkType(column: Column, relation: ColumnRelation): void {
  const { type, name } = column;
  const slices = relation.kind === 'compare' && relation.operator !== '=';
  if (slices && holdsDuration(type))
    throw invalid(`Slice restrictions are not supported on ${durationTexts[type.kind] ?? 'duration columns'}`);
  const isCollection = type.kind === 'list' || type.kind === 'set' || type.kind === 'map';
  if (relation.kind === 'contains' && !isCollection)
    throw invalid(`Cannot use CONTAINS on non-collection column ${name}`);
  if (relation.kind === 'containsKey' && type.kind !== 'map')
    throw invalid(`Cannot use CONTAINS KEY on non-map column ${name}`);
  if (relation.kind === 'element') {
    if (type.kind === 'list') throw invalid('Indexes on list entries (l[index] = value) are not currently supported.');
    if (type.kind !== 'map') throw invalid(`Column ${name} cannot be used as a map`);
    if (type.frozen) throw invalid(`Map-entry equality predicates on frozen map column ${name} are not supported`);
    if (relation.operator !== '=') throw invalid('Only EQ relations are supported on map entries');
  }
  if (type.kind === 'udt' && !type.frozen)
    throw invalid(`Non-frozen UDT column '${name}' (${typeName(type)}) cannot be restricted by any relation`);
  if (isCollection && !type.frozen && (relation.kind === 'compare' || relation.kind === 'in')) {
    const operator = relation.kind === 'compare' ? relation.operator : 'IN';
    throw invalid(`Collection column '${name}' (${typeName(type)}) cannot be restricted by a '${operator}' relation`);
  }
  if (type.kind === 'udt' && !type.frozen)
    throw invalid(`Non-frozen UDT column '${name}' (${typeName(type)}) cannot be restricted by any relation`);
}

function addBound(column: Column, gathered: Gathered, operator: SliceBound['operator'], operand: Operand): void {
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
function containedReceiver(
  receiver: ReturnType<typeof columnReceiver>,
  kind: ContainsKind,
): ReturnType<typeof columnReceiver> {
  const { type } = receiver;
  if (type.kind === 'map')
    return kind === 'contains' ? elementReceiver(receiver, type.value) : keyReceiver(receiver, type.key);
  return type.kind === 'list' || type.kind === 'set' ? elementReceiver(receiver, type.element) : receiver;
}

export function singleRestriction(column: Column, gathered: Gathered): ClusteringRestriction | undefined {
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
