/** Types that a statement names by their Java class. Source: Cassandra 5.0, `TypeParser`, and the grammar's `comparatorType`. */
import {
  lexicalUuid,
  marshalPackage,
  nativeKinds,
  marshalName,
  parseMarshalName,
  type ValueType,
} from '@skerry/domain-values';
import { badSyntax } from './fault.ts';
import { someType } from './type-names.ts';

/** Values of several types in one: kept and told, in the order of their bytes. */
const composites: ReadonlySet<string> = new Set(['CompositeType', 'DynamicCompositeType']);
const knownClasses: ReadonlySet<string> = new Set([
  ...nativeKinds.map((kind) => shortName(marshalName({ kind }))),
  shortName(lexicalUuid.className),
  ...composites,
  ...['ListType', 'SetType', 'MapType', 'TupleType', 'FrozenType', 'ReversedType'],
]);

function shortName(className: string): string {
  return className.startsWith(marshalPackage) ? className.slice(marshalPackage.length) : className;
}
const headOf = (text: string): string => /^[^(]*/.exec(text)?.[0].trim() ?? '';
/** Letters stand for types in a dynamic composite. */
const namesIn = (className: string): readonly string[] =>
  className.split(/[(),]|\w=>/).filter((name) => name.trim() !== '');

function faultOf(type: ValueType): string | undefined {
  if (type.kind !== 'custom') return undefined;
  const unknown = namesIn(type.className).find((name) => !knownClasses.has(shortName(name)));
  if (unknown === undefined) return undefined;
  const head = headOf(type.className);
  return composites.has(shortName(head))
    ? `Invalid definition for comparator ${head}.`
    : `Unable to find abstract-type class '${head.includes('.') ? '' : marshalPackage}${head}'`;
}

/** @throws Refusal no such class, or not written as its kind is. */
export function classType(written: string): { readonly type: ValueType; readonly reversed: boolean } {
  // One without parts is one of no parts.
  const parsed = parseMarshalName(composites.has(shortName(written.trim())) ? `${written}()` : written);
  if (!parsed.ok) {
    const head = shortName(headOf(written));
    if (composites.has(head))
      throw badSyntax(`Error setting type ${written}: Invalid definition for comparator ${marshalPackage}${head}.`);
    throw badSyntax(`Cannot parse type ${written}: ${parsed.error}`);
  }
  let fault: string | undefined;
  someType(parsed.value.type, (part) => (fault = faultOf(part)) !== undefined);
  if (fault !== undefined) throw badSyntax(`Error setting type ${written}: ${fault}`);
  return parsed.value;
}
