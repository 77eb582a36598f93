/** Values as JSON: SELECT JSON and to_json. Source: Cassandra 5.0, `AbstractType.toJSONString`. */
import { inetText, uuidText } from './addresses.ts';
import { fromUtf8, toHex } from '@skerry/kernel';
import { doubleAt, floatAt, int64At } from './integers.ts';
import { collectionParts, fieldParts, fieldTypes, type Part, vectorParts } from './parts.ts';
import { plainText } from './text.ts';
import { timestampText } from './times.ts';
import type { MapType, TupleType, UserType, ValueType } from './type.ts';

/** What stands between the quotes of a string. */
export const jsonEscaped = (text: string): string => JSON.stringify(text).slice(1, -1);
/** A name as the key of a JSON map: quoted inside its quotes when it has capitals. */
export const jsonKey = (name: string): string =>
  name === name.toLowerCase() ? `"${jsonEscaped(name)}"` : `"\\"${jsonEscaped(name)}\\""`;

/** Of a valid value; undefined is null. Numbers that JSON cannot write are null; an empty value is "". */
export function jsonText(type: ValueType, bytes: Part): string {
  if (bytes === undefined) return 'null';
  switch (type.kind) {
    case 'list':
    case 'set': {
      const parts = collectionParts(type.kind, bytes);
      return `[${(parts.ok ? parts.value : []).map((part) => jsonText(type.element, part)).join(', ')}]`;
    }
    case 'map':
      return mapText(type, bytes);
    case 'tuple':
      return `[${fieldTexts(type, bytes).join(', ')}]`;
    case 'udt': {
      const texts = fieldTexts(type, bytes);
      return `{${type.fields.map((field, i) => `${jsonKey(field.name)}: ${texts[i] ?? 'null'}`).join(', ')}}`;
    }
    case 'vector': {
      if (bytes.length === 0) return 'null';
      const parts = vectorParts(type, bytes);
      return `[${(parts.ok ? parts.value : []).map((part) => jsonText(type.element, part)).join(', ')}]`;
    }
    case 'blob':
    case 'custom':
      return `"0x${toHex(bytes)}"`;
    case 'text':
    case 'ascii':
      return `"${jsonEscaped(fromUtf8(bytes) ?? '')}"`;
    case 'bigint':
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
    case 'time':
    case 'timestamp':
    case 'timeuuid':
    case 'tinyint':
    case 'uuid':
    case 'varint':
    default:
      break;
  }
  if (bytes.length === 0) return '""';
  switch (type.kind) {
    case 'float':
      return Number.isFinite(floatAt(bytes, 0)) ? (plainText(type, bytes) ?? '') : 'null';
    case 'double':
      return Number.isFinite(doubleAt(bytes, 0)) ? (plainText(type, bytes) ?? '') : 'null';
    case 'inet':
      return `"${inetText(bytes)}"`;
    case 'uuid':
    case 'timeuuid':
      return `"${uuidText(bytes)}"`;
    case 'timestamp':
      return `"${timestampText(int64At(bytes, 0))}"`;
    case 'date':
    case 'time':
    case 'duration':
      return `"${plainText(type, bytes) ?? ''}"`;
    case 'bigint':
    case 'boolean':
    case 'counter':
    case 'decimal':
    case 'int':
    case 'smallint':
    case 'tinyint':
    case 'varint':
    default:
      return plainText(type, bytes) ?? '""';
  }
}

/** Every key is a string: that of another type is its JSON in quotes. */
function mapText(type: MapType, bytes: Uint8Array): string {
  const parts = collectionParts('map', bytes);
  const entries: string[] = [];
  for (let i = 0; parts.ok && i + 1 < parts.value.length; i += 2) {
    const key = jsonText(type.key, parts.value[i]);
    entries.push(`${key.startsWith('"') ? key : `"${jsonEscaped(key)}"`}: ${jsonText(type.value, parts.value[i + 1])}`);
  }
  return `{${entries.join(', ')}}`;
}
function fieldTexts(type: TupleType | UserType, bytes: Uint8Array): string[] {
  const parts = fieldParts(type, bytes);
  return fieldTypes(type).map((of, i) => jsonText(of, parts.ok ? parts.value[i] : undefined));
}
