/** Bytes over a data connection. Source: RFC 959 §4.1.3, RFC 3659 §5 and §7, RFC 1123 §4.1.2.7. */
import { data, processing } from '@skerry/proto';
import { hasPattern } from '../glob.ts';
import type { TransferOperation } from './types.ts';
import type { CommandRows, Steps, Turn } from './turn.ts';

const { TransferKind, TransferType, ListFormat } = processing;

/** RFC 4217 §10: the data connection must be protected here, and PROT says that it is not. */
function unprotected(turn: Turn): boolean {
  if (turn.context.tlsRequired !== 'data' || turn.session.dataTls) return false;
  turn.reply(521, 'Data connections must be under TLS here; send PBSZ 0 and PROT P.');
  return true;
}

type Plan = Partial<processing.Transfer> & {
  readonly kind: processing.TransferKind;
  readonly operation: TransferOperation;
  readonly path: string;
  readonly offset?: number;
  readonly expectedLength?: number | undefined;
  readonly announcedLength?: number | undefined;
};

/** Gets the ticket, and hands the transfer over to the router. */
function* begin(turn: Turn, plan: Plan): Steps {
  const { operation, path, offset = 0, expectedLength, announcedLength, uniqueName = false } = plan;
  const prepared = yield* turn.call<'prepare'>({
    kind: 'prepare',
    operation,
    path,
    offset,
    expectedLength,
    announcedLength,
    uniqueName,
  });
  if (!prepared.ok) return turn.refuse(prepared.error, operation);
  const { ticket, rights } = prepared.value;
  turn.direct({
    $case: 'transfer',
    value: {
      kind: plan.kind,
      ticket,
      type: turn.session.type,
      format: plan.format ?? ListFormat.UNSPECIFIED,
      pattern: plan.pattern ?? '',
      namePrefix: plan.namePrefix ?? '',
      path,
      allNames: plan.allNames ?? false,
      facts: plan.facts ?? [],
      uniqueName,
      rights: [...rights],
    },
  });
}

/** Where RETR or STOR begins; undefined when it cannot begin there, which is answered then. */
function restartOffset(turn: Turn): number | undefined {
  const { restartOffset: offset } = turn.before;
  // A marker counts bytes of the file; in ASCII the client cannot know them.
  if (offset === 0 || turn.session.type !== TransferType.ASCII) return offset;
  turn.reply(554, 'No restart in ASCII; send TYPE I.');
  return undefined;
}

function* retrieve(turn: Turn): Steps {
  if (unprotected(turn)) return;
  const path = turn.resolve(turn.argument, 'retrieve');
  const offset = restartOffset(turn);
  if (path === undefined || offset === undefined) return;
  yield* begin(turn, { kind: TransferKind.RETRIEVE, operation: 'retrieve', path, offset });
}

/** What one upload used up: ALLO's announcement, and what SIZE said of the file. */
function forgetUpload(turn: Turn, path: string): void {
  turn.change({ announcedLength: undefined });
  if (turn.session.sizedPath === path) turn.change({ sizedPath: '' });
}

function* store(turn: Turn): Steps {
  if (unprotected(turn)) return;
  const path = turn.resolve(turn.argument, 'store');
  if (path === undefined) return;
  if (path === '/') return turn.refuse('is_a_directory', 'store');
  const offset = restartOffset(turn);
  if (offset === undefined) return;
  const { announcedLength, type } = turn.before;
  forgetUpload(turn, path);
  yield* begin(turn, {
    kind: TransferKind.STORE,
    operation: 'store',
    path,
    offset,
    // In ASCII the file's length is another than the announced one, which counts what is sent.
    announcedLength: type === TransferType.IMAGE ? announcedLength : undefined,
  });
}

function* append(turn: Turn): Steps {
  if (unprotected(turn)) return;
  const path = turn.resolve(turn.argument, 'append');
  if (path === undefined) return;
  if (path === '/') return turn.refuse('is_a_directory', 'append');
  const { sizedPath, sizedLength } = turn.before;
  forgetUpload(turn, path);
  // APPE carries no offset: the length that this session was told is what the client goes on from.
  const expectedLength = sizedPath === path ? sizedLength : undefined;
  yield* begin(turn, { kind: TransferKind.STORE, operation: 'append', path, expectedLength });
}

function* storeUnique(turn: Turn): Steps {
  if (unprotected(turn)) return;
  const path = turn.session.workingDirectory;
  forgetUpload(turn, path);
  yield* begin(turn, { kind: TransferKind.STORE, operation: 'store', path, uniqueName: true });
}

/** `ls` options before the path, as many clients send them. `-` alone is a name. */
function readOptions(argument: string): { readonly allNames: boolean; readonly text: string } {
  let text = argument;
  let allNames = false;
  for (
    let found = /^-([A-Za-z0-9]+)(?: +|$)/.exec(text);
    found !== null;
    found = /^-([A-Za-z0-9]+)(?: +|$)/.exec(text)
  ) {
    allNames ||= /a/i.test(found[1] ?? '');
    text = text.slice(found[0].length);
  }
  return { allNames, text };
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
    const { allNames, text } = readOptions(turn.argument);
    const path = turn.resolve(text, 'list');
    if (path === undefined) return;
    const pattern = yield* patternOf(turn, text);
    let plan: ListPlan = pattern ?? { path };
    if (pattern === undefined && format === ListFormat.NLST && text !== '') {
      const namePrefix = yield* namesPrefix(turn, path, text);
      if (namePrefix === undefined) return;
      plan = { path, namePrefix };
    }
    yield* begin(turn, { ...plan, kind: TransferKind.LIST, operation: 'list', format, allNames });
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

function abort(turn: Turn): void {
  if (turn.session.transferring) return turn.direct({ $case: 'abortTransfer', value: {} });
  turn.reply(226, 'No transfer is under way.');
}

export const transferCommands: CommandRows = {
  RETR: { syntax: 'RETR <file>', argument: 'required', run: retrieve },
  STOR: { syntax: 'STOR <file>', argument: 'required', run: store },
  APPE: { syntax: 'APPE <file>', argument: 'required', run: append },
  STOU: { syntax: 'STOU', argument: 'none', run: storeUnique },
  LIST: { syntax: 'LIST [<path>]', argument: 'optional', run: list(ListFormat.LIST) },
  NLST: { syntax: 'NLST [<path>]', argument: 'optional', run: list(ListFormat.NLST) },
  MLSD: { syntax: 'MLSD [<directory>]', argument: 'optional', run: machineList },
  ABOR: { syntax: 'ABOR', argument: 'none', anytime: true, duringTransfer: true, run: abort },
};
