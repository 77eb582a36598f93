/** What a native function is to whoever calls it: argument types, what it gives, and bytes in, bytes out. */
import { fail, ok, type Result } from '@skerry/kernel';
import type { Part } from '../parts.ts';
import type { ValueType } from '../type.ts';

/** `invalid`: CQL error 0x2200. `execution`: 0x1400, a function that failed. */
export type FunctionFault = { readonly kind: 'invalid' | 'execution'; readonly message: string };
export const invalid = (message: string): { readonly ok: false; readonly error: FunctionFault } =>
  fail({ kind: 'invalid', message });
export const execution = (message: string): { readonly ok: false; readonly error: FunctionFault } =>
  fail({ kind: 'execution', message });

/** Undefined is null. */
export type Outcome = Result<Part, FunctionFault>;
export const nothing: Outcome = ok(undefined);

/** What functions cannot know by themselves. All of one statement see one time. */
export type FunctionWorld = {
  /** Milliseconds since 1970. */
  readonly nowMs: bigint;
  /** A new one of version 1: unique, not before the last. */
  readonly timeuuid: () => Uint8Array;
  /** Sixteen bytes by chance. */
  readonly random: () => Uint8Array;
  /** By Java's name of the algorithm, such as SHA-256; undefined: there is none. */
  readonly hash: (algorithm: string, bytes: Uint8Array) => Uint8Array | undefined;
};

export type ScalarFunction = {
  /** Without its keyspace, which is `system`. */
  readonly name: string;
  readonly argTypes: readonly ValueType[];
  readonly returns: ValueType;
  /** The same arguments give the same value. */
  readonly pure: boolean;
  readonly apply: (args: readonly Part[], world: FunctionWorld) => Outcome;
};

/** As messages show it: `system.floor : (timestamp, duration) -> timestamp`. */
export type Signature = Pick<ScalarFunction, 'name' | 'argTypes' | 'returns'>;

/** A function that is null when an argument is null or empty. */
export const strict = (
  name: string,
  argTypes: readonly ValueType[],
  returns: ValueType,
  apply: (args: readonly Uint8Array[], world: FunctionWorld) => Outcome,
): ScalarFunction => ({
  name,
  argTypes,
  returns,
  pure: true,
  apply(args, world) {
    const given: Uint8Array[] = [];
    for (const arg of args) {
      if (arg === undefined || arg.length === 0) return nothing;
      given.push(arg);
    }
    return apply(given, world);
  },
});
