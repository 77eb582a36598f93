/** Values as cqlsh shows them, and as COPY writes them. Source: cqlshlib/formatting.py of Cassandra 5.0. */
import { types } from './driver.ts';

/** What the driver tells of a column's type. */
export type ColumnType = { readonly code: number; readonly info?: unknown };
type UdtInfo = { readonly fields: readonly { readonly name: string; readonly type: ColumnType }[] };

const { dataTypes } = types;
/** Digits of numbers, as cqlsh shows them by default. */
const floatDigits = 5;
const doubleDigits = 12;
/** Literals that stand in quotes in CQL. */
const quotedTypes: ReadonlySet<number> = new Set([
  dataTypes.ascii,
  dataTypes.text,
  dataTypes.varchar,
  dataTypes.timestamp,
  dataTypes.date,
  dataTypes.time,
  dataTypes.inet,
]);
export const isQuoted = ({ code }: ColumnType): boolean => quotedTypes.has(code);
export const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const escapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\0': '\\x00' };
// Control characters would draw over the table.
// oxlint-disable-next-line no-control-regex
const control = /[\0-\x1f\x7f]/g;
const shownText = (text: string): string =>
  text.replace(control, (each) => escapes[each] ?? `\\x${each.charCodeAt(0).toString(16).padStart(2, '0')}`);

/** @param exact for COPY: all digits, texts as they are. */
export function valueText(value: unknown, type: ColumnType, exact = false): string {
  return value === null || value === undefined ? 'null' : textOf(value, type, exact, false);
}

function textOf(value: unknown, type: ColumnType, exact: boolean, nested: boolean): string {
  const inner = (each: unknown, of: ColumnType): string =>
    each === null || each === undefined ? 'null' : textOf(each, of, exact, true);
  switch (type.code) {
    case dataTypes.ascii:
    case dataTypes.text:
    case dataTypes.varchar: {
      const text = exact ? String(value) : shownText(String(value));
      return nested ? quote(text) : text;
    }
    case dataTypes.boolean:
      return value === true ? 'True' : 'False';
    case dataTypes.float:
      return floatText(value as number, exact);
    case dataTypes.double:
      return numberText(value as number, exact ? 17 : doubleDigits);
    case dataTypes.blob:
      return `0x${(value as Buffer).toString('hex')}`;
    case dataTypes.timestamp: {
      const text = `${(value as Date).toISOString().replace('T', ' ').replace('Z', '')}000+0000`;
      return nested ? quote(text) : text;
    }
    case dataTypes.date:
    case dataTypes.time:
    case dataTypes.inet:
      return nested ? quote(String(value)) : String(value);
    case dataTypes.list:
      return `[${(value as unknown[]).map((each) => inner(each, type.info as ColumnType)).join(', ')}]`;
    case dataTypes.set:
      return `{${[...(value as Iterable<unknown>)].map((each) => inner(each, type.info as ColumnType)).join(', ')}}`;
    case dataTypes.map:
      return mapText(value, type.info as readonly [ColumnType, ColumnType], inner);
    case dataTypes.tuple: {
      const of = type.info as readonly ColumnType[];
      const { elements } = value as types.Tuple & { readonly elements: readonly unknown[] };
      return `(${of.map((each, i) => inner(elements[i], each)).join(', ')})`;
    }
    case dataTypes.udt: {
      const fields = value as Readonly<Record<string, unknown>>;
      return `{${(type.info as UdtInfo).fields.map(({ name, type: of }) => `${name}: ${inner(fields[name], of)}`).join(', ')}}`;
    }
    default:
      // The driver tells no type of a vector's elements that is of use here; they are numbers nearly always.
      return value instanceof types.Vector
        ? `[${Array.from(value as Iterable<unknown>, (each) => (typeof each === 'number' ? floatText(each, exact) : String(each))).join(', ')}]`
        : String(value);
  }
}
function mapText(
  value: unknown,
  [keyType, valueType]: readonly [ColumnType, ColumnType],
  inner: (each: unknown, of: ColumnType) => string,
): string {
  // The driver gives an object unless it is told otherwise.
  const entries = value instanceof Map ? [...value] : Object.entries(value as object);
  return `{${entries.map(([key, each]) => `${inner(key, keyType)}: ${inner(each, valueType)}`).join(', ')}}`;
}
/** @param exact the fewest digits that give the same number of 32 bits. */
function floatText(value: number, exact: boolean): string {
  if (!exact || !Number.isFinite(value)) return numberText(value, floatDigits);
  for (let digits = 6; digits < 9; digits++)
    if (Math.fround(Number(value.toPrecision(digits))) === Math.fround(value)) return numberText(value, digits);
  return numberText(value, 9);
}
function numberText(value: number, digits: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  return String(Number(value.toPrecision(digits)));
}
