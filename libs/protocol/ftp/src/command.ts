/**
 * A command line, taken apart.
 *
 * Source: RFC 959 §5.3 (verb, one space, argument), RFC 2640 §2 (arguments are UTF-8).
 */
import { fail, fromUtf8, ok, type Result } from '@skerry/kernel';

export type Command = {
  /** Upper case. */
  readonly verb: string;
  /** All that follows the one space behind the verb, blanks at the end included; empty when there is none. */
  readonly argument: string;
};

export type CommandFault =
  | { readonly kind: 'empty' }
  /** The first word is no letter with letters and digits behind it. */
  | { readonly kind: 'verb_malformed' }
  /** The argument is no UTF-8. */
  | { readonly kind: 'not_utf8'; readonly verb: string };

const space = 0x20;
const verbPattern = /^[A-Za-z][A-Za-z0-9]{0,11}$/;

/** @param line without its end, as the framer gives it. */
export function parseCommand(line: Uint8Array): Result<Command, CommandFault> {
  if (line.length === 0) return fail({ kind: 'empty' });
  const gap = line.indexOf(space);
  const word = fromUtf8(gap < 0 ? line : line.subarray(0, gap));
  if (word === undefined || !verbPattern.test(word)) return fail({ kind: 'verb_malformed' });
  const verb = word.toUpperCase();
  const argument = gap < 0 ? '' : fromUtf8(line.subarray(gap + 1));
  return argument === undefined ? fail({ kind: 'not_utf8', verb }) : ok({ verb, argument });
}
