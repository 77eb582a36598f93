/** Values from JSON: INSERT JSON and from_json. Source: Cassandra 5.0, `AbstractType.fromJSONObject`. */
import { fail, fromHex, ok, type Result } from '@skerry/kernel';
import { mapBytes, setBytes, listBytes, vectorValue } from './compose.ts';
import { fromConstant } from './constant.ts';
import { int64Bytes } from './integers.ts';
import { foldedKeys, isJsonList, isJsonMap, javaClass, javaString, type Json, parseJson } from './json-parse.ts';
import { fieldBytes, type Part } from './parts.ts';
import type { MapType, NativeKind, NativeType, TupleType, UserType, ValueType } from './type.ts';

/** The error is Cassandra's text; undefined is null. */
export type FromJson = Result<Part, string>;

/** What a whole text of JSON says. */
export function fromJsonText(type: ValueType, text: string): FromJson {
  const parsed = parseJson(text);
  if (!parsed.ok) return fail(`Could not decode JSON string '${text}': ${parsed.error}`);
  return fromJson(type, parsed.value);
}

export function fromJson(type: ValueType, json: Json): FromJson {
  if (json === null) return ok(undefined);
  switch (type.kind) {
    case 'list':
    case 'set':
      return fromElements(type.kind, type.element, json);
    case 'map':
      return fromEntries(type, json);
    case 'tuple':
      return fromTuple(type, json);
    case 'udt':
      return fromFields(type, json);
    case 'vector': {
      const list = unwrapped(json);
      if (!isJsonList(list)) return expected('a list', json);
      if (list.length !== type.dimension)
        return fail(
          `List had incorrect size: expected ${type.dimension} but given ${list.length}; ${javaString(list)}`,
        );
      const parts = every(list, (each) => element(type.element, each, 'list'));
      return parts.ok ? vectorValue(type, parts.value) : parts;
    }
    case 'custom':
      return fromBlob(json);
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
      return fromNative(type, json);
  }
}

const expected = (what: string, json: Json): { readonly ok: false; readonly error: string } =>
  fail(`Expected ${what}, but got a ${javaClass(json)}: ${javaString(json)}`);

/** What the message says that a type wants. */
const wanted: Readonly<Record<Exclude<NativeKind, 'blob' | 'decimal' | 'varint'>, string>> = {
  ascii: 'an ascii string',
  bigint: 'a bigint value',
  boolean: 'a boolean value',
  counter: 'a bigint value',
  date: 'a string representation of a date value',
  double: 'a double value',
  duration: 'a string representation of a duration',
  float: 'a float value',
  inet: 'a string representation of an inet value',
  int: 'an int value',
  smallint: 'a short value',
  text: 'a UTF-8 string',
  time: 'a string representation of a time value',
  timestamp: 'a long or a datestring representation of a date value',
  timeuuid: 'a string representation of a timeuuid',
  tinyint: 'a byte value',
  uuid: 'a string representation of a uuid',
};

function fromNative(type: NativeType, json: Json): FromJson {
  const { kind } = type;
  const number = typeof json === 'object' && json !== null && 'number' in json ? json.number : undefined;
  const whole = number !== undefined && /^-?\d+$/.test(number);
  switch (kind) {
    case 'blob':
      return fromBlob(json);
    case 'decimal':
    case 'varint': {
      const text = number ?? (typeof json === 'string' ? json : undefined);
      const made = text === undefined || text === '' ? undefined : fromConstant(kind, text);
      return made?.ok === true
        ? made
        : fail(`Value '${javaString(json)}' is not a valid representation of a ${kind} value`);
    }
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'bigint':
    case 'counter': {
      if (typeof json === 'string') return fromConstant(kind, json);
      if (number === undefined) return expected(wanted[kind], json);
      const made = whole ? fromConstant(kind, number) : undefined;
      if (made?.ok === true) return made;
      return kind === 'tinyint' || kind === 'smallint' ? fromConstant(kind, number) : expected(wanted[kind], json);
    }
    case 'float':
    case 'double':
      if (typeof json !== 'string' && number === undefined) return expected(wanted[kind], json);
      return fromConstant(kind, number ?? javaString(json));
    case 'boolean':
      if (typeof json !== 'string' && typeof json !== 'boolean') return expected(wanted[kind], json);
      return fromConstant(kind, String(json));
    case 'timestamp':
      if (number !== undefined && whole && BigInt.asIntN(64, BigInt(number)) === BigInt(number))
        return ok(int64Bytes(BigInt(number)));
      return typeof json === 'string' ? fromConstant(kind, json) : expected(wanted[kind], json);
    case 'ascii':
    case 'date':
    case 'duration':
    case 'inet':
    case 'text':
    case 'time':
    case 'timeuuid':
    case 'uuid':
    default:
      return typeof json === 'string' ? fromConstant(kind, json) : expected(wanted[kind], json);
  }
}

function fromBlob(json: Json): FromJson {
  const refused = (why: string): FromJson =>
    fail(`Value '${javaString(json)}' is not a valid blob representation: ${why}`);
  if (typeof json !== 'string') return refused(`${javaClass(json)} cannot be cast to String`);
  if (!json.startsWith('0x')) return refused(`String representation of blob is missing 0x prefix: ${json}`);
  const bytes = fromHex(json.slice(2));
  return bytes === undefined ? refused(`cannot parse '${json.slice(2)}' as hex bytes`) : ok(bytes);
}

/** A list or map may stand inside a string: as keys of maps do. */
function unwrapped(json: Json): Json {
  if (typeof json !== 'string') return json;
  const parsed = parseJson(json);
  return parsed.ok ? parsed.value : json;
}
function every<T>(items: Iterable<T>, make: (item: T) => Result<Uint8Array, string>): Result<Uint8Array[], string> {
  const parts: Uint8Array[] = [];
  for (const item of items) {
    const made = make(item);
    if (!made.ok) return made;
    parts.push(made.value);
  }
  return ok(parts);
}
function element(type: ValueType, json: Json, where: string, what = 'element'): Result<Uint8Array, string> {
  const made = fromJson(type, json);
  if (!made.ok) return made;
  return made.value === undefined ? fail(`Invalid null ${what} in ${where}`) : ok(made.value);
}

function fromElements(kind: 'list' | 'set', type: ValueType, json: Json): FromJson {
  const list = unwrapped(json);
  if (!isJsonList(list)) return expected(kind === 'list' ? 'a list' : 'a list (representing a set)', json);
  const parts = every(list, (each) => element(type, each, kind));
  if (!parts.ok) return parts;
  return ok(kind === 'list' ? listBytes(parts.value) : setBytes(type, parts.value));
}
function fromEntries(type: MapType, json: Json): FromJson {
  const map = unwrapped(json);
  if (!isJsonMap(map)) return expected('a map', json);
  const entries: (readonly [Uint8Array, Uint8Array])[] = [];
  for (const [name, each] of map) {
    const key = element(type.key, name, 'map', 'key');
    if (!key.ok) return key;
    const value = element(type.value, each, 'map', 'value');
    if (!value.ok) return value;
    entries.push([key.value, value.value]);
  }
  return ok(mapBytes(type.key, entries));
}
function fromTuple(type: TupleType, json: Json): FromJson {
  const list = unwrapped(json);
  if (!isJsonList(list)) return expected('a list representation of a tuple', json);
  const count = type.elements.length;
  if (list.length > count) return fail(`Tuple contains extra items (expected ${count}): ${javaString(list)}`);
  if (list.length < count) return fail(`Tuple is missing items (expected ${count}): ${javaString(list)}`);
  const parts: Part[] = [];
  for (const [i, of] of type.elements.entries()) {
    const made = fromJson(of, list[i] ?? null);
    if (!made.ok) return made;
    parts.push(made.value);
  }
  return ok(fieldBytes(parts));
}
function fromFields(type: UserType, json: Json): FromJson {
  const given = unwrapped(json);
  if (!isJsonMap(given)) return expected('a map', json);
  const map = foldedKeys(given);
  const parts: Part[] = [];
  for (const field of type.fields) {
    const made = fromJson(field.type, map.get(field.name) ?? null);
    if (!made.ok) return made;
    parts.push(made.value);
  }
  for (const name of map.keys())
    if (!type.fields.some((field) => field.name === name))
      return fail(`Unknown field '${name}' in value of user defined type ${type.name}`);
  return ok(fieldBytes(parts));
}
