/** Which bytes may stand for which type. Source: Cassandra 5.0, `AbstractType.isValueCompatibleWith`, `isCompatibleWith`. */
import { sameType } from './type-name.ts';
import { fieldTypes } from './parts.ts';
import type { ValueType } from './type.ts';

const among = (type: ValueType, ...kinds: readonly ValueType['kind'][]): boolean => kinds.includes(type.kind);

/** Every value of `from` is one of `to` by its bytes alone: a term of the one may be given where the other is wanted. */
export function typesCompatible(to: ValueType, from: ValueType): boolean {
  if (sameType(to, from)) return true;
  switch (to.kind) {
    case 'blob':
      return true;
    case 'text':
      return among(from, 'ascii');
    case 'bigint':
    case 'time':
      return to.kind === 'bigint' ? among(from, 'timestamp') : among(from, 'bigint');
    case 'timestamp':
      return among(from, 'bigint');
    case 'varint':
      return among(from, 'int', 'bigint', 'timestamp');
    case 'date':
      return among(from, 'int');
    case 'uuid':
      return among(from, 'timeuuid');
    case 'list':
      if (from.kind !== 'list' || to.frozen !== from.frozen) return false;
      return to.frozen ? typesCompatible(to.element, from.element) : ordersAlike(to.element, from.element);
    case 'set':
      return from.kind === 'set' && to.frozen === from.frozen && ordersAlike(to.element, from.element);
    case 'map':
      if (from.kind !== 'map' || to.frozen !== from.frozen) return false;
      return ordersAlike(to.key, from.key) && typesCompatible(to.value, from.value);
    case 'tuple':
    case 'udt': {
      if (from.kind !== to.kind) return false;
      if (to.kind === 'udt' && from.kind === 'udt' && to.frozen !== from.frozen) return false;
      const wanted = fieldTypes(to);
      const given = fieldTypes(from);
      return (
        given.length <= wanted.length &&
        given.every((type, i) => {
          const other = wanted[i];
          return other !== undefined && typesCompatible(other, type);
        })
      );
    }
    case 'ascii':
    case 'boolean':
    case 'counter':
    case 'custom':
    case 'decimal':
    case 'double':
    case 'duration':
    case 'float':
    case 'inet':
    case 'int':
    case 'smallint':
    case 'timeuuid':
    case 'tinyint':
    case 'vector':
    default:
      return false;
  }
}

/** Every value of `from` is one of `to`, and they stand in the same order: a column of the one may be read as the other. */
export const ordersAlike = (to: ValueType, from: ValueType): boolean =>
  sameType(to, from) ||
  (to.kind === 'blob' && among(from, 'ascii', 'text')) ||
  (to.kind === 'text' && among(from, 'ascii'));

/** A value of the type, whatever is frozen: a bound value or a literal does not know. */
export function assignable(to: ValueType, from: ValueType): boolean {
  return typesCompatible(to, 'frozen' in from && 'frozen' in to ? { ...from, frozen: to.frozen } : from);
}

/** What cannot be ordered, and so be in no key: durations, and what has them inside. */
export function holdsDuration(type: ValueType): boolean {
  switch (type.kind) {
    case 'duration':
      return true;
    case 'list':
    case 'set':
    case 'vector':
      return holdsDuration(type.element);
    case 'map':
      return holdsDuration(type.key) || holdsDuration(type.value);
    case 'tuple':
    case 'udt':
      return fieldTypes(type).some(holdsDuration);
    case 'ascii':
    case 'bigint':
    case 'blob':
    case 'boolean':
    case 'counter':
    case 'custom':
    case 'date':
    case 'decimal':
    case 'double':
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
      return false;
  }
}
