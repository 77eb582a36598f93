/** Listings over a data connection. Source: RFC 959 §4.1.3, RFC 1123 §4.1.2.7 (NLST), RFC 3659 §7 (MLSD). */
import { data, processing } from '@skerry/proto';
import { hasPattern } from '../glob.ts';
import { begin, unprotected, type Plan } from './begin-transfer.ts';
import type { CommandRows, Steps, Turn } from './turn.ts';

const { TransferKind, ListFormat, ListOrder } = processing;

type ListOptions = {
  readonly allNames: boolean;
  readonly itself: boolean;
  readonly order: processing.ListOrder;
  readonly reverse: boolean;
  readonly recursive: boolean;
  readonly text: string;
};

/**
 * `ls` options before the path, as many clients send them: a, d, t, S, r, R act, others are passed over. `--` ends
 * them; `-` alone is a name.
 */
function readOptions(argument: string): ListOptions {
  let text = argument;
  let letters = '';
  const options = /^-(-|[A-Za-z0-9]+)(?: +|$)/;
  for (let found = options.exec(text); found !== null; found = found[1] === '-' ? null : options.exec(text)) {
    letters += found[1];
    text = text.slice(found[0].length);
  }
  const time = letters.lastIndexOf('t');
  const size = letters.lastIndexOf('S');
  return {
    text,
    allNames: /a/i.test(letters),
    itself: letters.includes('d'),
    // The last one wins, as in ls.
    order: time === size ? ListOrder.UNSPECIFIED : time > size ? ListOrder.TIME : ListOrder.SIZE,
    reverse: letters.includes('r'),
    recursive: letters.includes('R'),
  };
}

type ListPlan = Omit<Plan, 'operation' | 'kind'>;

/** Whether the name in `text` is a pattern. A name that stands there is no pattern, whatever it looks like. */
function* patternOf(turn: Turn, text: string): Steps<ListPlan | undefined> {
  const cut = text.lastIndexOf('/') + 1;
  const pattern = text.slice(cut);
  const namePrefix = text.slice(0, cut);
  if (!hasPattern(pattern)) return undefined;
  const literal = turn.resolve(text, 'list');
  const directory = literal === undefined ? undefined : turn.resolve(namePrefix, 'list');
  if (literal === undefined || directory === undefined) return undefined;
  const found = yield* turn.call<'stat'>({ kind: 'stat', path: literal, right: 'list' });
  return found.ok && found.value.entry !== undefined ? undefined : { path: directory, pattern, namePrefix };
}

/** LIST and NLST. */
const list = (format: processing.ListFormat) =>
  function* (turn: Turn): Steps {
    if (unprotected(turn)) return;
    const { text, recursive, itself, ...options } = readOptions(turn.argument);
    const path = turn.resolve(text, 'list');
    if (path === undefined) return;
    const pattern = yield* patternOf(turn, text);
    let plan: ListPlan = pattern ?? { path };
    if (pattern === undefined && itself) plan = { path, itself, namePrefix: text === '' ? '.' : text };
    else if (pattern === undefined && format === ListFormat.LIST && recursive) plan = { path, recursive };
    else if (pattern === undefined && format === ListFormat.NLST && text !== '') {
      const namePrefix = yield* namesPrefix(turn, path, text);
      if (namePrefix === undefined) return;
      plan = { path, namePrefix };
    }
    yield* begin(turn, { ...plan, kind: TransferKind.LIST, operation: 'list', format, ...options });
  };

/** What stands before NLST's names so that RETR takes them; undefined: nothing is at the path, which is answered. */
function* namesPrefix(turn: Turn, path: string, text: string): Steps<string | undefined> {
  const found = yield* turn.call<'stat'>({ kind: 'stat', path, right: 'list' });
  if (!found.ok) return void turn.refuse(found.error, 'list');
  const { entry } = found.value;
  if (entry === undefined) return void turn.refuse('no_such_entry', 'list');
  if (entry.kind !== data.EntryKind.DIRECTORY) return text.slice(0, text.lastIndexOf('/') + 1);
  if (path === turn.session.workingDirectory) return '';
  return text.endsWith('/') ? text : `${text}/`;
}

function* machineList(turn: Turn): Steps {
  if (unprotected(turn)) return;
  const path = turn.resolve(turn.argument, 'list');
  if (path === undefined) return;
  if (path !== turn.session.workingDirectory) {
    const found = yield* turn.call<'stat'>({ kind: 'stat', path, right: 'list' });
    if (!found.ok) return turn.refuse(found.error, 'list');
    const { entry } = found.value;
    if (entry === undefined) return turn.refuse('no_such_entry', 'list');
    if (entry.kind !== data.EntryKind.DIRECTORY) return turn.reply(501, 'MLSD takes a directory.');
  }
  const facts = [...turn.session.facts];
  yield* begin(turn, {
    kind: TransferKind.LIST,
    operation: 'list',
    path,
    format: ListFormat.MLSD,
    facts,
    allNames: true,
  });
}

export const listCommands: CommandRows = {
  LIST: { syntax: 'LIST [-adrtRS] [<path>]', argument: 'optional', run: list(ListFormat.LIST) },
  NLST: { syntax: 'NLST [-adrtS] [<path>]', argument: 'optional', run: list(ListFormat.NLST) },
  MLSD: { syntax: 'MLSD [<directory>]', argument: 'optional', run: machineList },
};
