/** Tuples from one constant, their components apart by colons. Source: Cassandra 5.0, `TupleType.fromString`. */
import { fail, fromHex, ok, type Result } from '@skerry/kernel';
import { fieldsValue } from './compose.ts';
import { fromConstant } from './constant.ts';
import { fieldTypes } from './parts.ts';
import { typeName } from './type-name.ts';
import { nativeKinds, type NativeType, type TupleType, type UserType, type ValueType } from './type.ts';

/**
 * `1:foo`; `@` is null, `\:` and `\@` are the letters; components that are missing at the end stay away.
 * @param now milliseconds since 1970. The error is Cassandra's text.
 */
export function tupleFromConstant(type: TupleType | UserType, text: string, now?: bigint): Result<Uint8Array, string> {
  const types = fieldTypes(type);
  const texts = text.split(/(?<!\\):/);
  if (texts.length > types.length)
    return fail(
      `Invalid tuple literal: too many elements. Type ${typeName(type)} expects ${types.length} but got ${texts.length}`,
    );
  const parts: (Uint8Array | undefined)[] = [];
  for (const [i, each] of texts.entries()) {
    if (each === '@') {
      parts.push(undefined);
      continue;
    }
    const part = component(types[i] ?? type, each.replaceAll(String.raw`\:`, ':').replaceAll(String.raw`\@`, '@'), now);
    if (!part.ok) return part;
    parts.push(part.value);
  }
  return ok(fieldsValue(parts));
}
function component(type: ValueType, text: string, now: bigint | undefined): Result<Uint8Array, string> {
  if (type.kind === 'tuple' || type.kind === 'udt') return tupleFromConstant(type, text, now);
  if (isNative(type)) return fromConstant(type.kind, text, now);
  const bytes = fromHex(text);
  return bytes === undefined ? fail(`cannot parse '${text}' as hex bytes`) : ok(bytes);
}
const isNative = (type: ValueType): type is NativeType => nativeKinds.some((kind) => kind === type.kind);
