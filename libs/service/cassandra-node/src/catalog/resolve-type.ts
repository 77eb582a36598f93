/** A type's name in a statement, looked up in a keyspace. Source: Cassandra 5.0, CQL3Type.Raw. */
import { nativeKinds, typeName, type NativeKind, type UserType, type ValueType } from '@skerry/domain-values';
import type { TypeName } from '@skerry/protocol-cql';
import { unreachable } from '@skerry/kernel';
import { classType } from './class-type.ts';
import { invalid } from './fault.ts';
import { freeze } from './type-names.ts';

/** Where user types are looked up. */
export type TypeScope = { readonly keyspace: string; readonly types: ReadonlyMap<string, UserType> };

const natives: ReadonlyMap<string, NativeKind> = new Map([
  ...nativeKinds.map((kind) => [kind, kind] as const),
  ['varchar', 'text'] as const,
]);

/** As the statement has it, with `frozen` pushed down to what it is about. */
type Raw =
  | { readonly kind: 'native'; readonly type: NativeKind }
  | { readonly kind: 'class'; readonly type: ValueType }
  | { readonly kind: 'list' | 'set'; readonly of: Raw; readonly frozen: boolean }
  | { readonly kind: 'map'; readonly key: Raw; readonly of: Raw; readonly frozen: boolean }
  | { readonly kind: 'tuple'; readonly elements: readonly Raw[] }
  | { readonly kind: 'vector'; readonly of: Raw; readonly dimension: number }
  | { readonly kind: 'user'; readonly keyspace: string | undefined; readonly name: string; readonly frozen: boolean };

const freezable = (raw: Raw): boolean => raw.kind !== 'native' && raw.kind !== 'class';
const freezeRaw = (raw: Raw): Raw => {
  switch (raw.kind) {
    case 'native':
    case 'class':
      throw invalid(`frozen<> is only allowed on collections, tuples, and user-defined types (got ${rawText(raw)})`);
    case 'list':
    case 'set':
      return { ...raw, of: freezeInside(raw.of), frozen: true };
    case 'map':
      return { ...raw, key: freezeInside(raw.key), of: freezeInside(raw.of), frozen: true };
    case 'user':
      return { ...raw, frozen: true };
    case 'tuple':
    case 'vector':
      return raw;
    default:
      return unreachable(raw);
  }
};
const freezeInside = (raw: Raw): Raw => (freezable(raw) ? freezeRaw(raw) : raw);

function rawOf(type: TypeName): Raw {
  switch (type.kind) {
    case 'named': {
      const native = type.name.keyspace === undefined ? natives.get(type.name.name) : undefined;
      if (native !== undefined) return { kind: 'native', type: native };
      return { kind: 'user', keyspace: type.name.keyspace, name: type.name.name, frozen: false };
    }
    case 'list':
    case 'set':
      return { kind: type.kind, of: rawOf(type.of), frozen: false };
    case 'frozen':
      return freezeRaw(rawOf(type.of));
    case 'map':
      return { kind: 'map', key: rawOf(type.key), of: rawOf(type.value), frozen: false };
    case 'tuple':
      return { kind: 'tuple', elements: type.elements.map((element) => freezeInside(rawOf(element))) };
    case 'vector':
      return { kind: 'vector', of: freezeInside(rawOf(type.of)), dimension: type.dimension };
    case 'class': {
      const made = classType(type.className).type;
      const native = natives.get(made.kind);
      return native === undefined ? { kind: 'class', type: made } : { kind: 'native', type: native };
    }
    default:
      return unreachable(type);
  }
}

/** As Cassandra's errors show it. */
function rawText(raw: Raw): string {
  const wrap = (frozen: boolean, text: string): string => (frozen ? `frozen<${text}>` : text);
  switch (raw.kind) {
    case 'native':
      return raw.type;
    case 'class':
      return typeName(raw.type);
    case 'list':
    case 'set':
      return wrap(raw.frozen, `${raw.kind}<${rawText(raw.of)}>`);
    case 'map':
      return wrap(raw.frozen, `map<${rawText(raw.key)}, ${rawText(raw.of)}>`);
    case 'tuple':
      return `tuple<${raw.elements.map(rawText).join(', ')}>`;
    case 'vector':
      return `vector<${rawText(raw.of)}, ${raw.dimension}>`;
    case 'user':
      return wrap(raw.frozen, raw.keyspace === undefined ? raw.name : `${raw.keyspace}.${raw.name}`);
    default:
      return unreachable(raw);
  }
}

const isNative = (raw: Raw, type: NativeKind): boolean => raw.kind === 'native' && raw.type === type;

function refuseNested(collection: Raw, inner: Raw): void {
  if (inner.kind === 'user' && !inner.frozen)
    throw invalid(`Non-frozen UDTs are not allowed inside collections: ${rawText(collection)}`);
  if ((inner.kind === 'list' || inner.kind === 'set' || inner.kind === 'map') && !inner.frozen)
    throw invalid(`Non-frozen collections are not allowed inside collections: ${rawText(collection)}`);
}

function checkCollection(raw: Extract<Raw, { readonly kind: 'list' | 'set' | 'map' }>): void {
  if (!raw.frozen) refuseNested(raw, raw.of);
  if (isNative(raw.of, 'counter')) throw invalid(`Counters are not allowed inside collections: ${rawText(raw)}`);
  if (raw.kind === 'set' && isNative(raw.of, 'duration'))
    throw invalid(`Durations are not allowed inside sets: ${rawText(raw)}`);
  if (raw.kind !== 'map') return;
  if (isNative(raw.key, 'counter')) throw invalid(`Counters are not allowed inside collections: ${rawText(raw)}`);
  if (isNative(raw.key, 'duration')) throw invalid(`Durations are not allowed as map keys: ${rawText(raw)}`);
  if (!raw.frozen) refuseNested(raw, raw.key);
}

function userType(raw: Extract<Raw, { readonly kind: 'user' }>, scope: TypeScope): ValueType {
  if (raw.keyspace !== undefined && raw.keyspace !== scope.keyspace)
    throw invalid(
      `Statement on keyspace ${scope.keyspace} cannot refer to a user type in keyspace ${raw.keyspace}; ` +
        'user types can only be used in the keyspace they are defined in',
    );
  const type = scope.types.get(raw.name);
  if (type === undefined) throw invalid(`Unknown type ${scope.keyspace}.${raw.name}`);
  return raw.frozen ? freeze(type) : type;
}

function prepare(raw: Raw, scope: TypeScope): ValueType {
  switch (raw.kind) {
    case 'native':
      return { kind: raw.type };
    case 'class':
      return raw.type;
    case 'list':
    case 'set':
      checkCollection(raw);
      return { kind: raw.kind, element: prepare(raw.of, scope), frozen: raw.frozen };
    case 'map':
      checkCollection(raw);
      return { kind: 'map', key: prepare(raw.key, scope), value: prepare(raw.of, scope), frozen: raw.frozen };
    case 'tuple':
      if (raw.elements.some((element) => isNative(element, 'counter')))
        throw invalid('Counters are not allowed inside tuples');
      return { kind: 'tuple', elements: raw.elements.map((element) => prepare(element, scope)) };
    case 'vector':
      if (raw.dimension <= 0) throw invalid(`vectors may only have positive dimensions; given ${raw.dimension}`);
      return { kind: 'vector', element: prepare(raw.of, scope), dimension: raw.dimension };
    case 'user':
      return userType(raw, scope);
    default:
      return unreachable(raw);
  }
}

/**
 * @throws Refusal unknown type, a type of another keyspace, what may not stand inside a collection.
 */
export const resolveType = (name: TypeName, scope: TypeScope): ValueType => prepare(rawOf(name), scope);

/** As an error shows a type that was written. */
export const typeNameText = (name: TypeName): string => rawText(rawOf(name));
export const isCounterName = (name: TypeName): boolean => isNative(rawOf(name), 'counter');
/** A user type that is not frozen where it stands. */
export const isOpenUserTypeName = (name: TypeName): boolean => {
  const raw = rawOf(name);
  return raw.kind === 'user' && !raw.frozen;
};
