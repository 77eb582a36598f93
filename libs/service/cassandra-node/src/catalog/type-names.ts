/** What a type is made of, and what becomes of it when one of its parts changes. */
import { sameType, typeName, type ValueType } from '@skerry/domain-values';

export { sameType, typeName };

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
