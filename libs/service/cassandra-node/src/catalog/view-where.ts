/** The WHERE of a view: as text, and with a column renamed. Source: Cassandra 5.0, WhereClause.toCQLString, Relation. */
import { unreachable } from '@skerry/kernel';
import { termText, type Relation, type Term } from '@skerry/protocol-cql';
import { maybeQuote } from './names.ts';

/** The columns that it is about. */
export function relationColumns(relation: Relation): readonly string[] {
  if (relation.kind === 'custom') return [];
  return 'columns' in relation ? relation.columns : [relation.column];
}

export function renamedColumn(relation: Relation, from: string, to: string): Relation {
  const rename = (name: string): string => (name === from ? to : name);
  if (relation.kind === 'custom') return relation;
  return 'columns' in relation
    ? { ...relation, columns: relation.columns.map(rename) }
    : { ...relation, column: rename(relation.column) };
}

const isTerm = (values: Term | readonly Term[]): values is Term => !Array.isArray(values);
const valuesText = (values: Term | readonly Term[]): string =>
  isTerm(values) ? termText(values) : `(${values.map(termText).join(', ')})`;
const columnsText = (columns: readonly string[]): string => `(${columns.map(maybeQuote).join(', ')})`;

/** As errors and `system_schema.views` tell it. */
export function relationText(relation: Relation): string {
  switch (relation.kind) {
    case 'compare':
      return `${maybeQuote(relation.column)} ${relation.operator} ${termText(relation.value)}`;
    case 'in':
      return `${maybeQuote(relation.column)} IN ${valuesText(relation.values)}`;
    case 'contains':
      return `${maybeQuote(relation.column)} CONTAINS ${termText(relation.value)}`;
    case 'containsKey':
      return `${maybeQuote(relation.column)} CONTAINS KEY ${termText(relation.value)}`;
    case 'like':
      return `${maybeQuote(relation.column)} LIKE ${termText(relation.value)}`;
    case 'isNotNull':
      return `${maybeQuote(relation.column)} IS NOT NULL`;
    case 'token':
      return `token${columnsText(relation.columns)} ${relation.operator} ${termText(relation.value)}`;
    case 'tuple':
      return `${columnsText(relation.columns)} ${relation.operator} ${termText(relation.value)}`;
    case 'tupleIn':
      return `${columnsText(relation.columns)} IN ${valuesText(relation.values)}`;
    case 'element':
      return `${maybeQuote(relation.column)}[${termText(relation.key)}] ${relation.operator} ${termText(relation.value)}`;
    case 'ann':
      return `${maybeQuote(relation.column)} ANN OF ${termText(relation.value)}`;
    case 'custom':
      return `expr(${maybeQuote(relation.index.name)}, ${termText(relation.value)})`;
    default:
      return unreachable(relation);
  }
}

export const whereText = (where: readonly Relation[]): string => where.map(relationText).join(' AND ');

/** A value in it is left for later, however deep. */
export function hasMarker(tree: unknown): boolean {
  if (Array.isArray(tree)) return tree.some(hasMarker);
  if (typeof tree !== 'object' || tree === null) return false;
  return ('kind' in tree && tree.kind === 'marker') || Object.values(tree).some(hasMarker);
}
