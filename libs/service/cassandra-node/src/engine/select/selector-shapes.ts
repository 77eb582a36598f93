/** What can be told of a selector by its shape alone. */
import { unreachable } from '@skerry/kernel';
import type { Selector, Term } from '@skerry/protocol-cql';
import { isAggregateName } from './aggregates.ts';

/** In place of arguments that are no terms. */
export const nothing: Term = { kind: 'null' };

export function isAggregating(selector: Selector): boolean {
  switch (selector.kind) {
    case 'count':
      return true;
    case 'call':
      return isAggregateName(selector.name) || selector.args.some(isAggregating);
    case 'cast':
    case 'field':
    case 'element':
    case 'slice':
    case 'negative':
    case 'hint':
      return isAggregating(selector.of);
    case 'arithmetic':
      return isAggregating(selector.left) || isAggregating(selector.right);
    case 'list':
    case 'set':
    case 'tuple':
      return selector.elements.some(isAggregating);
    case 'map':
      return selector.entries.some(([key, value]) => isAggregating(key) || isAggregating(value));
    case 'user':
      return selector.fields.some(([, value]) => isAggregating(value));
    case 'column':
    case 'term':
    case 'writetime':
    case 'maxwritetime':
    case 'ttl':
      return false;
    default:
      return unreachable(selector);
  }
}

/** What is made of terms alone is one, so that it takes the type that is wanted: a vector, say. */
export function asTerm(selector: Selector): Term | undefined {
  const all = (selectors: readonly Selector[]): readonly Term[] | undefined => {
    const terms = selectors.map(asTerm).filter((term) => term !== undefined);
    return terms.length === selectors.length ? terms : undefined;
  };
  switch (selector.kind) {
    case 'term':
      return selector.term;
    case 'list':
    case 'set':
    case 'tuple': {
      const elements = all(selector.elements);
      return elements && { kind: selector.kind, elements };
    }
    case 'map': {
      const keys = all(selector.entries.map(([key]) => key));
      const values = all(selector.entries.map(([, value]) => value));
      if (keys === undefined || values === undefined) return undefined;
      return { kind: 'map', entries: keys.map((key, i) => [key, values[i] ?? nothing] as const) };
    }
    case 'user': {
      const values = all(selector.fields.map(([, value]) => value));
      return (
        values && { kind: 'user', fields: selector.fields.map(([name], i) => [name, values[i] ?? nothing] as const) }
      );
    }
    case 'column':
    case 'count':
    case 'writetime':
    case 'maxwritetime':
    case 'ttl':
    case 'cast':
    case 'call':
    case 'field':
    case 'element':
    case 'slice':
    case 'arithmetic':
    case 'negative':
    case 'hint':
      return undefined;
    default:
      return unreachable(selector);
  }
}

/** The column whose elements, slices and fields are selected. */
export function rootColumn(selector: Selector): string | undefined {
  if (selector.kind === 'column') return selector.name;
  return selector.kind === 'element' || selector.kind === 'slice' || selector.kind === 'field'
    ? rootColumn(selector.of)
    : undefined;
}
