/** Types as `system_schema` and DESCRIBE write them. Source: Cassandra 5.0, CQL3Type.toString. */
import type { ValueType } from '@skerry/domain-values';
import { unreachable } from '@skerry/kernel';
import { maybeQuote } from './names.ts';

const frozenIf = (frozen: boolean, text: string): string => (frozen ? `frozen<${text}>` : text);

export function typeName(type: ValueType): string {
  switch (type.kind) {
    case 'list':
    case 'set':
      return frozenIf(type.frozen, `${type.kind}<${typeName(type.element)}>`);
    case 'map':
      return frozenIf(type.frozen, `map<${typeName(type.key)}, ${typeName(type.value)}>`);
    case 'tuple':
      return `frozen<tuple<${type.elements.map(typeName).join(', ')}>>`;
    case 'udt':
      return frozenIf(type.frozen, maybeQuote(type.name));
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
      return type.kind;
    default:
      return unreachable(type);
  }
}

/** The types that it is made of. */
export function partsOf(type: ValueType): readonly ValueType[] {
  if ('element' in type) return [type.element];
  if ('elements' in type) return type.elements;
  if ('fields' in type) return type.fields.map((field) => field.type);
  return 'value' in type ? [type.key, type.value] : [];
}

/** It, or anything in it. */
export const someType = (type: ValueType, test: (type: ValueType) => boolean): boolean =>
  test(type) || partsOf(type).some((part) => someType(part, test));
export const referencesDuration = (type: ValueType): boolean => someType(type, ({ kind }) => kind === 'duration');
export const referencesUserType = (type: ValueType, name: string): boolean =>
  someType(type, (part) => part.kind === 'udt' && part.name === name);

/** The same type with every part replaced by what `change` makes of it, from the inside out. */
export function mapType(type: ValueType, change: (type: ValueType) => ValueType): ValueType {
  const inner = (part: ValueType): ValueType => mapType(part, change);
  if ('element' in type) return change({ ...type, element: inner(type.element) });
  if ('elements' in type) return change({ ...type, elements: type.elements.map(inner) });
  if ('fields' in type)
    return change({ ...type, fields: type.fields.map((field) => ({ ...field, type: inner(field.type) })) });
  return change('value' in type ? { ...type, key: inner(type.key), value: inner(type.value) } : type);
}

/** All of it frozen: what stands inside something frozen is frozen too. */
export const freeze = (type: ValueType): ValueType =>
  mapType(type, (part) => ('frozen' in part ? { ...part, frozen: true } : part));

/** User types as the tuples that hold the same bytes: what is left of them in a dropped column. */
export const expandUserTypes = (type: ValueType): ValueType =>
  mapType(type, (part) =>
    part.kind === 'udt' ? { kind: 'tuple', elements: part.fields.map((field) => field.type) } : part,
  );

export const sameType = (a: ValueType, b: ValueType): boolean => JSON.stringify(a) === JSON.stringify(b);
