/** Functions of collections and of vectors. Source: Cassandra 5.0, `CollectionFcts`, `VectorFcts`. */
import { ok } from '@skerry/kernel';
import { listBytes } from '../compose.ts';
import { floatAt, floatBytes, int32At, int32Bytes } from '../integers.ts';
import { collectionBytes, collectionParts } from '../parts.ts';
import { frozenType } from '../type-name.ts';
import type { ValueType, VectorType } from '../type.ts';
import { aggregateFunction, type AggregateName } from './aggregate.ts';
import { invalid, type ScalarFunction } from './function.ts';
import { isNumber } from './number.ts';

const int: ValueType = { kind: 'int' };
const made = (
  name: string,
  type: ValueType,
  returns: ValueType,
  apply: (bytes: Uint8Array) => Uint8Array | undefined,
): ScalarFunction => ({
  name,
  argTypes: [type],
  returns,
  pure: true,
  apply: ([bytes]) => ok(bytes && apply(bytes)),
});

const partsOf = (kind: 'list' | 'set' | 'map', bytes: Uint8Array): Uint8Array[] => {
  const parts = collectionParts(kind, bytes);
  return parts.ok ? parts.value : [];
};

const aggregates: Readonly<Record<string, AggregateName>> = {
  collection_min: 'min',
  collection_max: 'max',
  collection_sum: 'sum',
  collection_avg: 'avg',
};
export const collectionFunctionNames: readonly string[] = [
  'map_keys',
  'map_values',
  'collection_count',
  ...Object.keys(aggregates),
];

/** Undefined: not for that type. */
export function collectionFunction(name: string, type: ValueType): ScalarFunction | undefined {
  if (type.kind === 'map' && name === 'map_keys')
    return made(name, type, { kind: 'set', element: frozenType(type.key), frozen: true }, (bytes) =>
      collectionBytes(
        'set',
        partsOf('map', bytes).filter((_, i) => i % 2 === 0),
      ),
    );
  if (type.kind === 'map' && name === 'map_values')
    return made(name, type, { kind: 'list', element: frozenType(type.value), frozen: true }, (bytes) =>
      listBytes(partsOf('map', bytes).filter((_, i) => i % 2 === 1)),
    );
  if (name === 'collection_count')
    return type.kind === 'list' || type.kind === 'set' || type.kind === 'map'
      ? made(name, type, int, (bytes) => int32Bytes(int32At(bytes, 0)))
      : undefined;
  const aggregate = Object.hasOwn(aggregates, name) ? aggregates[name] : undefined;
  if (aggregate === undefined || (type.kind !== 'list' && type.kind !== 'set')) return undefined;
  const { kind, element } = type;
  if ((aggregate === 'sum' || aggregate === 'avg') && !isNumber(element)) return undefined;
  const over = aggregateFunction(aggregate, element);
  return (
    over &&
    made(name, type, over.returns, (bytes) => {
      const run = over.start();
      for (const part of partsOf(kind, bytes)) run.add(part);
      return run.finish();
    })
  );
}

type Similarity = (a: readonly number[], b: readonly number[]) => number | undefined;
const { fround } = Math;
/** In single precision, step by step: as Cassandra's answers are. */
const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, i) => fround(sum + fround(value * (b[i] ?? 0))), 0);
const similarities: Readonly<Record<string, Similarity>> = {
  similarity_cosine(a, b) {
    const lengths = Math.sqrt(dot(a, a) * dot(b, b));
    return lengths === 0 ? undefined : fround(1 + fround(dot(a, b) / lengths)) / 2;
  },
  similarity_euclidean: (a, b) => 1 / (1 + a.reduce((sum, value, i) => sum + (value - (b[i] ?? 0)) ** 2, 0)),
  similarity_dot_product: (a, b) => (1 + dot(a, b)) / 2,
};
export const similarityNames: readonly string[] = Object.keys(similarities);

const numbersOf = (type: VectorType, bytes: Uint8Array): number[] =>
  Array.from({ length: type.dimension }, (_, i) => floatAt(bytes, 4 * i));
/** Of two vectors of floats. */
export function similarityFunction(name: string, type: VectorType): ScalarFunction | undefined {
  const similarity = Object.hasOwn(similarities, name) ? similarities[name] : undefined;
  if (similarity === undefined || type.element.kind !== 'float') return undefined;
  return {
    name,
    argTypes: [type, type],
    returns: { kind: 'float' },
    pure: true,
    apply([a, b]) {
      if (a === undefined || b === undefined || a.length === 0 || b.length === 0) return ok(undefined);
      const value = similarity(numbersOf(type, a), numbersOf(type, b));
      if (value === undefined) return invalid(`Function system.${name} doesn't support all-zero vectors.`);
      return ok(floatBytes(value));
    },
  };
}
