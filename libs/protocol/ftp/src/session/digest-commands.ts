/**
 * Checksums, ranges. Source: draft-bryan-ftpext-hash (HASH), draft-bryan-ftp-range (RANG). XCRC and its kin have no
 * standard: `XCRC <file> [<start> [<end>]]`, the end not in the range, as ProFTPD and FileZilla know them.
 */
import { digests } from '../digest.ts';
import { byteCount, splitWords } from '../words.ts';
import type { CommandRow, CommandRows, Steps, Turn } from './turn.ts';

type Range = { readonly start: number; readonly length: number | undefined };
type Wanted = Range & { readonly algorithm: string; readonly path: string; readonly name: string };

/** Gets the ticket, and hands the reading over to the router: a large file takes longer than a line may. */
function* begin(turn: Turn, { algorithm, path, name, start, length }: Wanted): Steps {
  const prepared = yield* turn.call<'prepare'>({
    kind: 'prepare',
    operation: 'digest',
    path,
    offset: start,
    uniqueName: false,
  });
  if (!prepared.ok) return turn.refuse(prepared.error, 'digest');
  turn.direct({ $case: 'digest', value: { ticket: prepared.value.ticket, algorithm, length, name, start } });
}

function* hash(turn: Turn): Steps {
  const path = turn.resolve(turn.argument, 'digest');
  if (path === undefined) return;
  const { restartOffset, rangeEnd } = turn.before;
  // REST alone is no range: it is for the next transfer.
  const range = rangeEnd === undefined ? { start: 0, length: undefined } : rangeOf(restartOffset, rangeEnd);
  yield* begin(turn, { algorithm: chosenDigest(turn), path, name: turn.argument, ...range });
}
const rangeOf = (first: number, last: number): Range => ({ start: first, length: last - first + 1 });

export const chosenDigest = (turn: Turn): string => turn.session.hashAlgorithm || (digests[0]?.name ?? '');

/** OPTS HASH. */
export function chooseDigest(turn: Turn, choice: string): void {
  if (choice !== '') {
    const found = digests.find(({ name }) => name === choice.toUpperCase());
    if (found === undefined) return turn.reply(501, 'Unknown algorithm; the choice stays as it was.');
    turn.change({ hashAlgorithm: found.name });
  }
  turn.reply(200, chosenDigest(turn));
}

function range(turn: Turn): void {
  const [first = '', last = '', ...more] = turn.argument.trim().split(' ');
  const [start, end] = [byteCount(first), byteCount(last)];
  if (start === undefined || end === undefined || more.length > 0)
    return turn.reply(501, 'RANG takes the first and the last byte.');
  // The draft's way to take a range back.
  if (start === 1 && end === 0) return turn.reply(350, 'No range.');
  if (end < start) return turn.reply(501, 'The last byte of the range comes before the first.');
  turn.change({ restartOffset: start, rangeEnd: end });
  turn.reply(350, `Bytes ${start} to ${end}. Send RETR or HASH.`);
}

type Asked = { readonly text: string; readonly bounds: readonly string[] };
/** Quotes end a name; without them numbers at the end are a range. Undefined: no such argument. */
function readAsked(argument: string): Asked | undefined {
  if (argument.startsWith('"')) {
    const [text = '', ...bounds] = splitWords(argument) ?? [];
    return text === '' || bounds.length > 2 ? undefined : { text, bounds };
  }
  const found = /^(.+?) (\d+)(?: (\d+))?$/s.exec(argument);
  if (found === null) return { text: argument, bounds: [] };
  return { text: found[1] ?? '', bounds: [found[2] ?? '', ...(found[3] === undefined ? [] : [found[3]])] };
}

function* named(turn: Turn, algorithm: string): Steps {
  const asked = readAsked(turn.argument);
  const bounds = (asked?.bounds ?? []).map(byteCount);
  const [start = 0, end] = bounds;
  if (asked === undefined || bounds.includes(undefined) || (end !== undefined && end < start))
    return turn.reply(501, `${turn.verb} takes a file, and perhaps its first byte and the one behind the last.`);
  // A file whose name ends with a number is no range.
  const whole = asked.bounds.length > 0 && !turn.argument.startsWith('"') ? turn.argument : undefined;
  const literal = whole === undefined ? undefined : turn.resolve(whole, 'digest');
  if (whole !== undefined && literal === undefined) return;
  if (literal !== undefined) {
    const found = yield* turn.call<'stat'>({ kind: 'stat', path: literal, right: 'read' });
    if (found.ok && found.value.entry !== undefined)
      return yield* begin(turn, { algorithm, path: literal, name: '', start: 0, length: undefined });
  }
  const path = turn.resolve(asked.text, 'digest');
  if (path !== undefined)
    yield* begin(turn, { algorithm, path, name: '', start, length: end === undefined ? undefined : end - start });
}

const ownCommands = digests.flatMap(({ name, verbs }) =>
  verbs.map((verb): readonly [string, CommandRow] => [
    verb,
    { syntax: `${verb} <file> [<start> [<end>]]`, argument: 'required', run: (turn) => named(turn, name) },
  ]),
);

export const digestCommands: CommandRows = {
  HASH: { syntax: 'HASH <file>', argument: 'required', run: hash },
  RANG: { syntax: 'RANG <first byte> <last byte>', argument: 'required', run: range },
  ...Object.fromEntries(ownCommands),
};
/** Verbs of one algorithm each. */
export const digestVerbs: readonly string[] = ownCommands.map(([verb]) => verb);
