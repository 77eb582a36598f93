/** Aggregates by name: those of CQL, over values as selectors have them. */
import {
  aggregateFunction,
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

/** Undefined: not of such arguments. @throws CqlFault. */
export function aggregateFor({ name }: QualifiedName, args: readonly ValueType[]): Aggregate | undefined {
  if (name === 'countrows' || (name === 'count' && args.length === 0)) return adapted('countRows', countRows);
  if (!isName(name)) return undefined;
  const [type] = args;
  if (type === undefined || args.length !== 1)
    throw invalid(
      `Invalid number of arguments for function system.${name}(${args.map(({ kind }) => kind).join(', ')})`,
    );
  const found = aggregateFunction(name, type);
  return found === undefined ? undefined : adapted(name, found);
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
