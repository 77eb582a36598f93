/** The text of a configuration file: its keys with their lines, which JSON.parse forgets. */
import { StatusError } from '@skerry/kernel';

export type Key = { readonly name: string; /** From 1. */ readonly line: number };
export type Source = { readonly values: Readonly<Record<string, unknown>>; readonly keys: readonly Key[] };

const lineAt = (text: string, index: number): number => text.slice(0, index).split('\n').length;

/** @throws StatusError `malformed` with the line of the fault. */
export function parseSource(text: string, file: string): Source {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const { message } = cause as Error;
    const [, position] = /at position (\d+)/.exec(message) ?? [];
    const line = position === undefined ? text.split('\n').length : lineAt(text, Number(position));
    throw new StatusError('malformed', `Cannot read "${file}", line ${line}: no JSON (${message})`, { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new StatusError('malformed', `Cannot read "${file}", line 1: must be an object of settings`);
  return { values: value as Record<string, unknown>, keys: topKeys(text) };
}

/** Keys of the outermost object, in order, also those that stand twice. Assumes that the text is JSON. */
function topKeys(text: string): readonly Key[] {
  const keys: Key[] = [];
  let depth = 0;
  for (const match of text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/g)) {
    const [token, colon] = match;
    if (token === '{' || token === '[') depth += 1;
    else if (token === '}' || token === ']') depth -= 1;
    else if (colon !== undefined && depth === 1)
      keys.push({
        name: JSON.parse(token.slice(0, token.length - colon.length)) as string,
        line: lineAt(text, match.index),
      });
  }
  return keys;
}

/** Of `names` the one that a typing error turned into `name`; undefined when none is near. */
export function nearest(name: string, names: Iterable<string>): string | undefined {
  let best: string | undefined;
  // A third of the name may be wrong.
  let least = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const other of names) {
    const away = distance(name.toLowerCase(), other.toLowerCase());
    if (away < least) [best, least] = [other, away];
  }
  return best;
}
/** Letters to change, add or leave out (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(changed, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
