/**
 * Types as names of Cassandra's Java classes: how an [option] tells what its protocol version has no number for.
 *
 * Source: Cassandra's `db/marshal/TypeParser.java` and the `toString` of its types.
 */
import { fromHex, fromUtf8, toHex, utf8 } from '@skerry/kernel';
import { isWireNative, typeDepthMax, type WireNativeKind, type WireType } from './wire-type.ts';

const marshal = 'org.apache.cassandra.db.marshal.';
const nativeClasses: Readonly<Record<WireNativeKind, string>> = {
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
const kindOfClass = new Map<string, WireNativeKind>();
for (const [kind, name] of Object.entries(nativeClasses)) kindOfClass.set(name, kind as WireNativeKind);
// Its name before 2.0.
kindOfClass.set('DateType', 'timestamp');

/** @param frozenOutside whether what holds this one is frozen, which says it for all within. */
export function classNameOf(type: WireType, frozenOutside = false): string {
  const frozen = (name: string, isFrozen: boolean): string =>
    isFrozen && !frozenOutside ? `${marshal}FrozenType(${name})` : name;
  if (isWireNative(type)) return marshal + nativeClasses[type.kind];
  switch (type.kind) {
    case 'list':
    case 'set': {
      const within = frozenOutside || type.frozen;
      const name = type.kind === 'list' ? 'ListType' : 'SetType';
      return frozen(`${marshal}${name}(${classNameOf(type.element, within)})`, type.frozen);
    }
    case 'map': {
      const within = frozenOutside || type.frozen;
      const pair = `${classNameOf(type.key, within)},${classNameOf(type.value, within)}`;
      return frozen(`${marshal}MapType(${pair})`, type.frozen);
    }
    case 'tuple':
      return `${marshal}TupleType(${type.elements.map((element) => classNameOf(element, true)).join(',')})`;
    case 'udt': {
      const within = frozenOutside || type.frozen;
      const fields = type.fields.map((field) => `,${toHex(utf8(field.name))}:${classNameOf(field.type, within)}`);
      return frozen(`${marshal}UserType(${type.keyspace},${toHex(utf8(type.name))}${fields.join('')})`, type.frozen);
    }
    case 'vector':
      return `${marshal}VectorType(${classNameOf(type.element, true)} , ${type.dimension})`;
    case 'custom':
      return type.className;
  }
}

/** One part of a class name's text. */
class ClassNameParser {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }
  get atEnd(): boolean {
    this.#blank();
    return this.#at === this.#text.length;
  }
  #blank(): void {
    while (this.#text[this.#at] === ' ') this.#at += 1;
  }
  #take(mark: string): boolean {
    this.#blank();
    if (this.#text[this.#at] !== mark) return false;
    this.#at += 1;
    return true;
  }
  #word(): string {
    this.#blank();
    const start = this.#at;
    while (/[\w.+&-]/.test(this.#text[this.#at] ?? '')) this.#at += 1;
    return this.#text.slice(start, this.#at);
  }
  #hexName(): string | undefined {
    const bytes = fromHex(this.#word());
    return bytes === undefined ? undefined : fromUtf8(bytes);
  }

  /** Undefined: this is none of the types that we know. */
  type(frozen: boolean): WireType | undefined {
    this.#depth += 1;
    const type = this.#depth > typeDepthMax ? undefined : this.#named(this.#word(), frozen);
    this.#depth -= 1;
    return type;
  }

  #named(word: string, frozen: boolean): WireType | undefined {
    const name = word.startsWith(marshal) ? word.slice(marshal.length) : word;
    const kind = kindOfClass.get(name);
    if (kind !== undefined) return { kind };
    if (!this.#take('(')) return undefined;
    const type = this.#parameters(name, frozen);
    return type !== undefined && this.#take(')') ? type : undefined;
  }

  #parameters(name: string, frozen: boolean): WireType | undefined {
    switch (name) {
      case 'FrozenType':
        return this.type(true);
      case 'ReversedType':
        return this.type(frozen);
      case 'ListType':
      case 'SetType': {
        const element = this.type(false);
        return element && { kind: name === 'ListType' ? 'list' : 'set', element, frozen };
      }
      case 'MapType': {
        const key = this.type(false);
        const value = key !== undefined && this.#take(',') ? this.type(false) : undefined;
        return key && value && { kind: 'map', key, value, frozen };
      }
      case 'TupleType':
        return this.#tuple();
      case 'UserType':
        return this.#user(frozen);
      case 'VectorType': {
        const element = this.type(false);
        const dimension = element !== undefined && this.#take(',') ? this.#word() : '';
        return element && /^\d{1,9}$/.test(dimension)
          ? { kind: 'vector', element, dimension: Number(dimension) }
          : undefined;
      }
      default:
        return undefined;
    }
  }

  #tuple(): WireType | undefined {
    const elements: WireType[] = [];
    do {
      const element = this.type(false);
      if (element === undefined) return undefined;
      elements.push(element);
    } while (this.#take(','));
    return { kind: 'tuple', elements };
  }

  #user(frozen: boolean): WireType | undefined {
    const keyspace = this.#word();
    const name = this.#take(',') ? this.#hexName() : undefined;
    if (name === undefined) return undefined;
    const fields: { name: string; type: WireType }[] = [];
    while (this.#take(',')) {
      const field = this.#hexName();
      const type = field !== undefined && this.#take(':') ? this.type(false) : undefined;
      if (field === undefined || type === undefined) return undefined;
      fields.push({ name: field, type });
    }
    return { kind: 'udt', keyspace, name, fields, frozen };
  }
}

/** The type that a class name means: `custom` when it is none that we know. A bare name is of Cassandra's own package. */
export function typeOfClassName(className: string): WireType {
  const parser = new ClassNameParser(className);
  const type = parser.type(false);
  return type !== undefined && parser.atEnd ? type : { kind: 'custom', className };
}
