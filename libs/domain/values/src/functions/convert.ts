/** Blobs of values and values of blobs, and CAST. Source: Cassandra 5.0, `BytesConversionFcts`, `CastFcts`. */
import { ok, toHex, utf8 } from '@skerry/kernel';
import { parseDecimal } from '../decimal.ts';
import { floatText } from '../floating.ts';
import { floatAt } from '../integers.ts';
import { plainText } from '../text.ts';
import { typeName } from '../type-name.ts';
import { type NativeKind, nativeKinds, type NativeType, type ValueType } from '../type.ts';
import { validate } from '../validate.ts';
import { execution, invalid, type ScalarFunction, strict } from './function.ts';
import { isNumber, numberBytes, numberOf, type Numeric } from './number.ts';
import { timeFunctions } from './time.ts';

const blob: ValueType = { kind: 'blob' };
const blobKinds: readonly (readonly [string, NativeKind])[] = [
  ...nativeKinds.filter((kind) => kind !== 'blob').map((kind) => [kind, kind] as const),
  ['varchar', 'text'],
];

export const blobFunctions: readonly ScalarFunction[] = blobKinds.flatMap(([spelled, kind]) => [
  ...[`${spelled}_as_blob`, `${spelled}asblob`].map((name): ScalarFunction => ({
    name,
    argTypes: [{ kind }],
    returns: blob,
    pure: true,
    apply: ([bytes]) => ok(bytes),
  })),
  ...[`blob_as_${spelled}`, `blobas${spelled}`].map((name): ScalarFunction => ({
    name,
    argTypes: [blob],
    returns: { kind },
    pure: true,
    apply: ([bytes]) =>
      bytes === undefined || validate({ kind }, bytes) === undefined
        ? ok(bytes)
        : invalid(
            `In call to function system.${name}, value 0x${toHex(bytes)} is not a valid binary representation for type ${kind}`,
          ),
  })),
]);

const textSources: readonly NativeKind[] = ['inet', 'boolean', 'timeuuid', 'timestamp', 'date', 'time', 'uuid'];
/** Why nothing is cast so. @param text of the argument, as it is written. */
export function castMismatch(text: string, to: ValueType): string {
  const known = nativeKinds.flatMap((kind) => castFunction({ kind }, to) ?? []);
  if (known.length === 0) return `${text} cannot be cast to ${typeName(to)}`;
  return `Invalid call to function ${castName(to)}, none of its type signatures match (known type signatures: ${castsText(to, known)})`;
}
/** That several casts would do. */
export const castAmbiguity = (to: ValueType, fitting: readonly ScalarFunction[]): string =>
  `Ambiguous call to function ${castName(to)} (can be matched by following signatures: ${castsText(to, fitting)}): use type casts to disambiguate`;
const castName = (to: ValueType): string => `system.cast_as_${to.kind}`;
const castsText = (to: ValueType, casts: readonly ScalarFunction[]): string =>
  casts
    .map(({ argTypes, returns }) => `${castName(to)} : (${argTypes.map(typeName).join(', ')}) -> ${typeName(returns)}`)
    .join(', ');
/** Casts of what is not itself of a type that can be cast, but may stand where one is wanted. */
export function castsFitting(to: ValueType, fits: (from: ValueType) => boolean): readonly ScalarFunction[] {
  return nativeKinds.flatMap((kind) => (fits({ kind }) ? (castFunction({ kind }, to) ?? []) : []));
}
function floatDecimal(bytes: Uint8Array): Numeric {
  const value = floatAt(bytes, 0);
  const decimal = Number.isFinite(value) ? parseDecimal(floatText(value)) : undefined;
  return decimal === undefined ? { is: 'floating', value } : { is: 'decimal', value: decimal };
}

/** CAST(… AS …). Undefined: there is none. */
export function castFunction(from: ValueType, to: ValueType): ScalarFunction | undefined {
  const name = `castAs${to.kind.charAt(0).toUpperCase()}${to.kind.slice(1)}`;
  if (isNumber(from) && isNumber(to) && from.kind !== to.kind && to.kind !== 'counter')
    return strict(name, [from], to, ([bytes]) => {
      // A float's own digits, not those of the double that it is.
      const number: Numeric | undefined =
        bytes && from.kind === 'float' && to.kind === 'decimal'
          ? floatDecimal(bytes)
          : bytes && numberOf(from.kind, bytes);
      const made = number && numberBytes(to.kind, number);
      if (bytes !== undefined && made === undefined)
        return execution(`${plainText(from, bytes) ?? ''} cannot be cast to ${typeName(to)}`);
      return ok(made);
    });
  if (from.kind === 'ascii' && to.kind === 'text')
    return { name, argTypes: [from], returns: to, pure: true, apply: ([bytes]) => ok(bytes) };
  if (to.kind === 'text' || to.kind === 'ascii') {
    if (!isNumber(from) && !textSources.some((kind) => kind === from.kind)) return undefined;
    const native: NativeType = { kind: from.kind as NativeKind };
    return strict(name, [from], to, ([bytes]) => ok(bytes && utf8(plainText(native, bytes) ?? '')));
  }
  const isTime = (kind: string): boolean => kind === 'timeuuid' || kind === 'timestamp' || kind === 'date';
  if (!isTime(from.kind) || (to.kind !== 'timestamp' && to.kind !== 'date')) return undefined;
  const delegate = timeFunctions.find(
    (each) => each.name === (to.kind === 'date' ? 'to_date' : 'to_timestamp') && each.argTypes[0]?.kind === from.kind,
  );
  return delegate && { ...delegate, name };
}
