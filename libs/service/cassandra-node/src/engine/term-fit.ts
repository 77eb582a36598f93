/**
 * Whether a term may stand where a type is wanted, before it is prepared: this chooses among functions of one name, and
 * makes errors tell the whole term. Source: Cassandra 5.0, AssignmentTestable and its implementations.
 */
import { termText, type Term } from '@skerry/protocol-cql';
import {
  assignable,
  frozenType,
  literalFits,
  literalType,
  sameType,
  typesCompatible,
  type Argument,
  type Fit,
  type LiteralKind,
  type ScalarFunction,
  type ValueType,
} from '@skerry/domain-values';
import { unreachable } from '@skerry/kernel';
import { resolveType } from '../catalog/resolve-type.ts';
import { argumentTerms, resolveCall, type CallTerm } from './calls.ts';
import { CqlFault } from './contract.ts';
import { typeScope, type Planning } from './planning.ts';
import type { Receiver } from './receivers.ts';

/** Where a term stands: the keyspace whose types it may name, the table that `token` is about. */
export type Place = Pick<Receiver, 'keyspace' | 'table'>;

const literalKinds: ReadonlySet<string> = new Set([
  'integer',
  'float',
  'string',
  'uuid',
  'blob',
  'duration',
  'boolean',
] satisfies LiteralKind[]);
const isLiteral = (term: Term): term is Extract<Term, { readonly kind: LiteralKind }> => literalKinds.has(term.kind);
export const literalKind = (term: Term): LiteralKind | undefined => (isLiteral(term) ? term.kind : undefined);
const literalText = (term: Term): string => ('text' in term ? term.text : '');

const all = (fits: readonly Fit[]): Fit => {
  if (fits.includes('no')) return 'no';
  return fits.every((fit) => fit === 'exact') ? 'exact' : 'weak';
};
/** A value of the type `from` where `to` is wanted. */
export const typeFit = (to: ValueType, from: ValueType): Fit => {
  if (sameType(to, from)) return 'exact';
  return assignable(to, from) || typesCompatible(to, from) ? 'weak' : 'no';
};

export function termFit(planning: Planning, place: Place, term: Term, type: ValueType): Fit {
  const fits = (terms: readonly Term[], element: ValueType): Fit =>
    terms.length === 0 ? 'weak' : all(terms.map((each) => termFit(planning, place, each, element)));
  switch (term.kind) {
    case 'integer':
    case 'float':
    case 'string':
    case 'uuid':
    case 'blob':
    case 'duration':
    case 'boolean': {
      if (!literalFits(term.kind, type)) return 'no';
      return literalType(term.kind, literalText(term)).kind === type.kind ? 'exact' : 'weak';
    }
    case 'null':
      return type.kind === 'counter' ? 'no' : 'weak';
    case 'marker':
      return 'weak';
    case 'list':
      if (type.kind === 'vector' && term.elements.length !== type.dimension) return 'no';
      return type.kind === 'list' || type.kind === 'vector' ? fits(term.elements, type.element) : 'no';
    case 'set':
      if (type.kind === 'map' && term.elements.length === 0) return 'weak';
      return type.kind === 'set' ? fits(term.elements, type.element) : 'no';
    case 'map':
      if (type.kind !== 'map') return 'no';
      return all(term.entries.flatMap(([key, value]) => [fits([key], type.key), fits([value], type.value)]));
    case 'tuple':
      if (type.kind !== 'tuple' && term.elements.length === 1) return fits(term.elements, type);
      if (type.kind !== 'tuple' || term.elements.length > type.elements.length) return 'no';
      return term.elements.some((each, i) => fits([each], type.elements[i] ?? type) === 'no') ? 'no' : 'weak';
    case 'user':
      if (type.kind !== 'udt') return 'no';
      return term.fields.every(([name, value]) => {
        const field = type.fields.find((each) => each.name === name);
        return field !== undefined && fits([value], field.type) !== 'no';
      })
        ? 'weak'
        : 'no';
    case 'hint':
      return typeFit(type, resolveType(term.type, typeScope(planning, place.keyspace)));
    case 'cast':
    case 'call':
    case 'arithmetic':
    case 'negative': {
      // Of what is not found, preparing it tells more.
      const chosen = foundTerm(planning, place, term, type);
      return chosen === undefined ? 'weak' : typeFit(type, chosen.returns);
    }
    case 'column':
      return 'no';
    default:
      return unreachable(term);
  }
}

/** A term's type when it tells it itself: of constants the one that holds them. */
export function knownType(planning: Planning, place: Place, term: Term): ValueType | undefined {
  const known = (each: Term): ValueType | undefined => knownType(planning, place, each);
  const firstKnown = (terms: readonly Term[]): ValueType | undefined => {
    for (const each of terms) {
      const type = known(each);
      if (type !== undefined) return type;
    }
    return undefined;
  };
  switch (term.kind) {
    case 'integer':
    case 'float':
    case 'string':
    case 'uuid':
    case 'blob':
    case 'duration':
    case 'boolean':
      return literalType(term.kind, literalText(term));
    case 'null':
    case 'marker':
    case 'user':
    case 'column':
      return undefined;
    case 'list':
    case 'set': {
      const element = firstKnown(term.elements);
      return element && { kind: term.kind, element, frozen: true };
    }
    case 'map': {
      const key = firstKnown(term.entries.map(([each]) => each));
      const value = firstKnown(term.entries.map(([, each]) => each));
      return key && value && { kind: 'map', key, value, frozen: true };
    }
    case 'tuple': {
      const elements = term.elements.map(known);
      const types = elements.filter((each) => each !== undefined);
      return types.length === elements.length ? { kind: 'tuple', elements: types } : undefined;
    }
    case 'hint':
      return frozenType(resolveType(term.type, typeScope(planning, place.keyspace)));
    case 'cast':
    case 'call':
    case 'arithmetic':
    case 'negative':
      return resolveTerm(planning, place, term, undefined)?.returns;
    default:
      return unreachable(term);
  }
}

/** A term as an argument. */
export const termArgument = (planning: Planning, place: Place, term: Term): Argument => ({
  text: termText(term),
  listLength: term.kind === 'list' ? term.elements.length : undefined,
  get type() {
    return knownType(planning, place, term);
  },
  fits: (type) => termFit(planning, place, term, type),
});
/** The function that a term calls; undefined: none has the name. @throws CqlFault none fits, or several do. */
export const resolveTerm = (
  planning: Planning,
  place: Place,
  term: CallTerm,
  wanted: ValueType | undefined,
): ScalarFunction | undefined =>
  resolveCall(
    planning,
    place,
    term,
    argumentTerms(term).map((each) => termArgument(planning, place, each)),
    wanted,
  );
function foundTerm(planning: Planning, place: Place, term: CallTerm, wanted: ValueType): ScalarFunction | undefined {
  try {
    return resolveTerm(planning, place, term, wanted);
  } catch (thrown) {
    if (thrown instanceof CqlFault) return undefined;
    throw thrown;
  }
}
