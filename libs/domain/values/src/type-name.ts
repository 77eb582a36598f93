/** Types as CQL writes them. Source: Cassandra 5.0, `CQL3Type.toString`. */
import type { ValueType } from './type.ts';

/** Levels that types may be nested, the type itself being one: whoever makes a type checks, so all that descends is bounded. */
export const typeDepthMax = 32;

/** Words that cannot be names unless they are quoted. Source: Cassandra 5.0, `ReservedKeywords`, reserved_keywords.txt. */
const reserved: ReadonlySet<string> = new Set(
  (
    'add allow alter and apply asc authorize batch begin by columnfamily create default delete desc describe drop ' +
    'entries execute from full grant if in index infinity insert into is keyspace limit materialized mbean mbeans ' +
    'modify nan norecursive not null of on or order primary rename replace revoke schema select set table to token ' +
    'truncate unlogged unset update use using view where with'
  ).split(' '),
);
/** A name as CQL reads it back: quoted unless it is plain lower case and no reserved word. */
export const identifier = (name: string): string =>
  /^[a-z]\w*$/.test(name) && name === name.toLowerCase() && !reserved.has(name)
    ? name
    : `"${name.replaceAll('"', '""')}"`;

const frozen = (is: boolean, text: string): string => (is ? `frozen<${text}>` : text);
/** Such as `map<text, frozen<list<int>>>`. */
export function typeName(type: ValueType): string {
  switch (type.kind) {
    case 'list':
    case 'set':
      return frozen(type.frozen, `${type.kind}<${typeName(type.element)}>`);
    case 'map':
      return frozen(type.frozen, `map<${typeName(type.key)}, ${typeName(type.value)}>`);
    case 'tuple':
      return frozen(true, `tuple<${type.elements.map(typeName).join(', ')}>`);
    case 'udt':
      return frozen(type.frozen, identifier(type.name));
    case 'vector':
      return `vector<${typeName(type.element)}, ${type.dimension}>`;
    case 'custom':
      return `'${type.className}'`;
    case 'ascii':
    case 'bigint':
    case 'blob':
    case 'boolean':
    case 'counter':
    case 'date':
    case 'decimal':
    case 'double':
    case 'duration':
    case 'float':
    case 'inet':
    case 'int':
    case 'smallint':
    case 'text':
    case 'time':
    case 'timestamp':
    case 'timeuuid':
    case 'tinyint':
    case 'uuid':
    case 'varint':
    default:
      return type.kind;
  }
}

const parts = (type: ValueType): readonly ValueType[] => {
  switch (type.kind) {
    case 'list':
    case 'set':
    case 'vector':
      return [type.element];
    case 'map':
      return [type.key, type.value];
    case 'tuple':
      return type.elements;
    case 'udt':
      return type.fields.map((field) => field.type);
    case 'ascii':
    case 'bigint':
    case 'blob':
    case 'boolean':
    case 'counter':
    case 'custom':
    case 'date':
    case 'decimal':
    case 'double':
    case 'duration':
    case 'float':
    case 'inet':
    case 'int':
    case 'smallint':
    case 'text':
    case 'time':
    case 'timestamp':
    case 'timeuuid':
    case 'tinyint':
    case 'uuid':
    case 'varint':
    default:
      return [];
  }
};
/** Levels of nesting, from 1; more than {@link typeDepthMax} is {@link typeDepthMax} + 1. */
export function typeDepth(type: ValueType, left = typeDepthMax): number {
  if (left === 0) return 1;
  let deepest = 0;
  for (const part of parts(type)) deepest = Math.max(deepest, typeDepth(part, left - 1));
  return deepest + 1;
}
export const sameType = (a: ValueType, b: ValueType): boolean => {
  if (a.kind !== b.kind) return false;
  if ('frozen' in a && 'frozen' in b && a.frozen !== b.frozen) return false;
  if (a.kind === 'custom' && b.kind === 'custom') return a.className === b.className;
  if (a.kind === 'vector' && b.kind === 'vector' && a.dimension !== b.dimension) return false;
  if (a.kind === 'udt' && b.kind === 'udt' && (a.keyspace !== b.keyspace || a.name !== b.name)) return false;
  const left = parts(a);
  const right = parts(b);
  return (
    left.length === right.length &&
    left.every((part, i) => {
      const other = right[i];
      return other !== undefined && sameType(part, other);
    })
  );
};

/** The type with all that it is made of frozen. */
export function frozenType(type: ValueType): ValueType {
  switch (type.kind) {
    case 'list':
    case 'set':
      return { ...type, element: frozenType(type.element), frozen: true };
    case 'map':
      return { ...type, key: frozenType(type.key), value: frozenType(type.value), frozen: true };
    case 'udt':
      return {
        ...type,
        fields: type.fields.map((field) => ({ name: field.name, type: frozenType(field.type) })),
        frozen: true,
      };
    case 'ascii':
    case 'bigint':
    case 'blob':
    case 'boolean':
    case 'counter':
    case 'custom':
    case 'date':
    case 'decimal':
    case 'double':
    case 'duration':
    case 'float':
    case 'inet':
    case 'int':
    case 'smallint':
    case 'text':
    case 'time':
    case 'timestamp':
    case 'timeuuid':
    case 'tinyint':
    case 'tuple':
    case 'uuid':
    case 'varint':
    case 'vector':
    default:
      return type;
  }
}
