/** Lines of MLST and MLSD, read strictly. Source: RFC 3659 §7.2. */
import { Mismatch } from './outcome.ts';

export type Entry = { readonly name: string; readonly facts: Readonly<Record<string, string>> };

/** @param line `fact=value;fact=value; name`, the facts perhaps none. Names of facts come in lower case. */
export function parseEntry(line: string): Entry {
  const [, head, name] = /^((?:[A-Za-z0-9.\-_/+]+=[^; ]*;)*) (.+)$/s.exec(line) ?? [];
  if (head === undefined || name === undefined) throw new Mismatch('fact=value;… and a blank and a name', line);
  const facts: Record<string, string> = {};
  for (const fact of head.split(';').slice(0, -1)) {
    const at = fact.indexOf('=');
    const key = fact.slice(0, at).toLowerCase();
    if (key in facts) throw new Mismatch('each fact once', line);
    facts[key] = fact.slice(at + 1);
  }
  return { name, facts };
}
/** RFC 3659 §2.3. */
export const timePattern = /^\d{4}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])([01]\d|2[0-3])[0-5]\d([0-5]\d|60)(\.\d+)?$/;
