/** The Java classes of types, which the protocol, system tables and `'…'` types name. Source: Cassandra 5.0, `TypeParser`. */
import { fail, fromHex, fromUtf8, ok, type Result, toHex, utf8 } from '@skerry/kernel';
import { frozenType, typeDepthMax } from './type-name.ts';
import type { NativeKind, UserField, ValueType } from './type.ts';

/** Where Cassandra's own types are. */
export const marshalPackage = 'org.apache.cassandra.db.marshal.';
const nativeClasses: Readonly<Record<NativeKind, string>> = {
  ascii: 'AsciiType',
  bigint: 'LongType',
  blob: 'BytesType',
  boolean: 'BooleanType',
  counter: 'CounterColumnType',
  date: 'SimpleDateType',
  decimal: 'DecimalType',
  double: 'DoubleType',
  duration: 'DurationType',
  float: 'FloatType',
  inet: 'InetAddressType',
  int: 'Int32Type',
  smallint: 'ShortType',
  text: 'UTF8Type',
  time: 'TimeType',
  timestamp: 'TimestampType',
  timeuuid: 'TimeUUIDType',
  tinyint: 'ByteType',
  uuid: 'UUIDType',
  varint: 'IntegerType',
};
const nativeOfClass = new Map<string, NativeKind>([
  ...Object.entries(nativeClasses).map(([kind, name]) => [name, kind as NativeKind] as const),
  // What timestamps were in Cassandra 1.
  ['DateType', 'timestamp'],
  // What accepted any UUID, of which a time was read.
  ['LegacyTimeUUIDType', 'timeuuid'],
]);

/** @param reversed of a DESC clustering column. */
export const marshalName = (type: ValueType, reversed = false): string =>
  reversed ? `${marshalPackage}ReversedType(${nameOf(type, false)})` : nameOf(type, false);

/** @param inFrozen what is around it says already that it is frozen. */
function nameOf(type: ValueType, inFrozen: boolean): string {
  const wrap = (text: string): string =>
    'frozen' in type && type.frozen && !inFrozen
      ? `${marshalPackage}FrozenType(${marshalPackage}${text})`
      : marshalPackage + text;
  const below = inFrozen || ('frozen' in type && type.frozen);
  switch (type.kind) {
    case 'list':
      return wrap(`ListType(${nameOf(type.element, below)})`);
    case 'set':
      return wrap(`SetType(${nameOf(type.element, below)})`);
    case 'map':
      return wrap(`MapType(${nameOf(type.key, below)},${nameOf(type.value, below)})`);
    case 'tuple':
      return `${marshalPackage}TupleType(${type.elements.map((element) => nameOf(element, true)).join(',')})`;
    case 'udt': {
      const fields = type.fields.map((field) => `${toHex(utf8(field.name))}:${nameOf(field.type, below)}`);
      return wrap(`UserType(${[type.keyspace, toHex(utf8(type.name)), ...fields].join(',')})`);
    }
    case 'vector':
      return `${marshalPackage}VectorType(${nameOf(type.element, true)} , ${type.dimension})`;
    case 'custom':
      return type.className;
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
      return marshalPackage + nativeClasses[type.kind];
  }
}

export type Marshalled = { readonly type: ValueType; readonly reversed: boolean };

/** Reads what {@link marshalName} writes; the package may be left out; other classes are custom types. */
export function parseMarshalName(text: string): Result<Marshalled, string> {
  const reader = new Reader(text);
  const parsed = reader.type(typeDepthMax, false);
  if (!parsed.ok) return parsed;
  reader.blank();
  return reader.at < text.length ? reader.fault(`unexpected character '${text.charAt(reader.at)}'`) : parsed;
}

class Reader {
  readonly #text: string;
  at = 0;
  constructor(text: string) {
    this.#text = text;
  }
  fault(what: string): { readonly ok: false; readonly error: string } {
    return fail(`Syntax error parsing '${this.#text}' at char ${this.at}: ${what}`);
  }
  blank(): void {
    while (/[ \t\n]/.test(this.#text.charAt(this.at))) this.at++;
  }
  #word(): string {
    this.blank();
    const [word] = /^[\w.+&-]*/.exec(this.#text.slice(this.at)) ?? [''];
    this.at += word.length;
    return word;
  }
  /** Whether the character stands next: then it is behind us. */
  #takes(character: string): boolean {
    this.blank();
    if (this.#text.charAt(this.at) !== character) return false;
    this.at++;
    return true;
  }
  type(depth: number, inFrozen: boolean): Result<Marshalled, string> {
    if (depth === 0) return this.fault('types are nested too deep');
    const name = this.#word();
    if (name === '') return this.at < this.#text.length ? this.fault('expecting a type') : ok(plainType('blob'));
    const short = name.startsWith(marshalPackage) ? name.slice(marshalPackage.length) : name;
    const native = nativeOfClass.get(short);
    if (native !== undefined) return ok(plainType(native));
    if (!this.#takes('(')) {
      const className = short.includes('.') ? short : marshalPackage + short;
      return ok({ type: { kind: 'custom', className }, reversed: false });
    }
    switch (short) {
      case 'UserType':
        return this.#user(depth, inFrozen);
      case 'VectorType':
        return this.#vector(depth);
      case 'CompositeType':
        return this.#composite(short, depth, () => '');
      case 'DynamicCompositeType':
        return this.#composite(short, depth, () => this.#alias());
      default:
        return this.#generic(name, short, depth, inFrozen);
    }
  }
  #generic(name: string, short: string, depth: number, inFrozen: boolean): Result<Marshalled, string> {
    const from = this.at;
    const below = inFrozen || short === 'FrozenType' || short === 'TupleType';
    const types: ValueType[] = [];
    while (!this.#takes(')')) {
      if (this.at >= this.#text.length) return this.fault('unexpected end of string');
      if (types.length > 0 && !this.#takes(',')) return this.fault("expecting ',' or ')'");
      const parsed = this.type(depth - 1, below);
      if (!parsed.ok) return parsed;
      types.push(parsed.value.type);
    }
    const [first, second] = types;
    const made = (type: ValueType): Result<Marshalled, string> => ok({ type, reversed: false });
    if (short === 'TupleType' && first !== undefined) return made({ kind: 'tuple', elements: types.map(frozenType) });
    if (first === undefined) return this.fault(`${short} takes a type`);
    if (short === 'MapType' && second !== undefined)
      return made({ kind: 'map', key: first, value: second, frozen: inFrozen });
    if (short === 'ListType') return made({ kind: 'list', element: first, frozen: inFrozen });
    if (short === 'SetType') return made({ kind: 'set', element: first, frozen: inFrozen });
    if (short === 'FrozenType') return made(frozenType(first));
    if (short === 'ReversedType') return ok({ type: first, reversed: true });
    return made({ kind: 'custom', className: `${name}(${this.#text.slice(from, this.at)}` });
  }
  /** Values in one, of types that have no names in CQL: its class with the whole names of theirs. @param lead before each. */
  #composite(short: string, depth: number, lead: () => string | undefined): Result<Marshalled, string> {
    const parts: string[] = [];
    while (!this.#takes(')')) {
      if (parts.length > 0 && !this.#takes(',')) return this.fault("expecting ',' or ')'");
      const alias = lead();
      if (alias === undefined) return this.fault('expecting an alias of one letter');
      const parsed = this.type(depth - 1, false);
      if (!parsed.ok) return parsed;
      parts.push(alias + marshalName(parsed.value.type, parsed.value.reversed));
    }
    return ok({
      type: { kind: 'custom', className: `${marshalPackage}${short}(${parts.join(',')})` },
      reversed: false,
    });
  }
  /** `a=>`: what stands for a type in the values of a dynamic composite. */
  #alias(): string | undefined {
    const word = this.#word();
    return word.length === 1 && this.#takes('=') && this.#takes('>') ? `${word}=>` : undefined;
  }
  #vector(depth: number): Result<Marshalled, string> {
    const parsed = this.type(depth - 1, true);
    if (!parsed.ok) return parsed;
    if (!this.#takes(',')) return this.fault("expecting ','");
    const dimension = Number(this.#word());
    if (!Number.isInteger(dimension) || dimension < 1) return this.fault('expecting a dimension');
    if (!this.#takes(')')) return this.fault("expecting ')'");
    return ok({ type: { kind: 'vector', element: parsed.value.type, dimension }, reversed: false });
  }
  #name(): string | undefined {
    const bytes = fromHex(this.#word());
    return bytes && fromUtf8(bytes);
  }
  #user(depth: number, inFrozen: boolean): Result<Marshalled, string> {
    const keyspace = this.#word();
    const name = this.#takes(',') ? this.#name() : undefined;
    if (name === undefined) return this.fault('expecting the name of a type in hexadecimal');
    const fields: UserField[] = [];
    while (!this.#takes(')')) {
      const field = this.#takes(',') ? this.#name() : undefined;
      if (field === undefined || !this.#takes(':')) return this.fault("expecting ':' token");
      const parsed = this.type(depth - 1, inFrozen);
      if (!parsed.ok) return parsed;
      fields.push({ name: field, type: parsed.value.type });
    }
    return ok({ type: { kind: 'udt', keyspace, name, fields, frozen: inFrozen }, reversed: false });
  }
}
const plainType = (kind: NativeKind): Marshalled => ({ type: { kind }, reversed: false });
