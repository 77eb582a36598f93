/**
 * A setting: one row of a table, with everything that `--help`, validation and the documents say of it.
 *
 * Assumes: keys are camelCase; the flag is the key in kebab-case (`ftpPort` → `--ftp-port`), the environment variable
 * the key in upper snake case behind `SKERRY_` (`SKERRY_FTP_PORT`), the file's key the key itself.
 */
import { shape } from './zod.ts';
import type { z } from './zod.ts';

export type Setting<T> = {
  /** Undefined: the setting is required, or its absence has a meaning that the help tells. */
  readonly default: T;
  /** One line: what it is, why the default is what it is. */
  readonly help: string;
  /** What stands behind the flag in `--help`, such as `N` or `DIR`; absent for a switch. */
  readonly placeholder?: string;
  /** Unit and range, for `--help` and `docs/LIMITS.md`. */
  readonly wanted: string;
  /** Never printed or logged. */
  readonly secret: boolean;
  readonly schema: z.ZodType<T>;
};
export type Settings = Readonly<Record<string, Setting<unknown>>>;
export type ConfigOf<S extends Settings> = { readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never };

/** Nothing but digits: `Number` alone takes blanks, hexadecimal and the empty text as well. */
const decimal = /^-?\d{1,16}$/;

type Common = { readonly help: string; readonly secret?: boolean };

/** An integer in [min, max], in `unit`. */
export function integer(
  row: Common & { default: number; min: number; max: number; unit?: string; placeholder?: string },
): Setting<number> {
  const { help, min, max, unit, placeholder = 'N', secret = false } = row;
  const wanted = `an integer in [${min}, ${max}]${unit === undefined ? '' : ` ${unit}`}`;
  const read = (value: unknown): unknown => (typeof value === 'string' && decimal.test(value) ? Number(value) : value);
  const schema = shape.preprocess(read, shape.number().int().min(min).max(max)) as z.ZodType<number>;
  return { default: row.default, help, placeholder, wanted, secret, schema };
}

/** An integer, or absent. */
export function optionalInteger(
  row: Common & { min: number; max: number; unit?: string; placeholder?: string },
): Setting<number | undefined> {
  const some = integer({ ...row, default: row.min });
  return { ...some, default: undefined, schema: some.schema.optional() };
}

/** Text that `pattern` matches; `wanted` says so in words. */
export function text(
  row: Common & { default: string; pattern?: RegExp; wanted?: string; placeholder?: string },
): Setting<string> {
  const { help, pattern = /^[^\0]*$/, wanted = 'text', placeholder = 'TEXT', secret = false } = row;
  return { default: row.default, help, placeholder, wanted, secret, schema: shape.string().regex(pattern) };
}

export function optionalText(
  row: Common & { pattern?: RegExp; wanted?: string; placeholder?: string },
): Setting<string | undefined> {
  const some = text({ ...row, default: '' });
  return { ...some, default: undefined, schema: some.schema.optional() };
}

export function oneOf<const T extends string>(row: Common & { default: T; choices: readonly T[] }): Setting<T> {
  const { help, choices, secret = false } = row;
  const schema = shape.custom<T>((value) => choices.some((choice) => choice === value));
  return { default: row.default, help, placeholder: 'WORD', wanted: `one of ${choices.join(', ')}`, secret, schema };
}

/** Comma-separated. */
export function list(
  row: Common & { default: readonly string[]; pattern?: RegExp; wanted?: string; placeholder?: string },
): Setting<readonly string[]> {
  const {
    help,
    pattern = /^[^\0,]+$/,
    wanted = 'a list, separated by commas',
    placeholder = 'A,B,…',
    secret = false,
  } = row;
  const split = (value: unknown): unknown =>
    typeof value === 'string' ? value.split(',').filter((item) => item !== '') : value;
  const schema = shape.preprocess(split, shape.array(shape.string().regex(pattern))) as z.ZodType<readonly string[]>;
  return { default: row.default, help, placeholder, wanted, secret, schema };
}

/** On when given; in the environment `1`, `true`, `yes` or `on`. */
export function flag(row: Common): Setting<boolean> {
  const words: Readonly<Record<string, boolean>> = {
    '1': true,
    true: true,
    yes: true,
    on: true,
    '0': false,
    false: false,
    no: false,
    off: false,
  };
  const read = (value: unknown): unknown => (typeof value === 'string' ? words[value.toLowerCase()] : value);
  return {
    default: false,
    help: row.help,
    wanted: 'true or false',
    secret: false,
    schema: shape.preprocess(read, shape.boolean()) as z.ZodType<boolean>,
  };
}

export const hostPattern = /^[A-Za-z0-9_.:-]+$/;
export const addressPattern = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_.-]+):\d{1,5}$/;
