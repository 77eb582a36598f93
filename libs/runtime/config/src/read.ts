/** Reads a table of settings: defaults < file < environment < flags, each value validated where it came from. */
import { StatusError } from '@skerry/kernel';
import type { ConfigOf, Setting, Settings } from './setting.ts';

export type Sources = {
  /** Values of flags, by key; undefined where not given. */
  readonly flags?: Readonly<Record<string, unknown>>;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Parsed JSON of the configuration file. */
  readonly file?: Readonly<Record<string, unknown>>;
};

const words = (key: string): string[] => key.split(/(?=[A-Z])/).map((word) => word.toLowerCase());
export const flagOf = (key: string): string => `--${words(key).join('-')}`;
export const variableOf = (key: string): string => `SKERRY_${words(key).join('_').toUpperCase()}`;

function validated(setting: Setting<unknown>, where: string, value: unknown): unknown {
  const parsed = setting.schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const got = setting.secret ? 'a value of another form' : JSON.stringify(value);
  throw new StatusError('malformed', `Cannot read ${where}: must be ${setting.wanted}: got ${got}`);
}

/** @throws StatusError `malformed`: one line that names the flag, variable or key, what is wanted and what was given. */
export function readSettings<S extends Settings>(
  settings: S,
  { flags = {}, environment = {}, file = {} }: Sources,
): ConfigOf<S> {
  for (const key of Object.keys(file))
    if (!Object.hasOwn(settings, key))
      throw new StatusError('malformed', `Cannot read configuration file: no setting "${key}"`);
  const entries = Object.entries(settings).map(([key, setting]): [string, unknown] => {
    if (flags[key] !== undefined) return [key, validated(setting, flagOf(key), flags[key])];
    const variable = environment[variableOf(key)];
    if (variable !== undefined) return [key, validated(setting, variableOf(key), variable)];
    if (file[key] !== undefined) return [key, validated(setting, `"${key}" in the configuration file`, file[key])];
    return [key, setting.default];
  });
  // Each value passed the schema of its own row, which is what ConfigOf says.
  return Object.fromEntries(entries) as ConfigOf<S>;
}
