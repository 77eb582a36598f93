/** Functions that hide values, and those of JSON. Source: Cassandra 5.0, `functions.masking`, `ToJsonFct`, `FromJsonFct`. */
import { fromUtf8, ok, unreachable, utf8 } from '@skerry/kernel';
import { timeuuidMin } from '../addresses.ts';
import { decimalBytes, decimalZero } from '../decimal.ts';
import { fromJsonText } from '../from-json.ts';
import { int32At, int32Bytes, varintBytes } from '../integers.ts';
import { jsonText } from '../json-text.ts';
import { collectionBytes, fieldBytes, fieldTypes, vectorBytes } from '../parts.ts';
import { dateEpoch } from '../times.ts';
import type { ValueType } from '../type.ts';
import { execution, invalid, type ScalarFunction } from './function.ts';

const text: ValueType = { kind: 'text' };
const int: ValueType = { kind: 'int' };
const blob: ValueType = { kind: 'blob' };

/** What `mask_default` shows in place of any value of the type. */
export function maskedValue(type: ValueType): Uint8Array {
  switch (type.kind) {
    case 'text':
    case 'ascii':
      return utf8('****');
    case 'blob':
    case 'custom':
      return new Uint8Array(0);
    case 'boolean':
    case 'tinyint':
      return new Uint8Array(1);
    case 'smallint':
      return new Uint8Array(2);
    case 'int':
    case 'float':
    case 'inet':
      return new Uint8Array(4);
    case 'bigint':
    case 'counter':
    case 'double':
    case 'timestamp':
    case 'time':
      return new Uint8Array(8);
    case 'date':
      return int32Bytes(dateEpoch);
    case 'decimal':
      return decimalBytes(decimalZero);
    case 'varint':
      return varintBytes(0n);
    case 'duration':
      return new Uint8Array(3);
    case 'uuid':
      return new Uint8Array(16);
    case 'timeuuid':
      return timeuuidMin(0n);
    case 'list':
    case 'set':
    case 'map':
      return collectionBytes(type.kind, []);
    case 'tuple':
    case 'udt':
      return fieldBytes(fieldTypes(type).map(maskedValue));
    case 'vector':
      return vectorBytes(
        type,
        Array.from({ length: type.dimension }, () => maskedValue(type.element)),
      );
    default:
      return unreachable(type);
  }
}

/** Characters, as Java's, that are hidden. */
function hidden(value: string, from: number, to: number, inner: boolean, padding: string): string {
  const last = value.length - 1 - to;
  let shown = '';
  for (let i = 0; i < value.length; i++) shown += (i >= from && i <= last) === inner ? padding : value.charAt(i);
  return shown;
}
function partial(name: string, type: ValueType, padded: boolean): ScalarFunction {
  return {
    name,
    argTypes: padded ? [type, int, int, text] : [type, int, int],
    returns: type,
    pure: true,
    apply([value, begin, end, padding]) {
      if (value === undefined) return ok(undefined);
      const mark = padding === undefined ? '*' : (fromUtf8(padding) ?? '');
      if (mark.length !== 1)
        return invalid(
          `The padding argument for function system.${name} should be single-character, but '${mark}' has ${mark.length} characters.`,
        );
      const count = (bytes: Uint8Array | undefined): number => (bytes?.length === 4 ? int32At(bytes, 0) : 0);
      return ok(utf8(hidden(fromUtf8(value) ?? '', count(begin), count(end), name === 'mask_inner', mark)));
    },
  };
}
function hashing(type: ValueType, named: boolean): ScalarFunction {
  return {
    name: 'mask_hash',
    argTypes: named ? [type, text] : [type],
    returns: blob,
    pure: true,
    apply([value, algorithm], world) {
      if (value === undefined) return ok(undefined);
      const name = algorithm === undefined ? 'SHA-256' : (fromUtf8(algorithm) ?? '');
      const hash = world.hash(name, value);
      return hash === undefined ? invalid(`Hash algorithm not found: ${name}`) : ok(hash);
    },
  };
}

export const maskNames: readonly string[] = [
  'mask_null',
  'mask_default',
  'mask_replace',
  'mask_inner',
  'mask_outer',
  'mask_hash',
];
/** @param type of the first argument. @param count of the arguments. Undefined: not for them. */
export function maskFunction(name: string, type: ValueType, count: number): ScalarFunction | undefined {
  const constant = (value: Uint8Array | undefined): ScalarFunction => ({
    name,
    argTypes: [type],
    returns: type,
    pure: true,
    apply: () => ok(value),
  });
  switch (name) {
    case 'mask_null':
      return count === 1 ? constant(undefined) : undefined;
    case 'mask_default':
      return count === 1 ? constant(maskedValue(type)) : undefined;
    case 'mask_replace':
      if (count !== 2) return undefined;
      return { name, argTypes: [type, type], returns: type, pure: true, apply: ([, value]) => ok(value) };
    case 'mask_inner':
    case 'mask_outer': {
      const isText = type.kind === 'text' || type.kind === 'ascii';
      return isText && (count === 3 || count === 4) ? partial(name, type, count === 4) : undefined;
    }
    case 'mask_hash':
      return count === 1 || count === 2 ? hashing(type, count === 2) : undefined;
    default:
      return undefined;
  }
}

/** @param name `to_json`, or `tojson` as it was before 5.0. */
export const toJsonFunction = (name: string, type: ValueType): ScalarFunction => ({
  name,
  argTypes: [type],
  returns: text,
  pure: true,
  apply: ([value]) => ok(utf8(jsonText(type, value))),
});
/** @param type what is wanted where the call stands. */
export const fromJsonFunction = (name: string, type: ValueType): ScalarFunction => ({
  name,
  argTypes: [text],
  returns: type,
  pure: true,
  apply([json]) {
    if (json === undefined) return ok(undefined);
    const made = fromJsonText(type, fromUtf8(json) ?? '');
    return made.ok ? made : execution(made.error);
  },
});
