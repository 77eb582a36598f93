/** Calls of functions among terms. Source: Cassandra 5.0, FunctionCall, TokenFct. */
import { hashToken, tokenHalves } from '@skerry/domain-table';
import {
  type Argument,
  castAmbiguity,
  castFunction,
  castMismatch,
  castsFitting,
  negationFunction,
  operatorFunctions,
  resolveFunction,
  type ScalarFunction,
  typeName,
  type ValueType,
} from '@skerry/domain-values';
import { unreachable, type Result } from '@skerry/kernel';
import { functionText, type Term } from '@skerry/protocol-cql';
import { findTable } from '../catalog/catalog.ts';
import { resolveType } from '../catalog/resolve-type.ts';
import { CqlFault, invalid, type Execution, type Operand, type Slot } from './contract.ts';
import { joinKey } from './key-bytes.ts';
import type { World } from './function-world.ts';
import { emptySlot, sizeNull, sizeUnset, slotBytes } from './operand-kinds.ts';
import { typeScope, type Planning } from './planning.ts';
import { renamed, type Receiver } from './receivers.ts';
import { isAggregateName } from './select/aggregates.ts';

/** The terms that call something: a function, an operator, a cast. */
export type CallTerm = Extract<Term, { readonly kind: 'call' | 'cast' | 'arithmetic' | 'negative' }>;

/** `@throws CqlFault` for what a function tells. */
export function orFault<T>(
  result: Result<T, { readonly kind: 'invalid' | 'execution'; readonly message: string }>,
  called: Pick<ScalarFunction, 'name' | 'argTypes'>,
): T {
  if (result.ok) return result.value;
  const { kind, message } = result.error;
  if (kind === 'invalid') throw invalid(message);
  const detail = {
    kind: 'functionFailure',
    keyspace: 'system',
    name: called.name,
    args: called.argTypes.map(typeName),
  } as const;
  throw new CqlFault(detail, message);
}

export const argumentTerms = (term: CallTerm): readonly Term[] => {
  switch (term.kind) {
    case 'call':
      return term.args;
    case 'arithmetic':
      return [term.left, term.right];
    case 'cast':
    case 'negative':
      return [term.of];
    default:
      return unreachable(term);
  }
};

/** Token of a partition key's parts; null: one of them is. */
export function tokenFunction(argTypes: readonly ValueType[]): ScalarFunction {
  return {
    name: 'token',
    argTypes,
    returns: { kind: 'bigint' },
    pure: true,
    apply(parts) {
      const given = parts.filter((part) => part !== undefined);
      if (given.length < parts.length) return { ok: true, value: undefined };
      const key = joinKey(given);
      hashToken(key, 0, key.length);
      const bytes = new Uint8Array(8);
      const view = new DataView(bytes.buffer);
      view.setInt32(0, tokenHalves.hi);
      view.setInt32(4, tokenHalves.lo);
      return { ok: true, value: bytes };
    },
  };
}

/**
 * What is called; undefined: no function has the name.
 * @param table whose partition key `token` is about.
 * @throws CqlFault none of the name fits, or several do.
 */
export function resolveCall(
  planning: Planning,
  { keyspace, table }: Pick<Receiver, 'keyspace' | 'table'>,
  term: CallTerm,
  args: readonly Argument[],
  wanted: ValueType | undefined,
): ScalarFunction | undefined {
  const resolve = (name: string): ScalarFunction | undefined => {
    const found = resolveFunction(name, args, wanted);
    if (!found.ok) throw invalid(found.error.message);
    return found.value;
  };
  switch (term.kind) {
    case 'call': {
      const { keyspace: of, name } = term.name;
      if (of !== undefined && of !== 'system') return undefined;
      if (name !== 'token') return resolve(name);
      const columns = findTable(planning.schema, keyspace, table)?.partitionKey ?? [];
      return checkedToken(tokenFunction(columns.map(({ type }) => type)), args);
    }
    case 'arithmetic':
      return resolve(operatorFunctions[term.operator]);
    case 'negative':
      return resolve(negationFunction);
    case 'cast': {
      const to = resolveType(term.to, typeScope(planning, keyspace));
      const from = args[0]?.type;
      if (from === undefined)
        throw invalid(`Ambiguous call to function system.cast_as_${typeName(to)}: use type casts to disambiguate`);
      const cast = castFunction(from, to);
      if (cast !== undefined) return cast;
      const fitting = castsFitting(to, (each) => args[0]?.fits(each) !== 'no');
      const [only] = fitting;
      if (only === undefined) throw invalid(castMismatch(args[0]?.text ?? '', to));
      if (fitting.length > 1) throw invalid(castAmbiguity(to, fitting));
      return only;
    }
    default:
      return unreachable(term);
  }
}
function checkedToken(token: ScalarFunction, args: readonly Argument[]): ScalarFunction {
  const { argTypes } = token;
  if (args.length !== argTypes.length)
    throw invalid(
      `Invalid number of arguments in call to function system.token: ${argTypes.length} required but ${args.length} provided`,
    );
  for (const [i, type] of argTypes.entries())
    if (args[i]?.fits(type) === 'no')
      throw invalid(
        `Type error: ${args[i]?.text} cannot be passed as argument ${i} of function system.token of type ${typeName(type)}`,
      );
  return token;
}

export const calleeText = (term: CallTerm): string => {
  switch (term.kind) {
    case 'call':
      return functionText(term.name);
    case 'arithmetic':
      return term.operator;
    case 'negative':
      return '-';
    case 'cast':
      return 'cast';
    default:
      return unreachable(term);
  }
};

export class CallOperand implements Operand {
  readonly type: ValueType;
  readonly constant = undefined;
  readonly marker = undefined;
  readonly #called: ScalarFunction;
  readonly #args: readonly Operand[];
  readonly #world: World;
  readonly #slot = emptySlot();
  constructor(planning: Planning, called: ScalarFunction, args: readonly Operand[]) {
    this.type = called.returns;
    this.#world = planning.world;
    this.#called = called;
    this.#args = args;
  }
  evaluate(execution: Execution, out: Slot): void {
    const args = this.#args.map((arg) => {
      arg.evaluate(execution, this.#slot);
      if (this.#slot.size === sizeUnset)
        throw invalid(`Invalid unset value for argument in call to function ${this.#called.name}`);
      return slotBytes(this.#slot) ?? undefined;
    });
    const bytes = orFault(this.#called.apply(args, this.#world.at(execution)), this.#called);
    if (bytes === undefined) {
      out.size = sizeNull;
      return;
    }
    out.bytes = bytes;
    out.from = 0;
    out.size = bytes.length;
  }
}

/** @param prepare of the arguments. */
export function prepareCall(
  planning: Planning,
  term: CallTerm,
  receiver: Receiver,
  chosen: ScalarFunction | undefined,
  fits: boolean,
  prepare: (planning: Planning, term: Term, receiver: Receiver) => Operand,
): Operand {
  if (chosen === undefined && term.kind === 'call' && isAggregateName(term.name))
    throw invalid('Aggregation function are not supported in the where clause');
  if (chosen === undefined) throw invalid(`Unknown function ${calleeText(term)} called`);
  if (!fits) {
    const what =
      term.kind === 'arithmetic' || term.kind === 'negative'
        ? `operation ${calleeText(term)}`
        : `function system.${chosen.name}`;
    throw invalid(
      `Type error: cannot assign result of ${what} (type ${typeName(chosen.returns)}) to ${receiver.name} (type ${typeName(receiver.type)})`,
    );
  }
  const args = argumentTerms(term).map((each, i) =>
    prepare(
      planning,
      each,
      renamed(receiver, `arg${i}(system.${chosen.name.toLowerCase()})`, chosen.argTypes[i] ?? receiver.type),
    ),
  );
  return new CallOperand(planning, chosen, args);
}
