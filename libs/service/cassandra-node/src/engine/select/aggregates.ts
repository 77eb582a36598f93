/** Aggregates by name: those of CQL, over values as selectors have them. */
import {
  aggregateFunction,
  aggregateMismatch,
  aggregateNames,
  countRows,
  type AggregateName,
  type ValueType,
} from '@skerry/domain-values';
import type { QualifiedName } from '@skerry/protocol-cql';
import { invalid } from '../contract.ts';
import type { Aggregate } from './selected.ts';

const isName = (name: string): name is AggregateName => (aggregateNames as readonly string[]).includes(name);
export const isAggregateName = ({ keyspace, name }: QualifiedName): boolean =>
  (keyspace === undefined || keyspace === 'system') && (isName(name) || name === 'countrows');

/** @throws CqlFault not of such arguments. */
export function aggregateFor({ name }: QualifiedName, args: readonly ValueType[]): Aggregate {
  if (name === 'countrows') return adapted('countRows', countRows);
  if (!isName(name)) throw invalid(`Unknown function '${name}'`);
  const [type] = args;
  if (type === undefined || args.length !== 1) throw invalid(countMismatch(name, args.length));
  const found = aggregateFunction(name, type);
  if (found === undefined) throw invalid(aggregateMismatch(name));
  return adapted(name, found);
}
function countMismatch(name: AggregateName, given: number): string {
  if (name === 'count')
    return `Invalid number of arguments in call to function system.count: 1 required but ${given} provided`;
  return name === 'min' || name === 'max'
    ? `Invalid number of arguments for function system.${name}(any)`
    : aggregateMismatch(name);
}
function adapted(name: string, { returns, start }: NonNullable<ReturnType<typeof aggregateFunction>>): Aggregate {
  return {
    name: `system.${name}`,
    returns,
    start() {
      const state = start();
      return { step: ([value]) => state.add(value ?? undefined), finish: () => state.finish() ?? null };
    },
  };
}
