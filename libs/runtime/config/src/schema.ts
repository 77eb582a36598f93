/** Validation of JSON from outside, in one vocabulary: the only other module that may know zod is `setting.ts`. */
import { StatusError } from '@skerry/kernel';
import type { z } from './zod.ts';

export { shape } from './zod.ts';
export type ShapeOf<S extends z.ZodType> = z.infer<S>;

/** @throws StatusError `malformed` that names the place of the first fault. */
export function checkShape<S extends z.ZodType>(schema: S, value: unknown, what: string): z.infer<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const place = issue === undefined || issue.path.length === 0 ? '' : ` at ${issue.path.join('.')}`;
  throw new StatusError('malformed', `Cannot read ${what}${place}: ${issue?.message ?? 'malformed'}`);
}

/** Parses and checks. @throws StatusError `malformed`. */
export function readJson<S extends z.ZodType>(schema: S, json: string, what: string): z.infer<S> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new StatusError('malformed', `Cannot read ${what}: no JSON (${(cause as Error).message})`, { cause });
  }
  return checkShape(schema, value, what);
}
