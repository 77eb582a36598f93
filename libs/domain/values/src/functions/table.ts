/** Which native function a call means. Source: Cassandra 5.0, `FunctionResolver`, `NativeFunctions`. */
import { ok, type Result } from '@skerry/kernel';
import { assignable } from '../compatible.ts';
import { type LiteralKind, literalFits, literalType } from '../constant.ts';
import { sameType, typeName } from '../type-name.ts';
import type { ValueType, VectorType } from '../type.ts';
import {
  aggregateFunction,
  type AggregateFunction,
  type AggregateName,
  aggregateNames,
  countRows,
} from './aggregate.ts';
import {
  arithmeticFunction,
  type ArithmeticOperator,
  negationFunction,
  negationOf,
  operatorFunctions,
} from './arithmetic.ts';
import { collectionFunction, collectionFunctionNames, similarityFunction, similarityNames } from './collection.ts';
import { blobFunctions } from './convert.ts';
import { type FunctionFault, invalid, type ScalarFunction, type Signature } from './function.ts';
import { fromJsonFunction, maskFunction, maskNames, toJsonFunction } from './mask.ts';
import { mathFunctions } from './math.ts';
import { numberKinds } from './number.ts';
import { timeFunctions } from './time.ts';

export type Fit = 'exact' | 'weak' | 'no';
/** What stands where an argument does, before anything is known of its value. */
export type Argument = {
  /** As messages show it. */
  readonly text: string;
  /** Of itself; undefined: a marker or null, which may be anything. */
  readonly type: ValueType | undefined;
  /** Of values between brackets, a list or a vector: how many. */
  readonly listLength?: number | undefined;
  readonly fits: (type: ValueType) => Fit;
};
export const typedArgument = (type: ValueType, text: string = typeName(type)): Argument => ({
  text,
  type,
  fits: (wanted) => (sameType(wanted, type) ? 'exact' : assignable(wanted, type) ? 'weak' : 'no'),
});
export const literalArgument = (literal: LiteralKind, text: string): Argument => {
  const type = literalType(literal, text);
  return {
    text,
    type,
    fits: (wanted) => (literalFits(literal, wanted) ? (sameType(wanted, type) ? 'exact' : 'weak') : 'no'),
  };
};
export const unknownArgument = (text = '?'): Argument => ({ text, type: undefined, fits: () => 'weak' });

const byName = new Map<string, ScalarFunction[]>();
for (const each of [...timeFunctions, ...blobFunctions, ...mathFunctions])
  byName.set(each.name, [...(byName.get(each.name) ?? []), each]);
const jsonNames: Readonly<Record<string, 'to' | 'from'>> = {
  to_json: 'to',
  tojson: 'to',
  from_json: 'from',
  fromjson: 'from',
};
const operators = new Map(
  Object.entries(operatorFunctions).map(([symbol, name]) => [name, symbol as ArithmeticOperator]),
);
const numberTypes: readonly ValueType[] = [
  ...numberKinds.map((kind) => ({ kind })),
  { kind: 'timestamp' },
  { kind: 'date' },
];

const textTypes: readonly ValueType[] = [{ kind: 'text' }, { kind: 'ascii' }];

/** Names of all native functions but aggregates and operators. */
export const scalarFunctionNames: readonly string[] = [
  ...byName.keys(),
  ...collectionFunctionNames,
  ...similarityNames,
  ...maskNames,
  ...Object.keys(jsonNames),
].toSorted();
export const isScalarFunction = (name: string): boolean =>
  scalarFunctionNames.includes(name) || operators.has(name) || name === negationFunction;

/** All that the name may mean for these arguments, whether they fit or not. */
function candidates(
  name: string,
  args: readonly Argument[],
  receiver: ValueType | undefined,
): readonly ScalarFunction[] {
  const fixed = byName.get(name);
  if (fixed !== undefined) return fixed;
  const operator = operators.get(name);
  if (operator !== undefined) {
    const rights: readonly ValueType[] = [...numberTypes, { kind: 'duration' }];
    const lefts = [...numberTypes, ...textTypes];
    return lefts.flatMap((left) =>
      [...rights, ...textTypes].flatMap((right) => arithmeticFunction(operator, left, right) ?? []),
    );
  }
  if (name === negationFunction) return numberTypes.flatMap((type) => negationOf(type) ?? []);
  const json = Object.hasOwn(jsonNames, name) ? jsonNames[name] : undefined;
  if (json === 'from') return receiver === undefined ? [] : [fromJsonFunction(name, receiver)];
  const type = args[0]?.type ?? (maskNames.includes(name) ? receiver : undefined);
  if (type === undefined) return [];
  if (json === 'to') return [toJsonFunction(name, type)];
  const one = maskFunction(name, type, args.length) ?? collectionFunction(name, type);
  return one === undefined ? [] : [one];
}

export const signatureText = ({ name, argTypes, returns }: Signature): string =>
  `system.${name} : (${argTypes.map(typeName).join(', ')}) -> ${typeName(returns)}`;
const signatures = (all: readonly Signature[]): string => all.map(signatureText).join(', ');

function fit(candidate: Signature, args: readonly Argument[]): Fit {
  if (candidate.argTypes.length !== args.length) return 'no';
  let best: Fit = 'exact';
  for (const [i, type] of candidate.argTypes.entries()) {
    const each = args[i]?.fits(type) ?? 'no';
    if (each === 'no') return 'no';
    if (each === 'weak') best = 'weak';
  }
  return best;
}

/** @param receiver what is wanted where the call stands; undefined: anything. @returns undefined: no such name. */
export function resolveFunction(
  name: string,
  args: readonly Argument[],
  receiver?: ValueType,
): Result<ScalarFunction | undefined, FunctionFault> {
  if (!isScalarFunction(name)) return ok(undefined);
  if (similarityNames.includes(name)) return resolveSimilarity(name, args);
  const all = candidates(name, args, receiver);
  const [only] = all;
  if (only === undefined) return notForThose(name, args, receiver);
  if (all.length === 1) return checked(only, args);
  const fitting: ScalarFunction[] = [];
  for (const candidate of all) {
    if (receiver !== undefined && !assignable(receiver, candidate.returns)) continue;
    const how = fit(candidate, args);
    if (how === 'exact') return ok(candidate);
    if (how === 'weak') fitting.push(candidate);
  }
  const [first] = fitting;
  const symbol = operators.get(name);
  const [left = '', right = ''] = args.map((arg) => arg.text);
  if (first === undefined)
    return invalid(
      symbol === undefined
        ? `Invalid call to function ${name}, none of its type signatures match (known type signatures: ${signatures(all)})`
        : `the '${symbol}' operation is not supported between ${left} and ${right}`,
    );
  if (fitting.length === 1) return ok(first);
  if (symbol !== undefined) {
    const own = receiver && fitting.find((each) => each.argTypes.every((type) => sameType(type, receiver)));
    if (own !== undefined && args.every((arg) => arg.type !== undefined)) return ok(own);
    return invalid(
      `Ambiguous '${symbol}' operation with args ${left} and ${right}: use type hint to disambiguate, example '(int) ?'`,
    );
  }
  if (name === negationFunction) return invalid('Ambiguous negation: use type casts to disambiguate');
  return invalid(
    `Ambiguous call to function ${name} (can be matched by following signatures: ${signatures(fitting)}): use type casts to disambiguate`,
  );
}

function checked(only: ScalarFunction, args: readonly Argument[]): Result<ScalarFunction, FunctionFault> {
  const { name, argTypes } = only;
  const parameter = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
  if (parameter !== undefined && args.length !== 1)
    return invalid(`Invalid number of arguments for function system.${name}(${parameter.name})`);
  if (args.length !== argTypes.length)
    return invalid(
      `Invalid number of arguments in call to function system.${name}: ${argTypes.length} required but ${args.length} provided`,
    );
  for (const [i, type] of argTypes.entries()) {
    const arg = args[i];
    if (arg !== undefined && arg.fits(type) === 'no')
      return invalid(
        `Type error: ${arg.text} cannot be passed as argument ${i} of function system.${name} of type ${typeName(type)}`,
      );
  }
  return ok(only);
}
function notForThose(
  name: string,
  args: readonly Argument[],
  receiver: ValueType | undefined,
): Result<undefined, FunctionFault> {
  const json = Object.hasOwn(jsonNames, name);
  if (json && receiver === undefined && jsonNames[name] === 'from')
    return invalid(`${name}() cannot be used in the selection clause of a SELECT statement`);
  const [first] = args;
  const parameter = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
  const called = `system.${name}${parameter === undefined ? '' : `(${parameter.name})`}`;
  if (first === undefined || (parameter !== undefined && args.length !== 1))
    return invalid(`Invalid number of arguments for function ${called}`);
  if (first.type === undefined)
    return invalid(
      `Cannot infer type of argument ${first.text} in call to function system.${name}(${parameter?.name ?? 'any'}): use type casts to disambiguate`,
    );
  if (parameter !== undefined)
    return invalid(
      `Function system.${name} requires a ${parameter.text} argument, but found argument ${first.text} of type ${typeName(first.type)}`,
    );
  if (name === 'mask_inner' || name === 'mask_outer')
    return invalid(
      `Function system.${name} requires an argument of type [text|varchar|ascii], but found argument ${first.text} of type ${typeName(first.type)}`,
    );
  return invalid(
    `Function system.${name} requires other arguments, but found ${args.map((arg) => arg.text).join(', ')}`,
  );
}

/** Of two vectors of one dimension: one tells the other, and brackets tell how long they are. Source: `VectorFcts`. */
function resolveSimilarity(name: string, args: readonly Argument[]): Result<ScalarFunction | undefined, FunctionFault> {
  const called = `function system.${name}(vector<float, n>, vector<float, n>)`;
  if (args.length !== 2) return invalid(`Invalid number of arguments for ${called}`);
  const known = args.map(({ listLength, type }): ValueType | undefined =>
    listLength === undefined ? type : { kind: 'vector', element: { kind: 'float' }, dimension: listLength },
  );
  const told = known.find((type) => type !== undefined);
  let first: VectorType | undefined;
  for (const [i, arg] of args.entries()) {
    const type = known[i] ?? (told?.kind === 'vector' ? told : undefined);
    if (type === undefined)
      return invalid(`Cannot infer type of argument ${arg.text} in call to ${called}: use type casts to disambiguate`);
    if (type.kind !== 'vector' || type.element.kind !== 'float')
      return invalid(
        `Function system.${name} requires a float vector argument, but found argument ${arg.text} of type ${typeName(type)}`,
      );
    if (first !== undefined && first.dimension !== type.dimension)
      return invalid('All arguments must have the same vector dimensions');
    first ??= type;
  }
  const made = first && similarityFunction(name, first);
  return made === undefined ? ok(undefined) : checked(made, args);
}

/** What functions of one collection call their argument, and how they refuse another. */
const parameters: Readonly<Record<string, { readonly name: string; readonly text: string }>> = {
  map_keys: { name: 'map', text: 'map' },
  map_values: { name: 'map', text: 'map' },
  collection_count: { name: 'collection', text: 'collection' },
  collection_min: { name: 'numeric_set_or_list', text: 'set or list' },
  collection_max: { name: 'numeric_set_or_list', text: 'set or list' },
  collection_sum: { name: 'numeric_set_or_list', text: 'numeric set/list' },
  collection_avg: { name: 'numeric_set_or_list', text: 'numeric set/list' },
};

/** @param args none: `count(*)`. @returns undefined: no such name. */
export function resolveAggregate(
  name: string,
  args: readonly Argument[],
): Result<AggregateFunction | undefined, FunctionFault> {
  const known = aggregateNames.find((each) => each === name);
  if (name === countRows.name || (known === 'count' && args.length === 0)) return ok(countRows);
  if (known === undefined) return ok(undefined);
  const [arg] = args;
  if (arg === undefined || args.length !== 1)
    return invalid(
      `Invalid number of arguments in call to function system.${name}: 1 required but ${args.length} provided`,
    );
  const made = arg.type && aggregateFunction(known, arg.type);
  if (made !== undefined) return ok(made);
  return invalid(aggregateMismatch(known));
}
/** That an aggregate of this name is about numbers only. */
export function aggregateMismatch(name: AggregateName): string {
  const all = numberKinds.flatMap((kind) => aggregateFunction(name, { kind }) ?? []);
  return `Invalid call to function ${name}, none of its type signatures match (known type signatures: ${signatures(all)})`;
}
