/**
 * Terms made into operands: each is checked against the type that is wanted, constants are parsed once and for all.
 * Source of rules and texts: Cassandra 5.0, `cql3.Constants`, `Lists`, `Sets`, `Maps`, `Tuples`, `UserTypes`, `Vectors`, `TypeCast`.
 */
import { termText, type Term } from '@skerry/protocol-cql';
import {
  fromConstant,
  identifier,
  nativeKinds,
  sameType,
  tupleFromConstant,
  typeName,
  type NativeKind,
} from '@skerry/domain-values';
import { unreachable } from '@skerry/kernel';
import { resolveType } from '../catalog/resolve-type.ts';
import { invalid, type Execution, type Operand } from './contract.ts';
import { prepareCall, type CallTerm } from './calls.ts';
import {
  CollectionOperand,
  ConstantOperand,
  emptySlot,
  FieldsOperand,
  MarkerOperand,
  slotBytes,
  keepsOrder,
  SortedMarkerOperand,
  VectorOperand,
} from './operand-kinds.ts';
import { typeScope, type Planning } from './planning.ts';
import {
  componentReceiver,
  elementReceiver,
  fieldReceiver,
  inReceiver,
  keyReceiver,
  tupleReceiver,
  tuplesInReceiver,
  type Receiver,
} from './receivers.ts';
import { literalKind, resolveTerm, termFit, typeFit } from './term-fit.ts';

export * from './operand-kinds.ts';

const isNativeKind = (kind: string): kind is NativeKind => (nativeKinds as readonly string[]).includes(kind);

/**
 * The term as a value for `receiver`.
 * @throws CqlFault of what cannot be, in Cassandra's words.
 */
export function prepareOperand(planning: Planning, term: Term, receiver: Receiver): Operand {
  const { type } = receiver;
  switch (term.kind) {
    case 'integer':
    case 'float':
    case 'string':
    case 'uuid':
    case 'blob':
    case 'duration':
    case 'boolean':
      return constantOperand(planning, term, receiver);
    case 'null':
      if (type.kind === 'counter') throw invalid('Invalid null value for counter increment/decrement');
      return new ConstantOperand(type, null);
    case 'marker': {
      const value = planning.markers.take(term.index, receiver);
      return keepsOrder(type) ? new SortedMarkerOperand(type, value) : new MarkerOperand(type, value);
    }
    case 'list':
      return type.kind === 'vector'
        ? vectorOperand(planning, term.elements, receiver)
        : listOperand(planning, term.elements, receiver);
    case 'set':
      return setOperand(planning, term.elements, receiver);
    case 'map':
      return mapOperand(planning, term.entries, receiver);
    case 'tuple': {
      const [only] = term.elements;
      // Brackets around one term are brackets, unless a tuple is wanted.
      return only !== undefined && term.elements.length === 1 && type.kind !== 'tuple'
        ? prepareOperand(planning, only, receiver)
        : tupleOperand(planning, term.elements, receiver);
    }
    case 'user':
      return userOperand(planning, term.fields, receiver);
    case 'hint':
      return hintOperand(planning, term, receiver);
    case 'call':
    case 'cast':
    case 'arithmetic':
    case 'negative':
      return callOperand(planning, term, receiver);
    case 'column':
      throw invalid(`Invalid column reference ${identifier(term.name)} where a value is expected`);
    default:
      return unreachable(term);
  }
}

function callOperand(planning: Planning, term: CallTerm, receiver: Receiver): Operand {
  const chosen = resolveTerm(planning, receiver, term, receiver.type);
  const fits = chosen !== undefined && typeFit(receiver.type, chosen.returns) !== 'no';
  return prepareCall(planning, term, receiver, chosen, fits, prepareOperand);
}

const literalNames = {
  integer: 'INTEGER',
  float: 'FLOAT',
  string: 'STRING',
  uuid: 'UUID',
  blob: 'HEX',
  duration: 'DURATION',
  boolean: 'BOOLEAN',
} as const;
function constantOperand(planning: Planning, term: Term, receiver: Receiver): Operand {
  const { type, name } = receiver;
  const kind = literalKind(term);
  const text = 'text' in term ? term.text : termText(term);
  if (type.kind === 'tuple' && kind !== undefined && termFit(planning, receiver, term, type) !== 'no') {
    const tuple = tupleFromConstant(type, text, BigInt(planning.nowMs));
    if (!tuple.ok) throw invalid(tuple.error);
    return new ConstantOperand(type, tuple.value);
  }
  if (kind === undefined || !isNativeKind(type.kind) || termFit(planning, receiver, term, type) === 'no')
    throw invalid(
      `Invalid ${kind === undefined ? '' : literalNames[kind]} constant (${text}) for "${name}" of type ${typeName(type)}`,
    );
  const bytes = fromConstant(type.kind, kind === 'blob' ? text.slice(2) : text, BigInt(planning.nowMs));
  if (!bytes.ok) throw invalid(bytes.error);
  return new ConstantOperand(type, bytes.value);
}

/** What holds a marker is refused inside collections. */
export function hasMarker(term: Term): boolean {
  switch (term.kind) {
    case 'marker':
      return true;
    case 'list':
    case 'set':
    case 'tuple':
      return term.elements.some(hasMarker);
    case 'map':
      return term.entries.some(([key, value]) => hasMarker(key) || hasMarker(value));
    case 'user':
      return term.fields.some(([, value]) => hasMarker(value));
    case 'call':
      return term.args.some(hasMarker);
    case 'hint':
    case 'cast':
    case 'negative':
      return hasMarker(term.of);
    case 'arithmetic':
      return hasMarker(term.left) || hasMarker(term.right);
    case 'integer':
    case 'float':
    case 'string':
    case 'uuid':
    case 'blob':
    case 'duration':
    case 'boolean':
    case 'null':
    case 'column':
      return false;
    default:
      return unreachable(term);
  }
}

/** A value all of whose parts are constants is one. */
function folded(operand: Operand, parts: readonly Operand[] = []): Operand {
  if (parts.some((part) => part.constant === undefined) || parts.length === 0) return operand;
  return constantOf(operand);
}
/** For operands that look at no request. */
export function valueAlone(operand: Operand): Uint8Array | null {
  const slot = emptySlot();
  operand.evaluate(nothingBound, slot);
  return slotBytes(slot) ?? null;
}
const constantOf = (operand: Operand): Operand => new ConstantOperand(operand.type, valueAlone(operand));
const noValues = { buffer: new Uint8Array(0), starts: new Int32Array(0), lengths: new Int32Array(0) };
const nothingBound: Execution = {
  values: { ...noValues, first: 0, count: 0 },
  consistency: 0,
  serialConsistency: -1,
  pageSize: -1,
  pagingState: undefined,
  skipMetadata: false,
  timestampHi: 0,
  timestampLo: 0,
  nowSeconds: 0,
  nowMs: 0,
  version: 4,
  keyspace: undefined,
  role: undefined,
  warnings: [],
  trace: undefined,
};

type Kind = 'list' | 'set' | 'map' | 'vector' | 'user type' | 'tuple';
const badLiteral = (kind: Kind, { name, type }: Receiver): Error =>
  invalid(`Invalid ${kind} literal for ${name} of type ${typeName(type)}`);

/** Each may stand there, and none has a marker inside. */
function elements(
  planning: Planning,
  kind: 'list' | 'set' | 'map' | 'vector',
  part: 'key' | 'value',
  terms: readonly Term[],
  receiver: Receiver,
  of: Receiver,
): readonly Operand[] {
  for (const term of terms)
    if (termFit(planning, receiver, term, of.type) === 'no')
      throw invalid(
        `Invalid ${kind} literal for ${receiver.name}: ${part} ${termText(term)} is not of type ${typeName(of.type)}`,
      );
  if (kind !== 'vector' && terms.some(hasMarker))
    throw invalid(
      `Invalid ${kind} literal for ${receiver.name}: bind variables are not supported inside collection literals`,
    );
  return terms.map((term) => prepareOperand(planning, term, of));
}
function listOperand(planning: Planning, terms: readonly Term[], receiver: Receiver): Operand {
  const { type } = receiver;
  if (type.kind !== 'list')
    throw invalid(`Unexpected receiver type '${typeName(type)}'; only list and vector are expected`);
  const parts = elements(planning, 'list', 'value', terms, receiver, elementReceiver(receiver, type.element));
  return foldedCollection(new CollectionOperand(type, parts), parts);
}
function setOperand(planning: Planning, terms: readonly Term[], receiver: Receiver): Operand {
  const { type } = receiver;
  // Nobody can tell an empty map from an empty set.
  if (type.kind === 'map' && terms.length === 0) return constantOf(new CollectionOperand(type, []));
  if (type.kind !== 'set') throw badLiteral('set', receiver);
  const parts = elements(planning, 'set', 'value', terms, receiver, elementReceiver(receiver, type.element));
  return foldedCollection(new CollectionOperand(type, parts), parts);
}
function mapOperand(planning: Planning, entries: readonly (readonly [Term, Term])[], receiver: Receiver): Operand {
  const { type } = receiver;
  if (type.kind !== 'map') throw badLiteral('map', receiver);
  const parts = entries.flatMap(([key, value]) => [
    ...elements(planning, 'map', 'key', [key], receiver, keyReceiver(receiver, type.key)),
    ...elements(planning, 'map', 'value', [value], receiver, elementReceiver(receiver, type.value)),
  ]);
  return foldedCollection(new CollectionOperand(type, parts), parts);
}
/** An empty collection is a constant too. */
const foldedCollection = (operand: Operand, parts: readonly Operand[]): Operand =>
  parts.every((part) => part.constant !== undefined) ? constantOf(operand) : operand;

function vectorOperand(planning: Planning, terms: readonly Term[], receiver: Receiver): Operand {
  const { type, name } = receiver;
  if (type.kind !== 'vector') throw badLiteral('vector', receiver);
  if (terms.length !== type.dimension)
    throw invalid(
      `Invalid vector literal for ${name} of type ${typeName(type)}; expected ${type.dimension} elements, but given ${terms.length}`,
    );
  const parts = elements(planning, 'vector', 'value', terms, receiver, elementReceiver(receiver, type.element));
  return folded(new VectorOperand(type, parts), parts);
}
function tupleOperand(planning: Planning, terms: readonly Term[], receiver: Receiver): Operand {
  const { type, name } = receiver;
  if (type.kind !== 'tuple') throw invalid(`Invalid tuple type literal for ${name} of type ${typeName(type)}`);
  if (terms.length > type.elements.length)
    throw invalid(
      `Invalid tuple literal for ${name}: too many elements. Type ${typeName(type)} expects ${type.elements.length} but got ${terms.length}`,
    );
  const parts = terms.map((term, i) => {
    const of = componentReceiver(receiver, i, type.elements[i] ?? type);
    if (termFit(planning, receiver, term, of.type) === 'no')
      throw invalid(`Invalid tuple literal for ${name}: component ${i} is not of type ${typeName(of.type)}`);
    return prepareOperand(planning, term, of);
  });
  return folded(new FieldsOperand(type, parts), parts);
}
function userOperand(planning: Planning, fields: readonly (readonly [string, Term])[], receiver: Receiver): Operand {
  const { type, name } = receiver;
  if (type.kind !== 'udt') throw badLiteral('user type', receiver);
  const given = new Map(fields);
  const known = new Set(type.fields.map((field) => field.name));
  for (const field of given.keys())
    if (!known.has(field)) throw invalid(`Unknown field '${field}' in value of user defined type ${type.name}`);
  const parts = type.fields.map((field) => {
    const term = given.get(field.name) ?? ({ kind: 'null' } as const);
    if (termFit(planning, receiver, term, field.type) === 'no')
      throw invalid(
        `Invalid user type literal for ${name}: field ${field.name} is not of type ${typeName(field.type)}`,
      );
    return prepareOperand(planning, term, fieldReceiver(receiver, field.name, field.type));
  });
  return folded(new FieldsOperand(type, parts), parts);
}
function hintOperand(planning: Planning, term: Extract<Term, { kind: 'hint' }>, receiver: Receiver): Operand {
  const to = resolveType(term.type, typeScope(planning, receiver.keyspace));
  if (termFit(planning, receiver, term.of, to) === 'no')
    throw invalid(`Cannot cast value ${termText(term.of)} to type ${typeName(to)}`);
  if (typeFit(receiver.type, to) === 'no')
    throw invalid(`Cannot assign value ${termText(term)} to ${receiver.name} of type ${typeName(receiver.type)}`);
  // A call is chosen by the hint, a constant read as what is wanted.
  const wanted = term.of.kind === 'call' && !sameType(to, receiver.type) ? { ...receiver, type: to } : receiver;
  return prepareOperand(planning, term.of, wanted);
}

/** `IN (…)`: each value by itself; or `IN ?`: a list. */
export type InValues =
  | { readonly kind: 'each'; readonly operands: readonly Operand[] }
  | { readonly kind: 'list'; readonly operand: Operand };
export function prepareIn(planning: Planning, values: Term | readonly Term[], receiver: Receiver): InValues {
  if (isTerms(values))
    return { kind: 'each', operands: values.map((value) => prepareOperand(planning, value, receiver)) };
  return { kind: 'list', operand: prepareOperand(planning, values, inReceiver(receiver)) };
}
const isTerms = (values: Term | readonly Term[]): values is readonly Term[] => Array.isArray(values);

/** `(a, b) = (1, 2)`: each by itself; or `(a, b) = ?`: one tuple. */
export type TupleValues =
  | { readonly kind: 'each'; readonly operands: readonly Operand[] }
  | { readonly kind: 'tuple'; readonly operand: Operand };
export function prepareTuple(planning: Planning, term: Term, receivers: readonly Receiver[]): TupleValues {
  if (term.kind === 'tuple') {
    if (term.elements.length !== receivers.length)
      throw invalid(
        `Expected ${receivers.length} elements in value tuple, but got ${term.elements.length}: ${termText(term)}`,
      );
    const operands = receivers.map((receiver, i) =>
      prepareOperand(planning, term.elements[i] ?? { kind: 'null' }, receiver),
    );
    return { kind: 'each', operands };
  }
  const [first] = receivers;
  if (first === undefined) return { kind: 'each', operands: [] };
  const whole = tupleReceiver(receivers, { keyspace: first.keyspace, name: first.table });
  return { kind: 'tuple', operand: prepareOperand(planning, term, whole) };
}
/** `(a, b) IN ((1, 2), …)`; `IN ?` is a list of tuples. */
export type InTuples =
  | { readonly kind: 'each'; readonly tuples: readonly TupleValues[] }
  | { readonly kind: 'list'; readonly operand: Operand };
export function prepareTuplesIn(
  planning: Planning,
  values: Term | readonly Term[],
  receivers: readonly Receiver[],
): InTuples {
  if (isTerms(values)) return { kind: 'each', tuples: values.map((value) => prepareTuple(planning, value, receivers)) };
  const [first] = receivers;
  if (first === undefined) return { kind: 'each', tuples: [] };
  const whole = tupleReceiver(receivers, { keyspace: first.keyspace, name: first.table });
  return { kind: 'list', operand: prepareOperand(planning, values, tuplesInReceiver(receivers, whole)) };
}

/** An operand's value as the engine keeps it; null for null and unset. */
export const operandBytes = (operand: Operand, execution: Execution): Uint8Array | null => {
  const slot = emptySlot();
  operand.evaluate(execution, slot);
  return slotBytes(slot) ?? null;
};
