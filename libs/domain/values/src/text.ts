/** Values as CQL writes them: bare, as casts to text give them, and as constants. Source: Cassandra 5.0, `TypeSerializer.toCQLLiteral`, `AbstractType.toCQLString`. */
import { fromUtf8, toHex, unreachable } from '@skerry/kernel';
import { inetText, uuidText } from './addresses.ts';
import { decimalOf, decimalText } from './decimal.ts';
import { durationOf, durationText } from './duration.ts';
import { doubleText, floatText } from './floating.ts';
import { doubleAt, floatAt, int32At, int64At, varintOf } from './integers.ts';
import { identifier } from './type-name.ts';
import { collectionParts, fieldParts, fieldTypes, vectorParts } from './parts.ts';
import { dateText, timestampText, timeText } from './times.ts';
import type { NativeType, TupleType, UserType, ValueType } from './type.ts';

/** Of a native value that is valid, without quotes; undefined: it is empty and has none. */
export function plainText(type: NativeType, bytes: Uint8Array): string | undefined {
  const { kind } = type;
  if (kind === 'text' || kind === 'ascii') return fromUtf8(bytes) ?? '';
  if (kind === 'blob') return `0x${toHex(bytes)}`;
  if (bytes.length === 0) return undefined;
  switch (kind) {
    case 'tinyint':
      return String(((bytes[0] ?? 0) << 24) >> 24);
    case 'smallint':
      return String(int32At(bytes, 0) >> 16);
    case 'int':
      return String(int32At(bytes, 0));
    case 'bigint':
    case 'counter':
      return String(int64At(bytes, 0));
    case 'varint':
      return String(varintOf(bytes));
    case 'decimal':
      return decimalText(decimalOf(bytes));
    case 'float':
      return floatText(floatAt(bytes, 0));
    case 'double':
      return doubleText(doubleAt(bytes, 0));
    case 'boolean':
      return String(bytes[0] !== 0);
    case 'inet':
      return inetText(bytes);
    case 'uuid':
    case 'timeuuid':
      return uuidText(bytes);
    case 'timestamp':
      return timestampText(int64At(bytes, 0), 'T');
    case 'date':
      return dateText(int32At(bytes, 0) >>> 0);
    case 'time':
      return timeText(int64At(bytes, 0));
    case 'duration':
      return durationText(durationOf(bytes));
    default:
      return unreachable(kind);
  }
}

export const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** A constant that reads as the value. Empty values, which have none, are `null`. */
export function literalText(type: ValueType, bytes: Uint8Array | undefined): string {
  if (bytes === undefined) return 'null';
  switch (type.kind) {
    case 'list':
    case 'set': {
      const parts = collectionParts(type.kind, bytes);
      const items = parts.ok ? parts.value.map((part) => literalText(type.element, part)) : [];
      return type.kind === 'list' ? `[${items.join(', ')}]` : `{${items.join(', ')}}`;
    }
    case 'map': {
      const parts = collectionParts('map', bytes);
      const items = parts.ok
        ? parts.value.map((part, i) => literalText(i % 2 === 0 ? type.key : type.value, part))
        : [];
      const entries = items.flatMap((item, i) => (i % 2 === 0 ? [`${item}: ${items[i + 1] ?? ''}`] : []));
      return `{${entries.join(', ')}}`;
    }
    case 'tuple':
      return `(${fieldTexts(type, bytes).join(', ')})`;
    case 'udt': {
      const texts = fieldTexts(type, bytes);
      return `{${type.fields.map((field, i) => `${identifier(field.name)}: ${texts[i] ?? 'null'}`).join(', ')}}`;
    }
    case 'vector': {
      if (bytes.length === 0) return 'null';
      const parts = vectorParts(type, bytes);
      return `[${(parts.ok ? parts.value : []).map((part) => literalText(type.element, part)).join(', ')}]`;
    }
    case 'custom':
      return `0x${toHex(bytes)}`;
    case 'text':
    case 'ascii':
    case 'inet':
    case 'timestamp':
    case 'date':
    case 'time': {
      const text = plainText(type, bytes);
      return text === undefined ? 'null' : quoted(text);
    }
    case 'bigint':
    case 'blob':
    case 'boolean':
    case 'counter':
    case 'decimal':
    case 'double':
    case 'duration':
    case 'float':
    case 'int':
    case 'smallint':
    case 'timeuuid':
    case 'tinyint':
    case 'uuid':
    case 'varint':
    default:
      return plainText(type, bytes) ?? 'null';
  }
}
function fieldTexts(type: TupleType | UserType, bytes: Uint8Array): string[] {
  const parts = fieldParts(type, bytes);
  return fieldTypes(type).map((of, i) => literalText(of, parts.ok ? parts.value[i] : undefined));
}
