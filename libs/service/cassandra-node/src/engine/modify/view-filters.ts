/** The WHERE of a materialized view, as rows of its table are tested by it: constants only, of columns of its key. */
import type { TableLayout, TableSchema } from '@skerry/domain-table';
import { collectionParts, compare } from '@skerry/domain-values';
import { unreachable } from '@skerry/kernel';
import type { Comparison, Relation, Term } from '@skerry/protocol-cql';
import { invalid, type Operand } from '../contract.ts';
import { prepareIn, prepareOperand, prepareTuple, prepareTuplesIn, valueAlone } from '../operands.ts';
import type { Planning } from '../planning.ts';
import { columnReceiver, elementReceiver, keyReceiver, type Receiver } from '../receivers.ts';
import { holds, holdsOrder } from './conditions.ts';
import type { BaseRow } from './view-rows.ts';
import { existingColumn } from './where.ts';

type Value = Uint8Array | null;
export type RowFilter = (row: BaseRow) => boolean;

const constantOf = (operand: Operand): Value =>
  operand.constant === undefined ? valueAlone(operand) : operand.constant;
const valueOf = (row: BaseRow, name: string): Value => row.cells.get(name)?.value ?? null;

/** @throws CqlFault of a kind that no view's WHERE has. */
export function rowFilter(planning: Planning, { schema }: TableLayout, view: string, relation: Relation): RowFilter {
  switch (relation.kind) {
    case 'isNotNull':
      return (row) => valueOf(row, relation.column) !== null;
    case 'compare':
      return single(planning, schema, relation.column, relation.operator, [relation.value]);
    case 'in':
      return single(planning, schema, relation.column, '=', relation.values);
    case 'tuple': {
      const { columns, operator, value } = relation;
      return tuples(schema, columns, operator, [tuple(planning, schema, columns, value)]);
    }
    case 'tupleIn': {
      const { columns, values } = relation;
      const prepared = prepareTuplesIn(planning, values, receivers(schema, columns));
      if (prepared.kind !== 'each') break;
      return tuples(
        schema,
        columns,
        '=',
        prepared.tuples.map((each) => constantsOf(each)),
      );
    }
    case 'contains':
    case 'containsKey':
      return contained(planning, schema, relation.column, relation.kind === 'containsKey', relation.value);
    case 'token':
    case 'like':
    case 'element':
    case 'ann':
    case 'custom':
      break;
    default:
      return unreachable(relation);
  }
  throw invalid(`Cannot change a table whose materialized view ${view} has a ${relation.kind} relation in its WHERE`);
}

/** It holds for one of several values. */
function single(
  planning: Planning,
  schema: TableSchema,
  name: string,
  operator: Comparison,
  values: Term | readonly Term[],
): RowFilter {
  const column = existingColumn(schema, name);
  const prepared = prepareIn(planning, values, columnReceiver(schema, column));
  const wanted = (prepared.kind === 'each' ? prepared.operands : [prepared.operand]).map(constantOf);
  return (row) => wanted.some((each) => holds(operator, column.type, valueOf(row, name), each));
}

const receivers = (schema: TableSchema, names: readonly string[]): readonly Receiver[] =>
  names.map((name) => columnReceiver(schema, existingColumn(schema, name)));
type TupleConstants = readonly Value[];
const constantsOf = (prepared: ReturnType<typeof prepareTuple>): TupleConstants => {
  if (prepared.kind !== 'each') throw invalid('The WHERE of a materialized view holds constants only');
  return prepared.operands.map(constantOf);
};
const tuple = (planning: Planning, schema: TableSchema, names: readonly string[], term: Term): TupleConstants =>
  constantsOf(prepareTuple(planning, term, receivers(schema, names)));
/** The first column that differs decides. */
function tuples(
  schema: TableSchema,
  names: readonly string[],
  operator: Comparison,
  wanted: readonly TupleConstants[],
): RowFilter {
  const types = names.map((name) => existingColumn(schema, name).type);
  return (row) => {
    const current = names.map((name) => valueOf(row, name));
    return wanted.some((each) => {
      let order = 0;
      for (const [i, type] of types.entries()) {
        const [a, b] = [current[i] ?? null, each[i] ?? null];
        if (a === null || b === null) return false;
        order = compare(type, a, b);
        if (order !== 0) break;
      }
      return holdsOrder(operator, order);
    });
  };
}

function contained(planning: Planning, schema: TableSchema, name: string, isKey: boolean, value: Term): RowFilter {
  const { type, ...column } = existingColumn(schema, name);
  if (type.kind !== 'list' && type.kind !== 'set' && type.kind !== 'map')
    throw invalid(`Cannot use CONTAINS on non-collection column ${name}`);
  const whole = columnReceiver(schema, { ...column, type });
  const of = type.kind !== 'map' ? type.element : isKey ? type.key : type.value;
  const wanted = constantOf(
    prepareOperand(planning, value, isKey ? keyReceiver(whole, of) : elementReceiver(whole, of)),
  );
  return (row) => {
    const current = valueOf(row, name);
    if (current === null || wanted === null) return false;
    const parts = collectionParts(type.kind, current);
    if (!parts.ok) throw invalid(parts.error);
    return parts.value.some(
      (part, i) => (type.kind !== 'map' || i % 2 === (isKey ? 0 : 1)) && compare(of, part, wanted) === 0,
    );
  };
}
