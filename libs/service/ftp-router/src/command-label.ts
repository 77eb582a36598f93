/** What may be said of a command line in logs, metrics and lists of sessions: never a secret. */
import { commands, knownButAbsent, parseCommand } from '@skerry/protocol-ftp';

/** Verbs that are named in metrics: others are the client's own words, of which there is no end. */
const knownVerbs: ReadonlySet<string> = new Set([...commands.keys(), ...knownButAbsent.keys()]);
/** Their arguments are, or can hold, a password. */
const secretVerbs: ReadonlySet<string> = new Set(['PASS', 'ACCT', 'SITE', 'AUTH', 'ADAT']);
/** Characters of an argument that are shown. */
const argumentShownMax = 200;

export type CommandLabel = {
  /** A verb of the standards in upper case, or `other`. */
  readonly verb: string;
  /** Empty where it could be secret: also of unknown verbs, which may be a mistyped PASS. */
  readonly argument: string;
};

export function labelCommand(line: Uint8Array): CommandLabel {
  const parsed = parseCommand(line);
  if (!parsed.ok || !knownVerbs.has(parsed.value.verb)) return { verb: 'other', argument: '' };
  const { verb, argument } = parsed.value;
  return { verb, argument: secretVerbs.has(verb) ? '' : argument.slice(0, argumentShownMax) };
}

export const commandText = ({ verb, argument }: CommandLabel): string =>
  argument === '' ? verb : `${verb} ${argument}`;
