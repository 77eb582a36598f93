/** Facts over the control connection. Source: RFC 3659 §3, §4, §7; RFC 959 §4.1.3 (STAT). */
import { data, processing } from '@skerry/proto';
import { formatTime } from '../calendar.ts';
import { formatListLine, formatMachineLine } from '../listing.ts';
import type { CommandRows, Steps, Turn } from './turn.ts';

/** Entries that STAT shows of a directory: the control connection is no place for a long listing; LIST is. */
export const statEntryCountMax = 1000;

const isDirectory = (entry: { readonly kind: data.EntryKind }): boolean => entry.kind === data.EntryKind.DIRECTORY;

function* size(turn: Turn): Steps {
  // The length after conversion is not known without reading the file.
  if (turn.session.type === processing.TransferType.ASCII)
    return turn.reply(550, 'SIZE is not told in ASCII; send TYPE I.');
  const path = turn.resolve(turn.argument, 'inspect');
  if (path === undefined) return;
  turn.change({ sizedPath: '' });
  const found = yield* turn.call<'stat'>({ kind: 'stat', path, right: 'list' });
  if (!found.ok) return turn.refuse(found.error, 'inspect');
  const { entry, stageLength } = found.value;
  if (entry !== undefined && isDirectory(entry)) return turn.refuse('is_a_directory', 'inspect');
  // While a cut upload can be continued, it is what a client means that asks where to go on.
  const length = stageLength ?? entry?.size;
  if (length === undefined) return turn.refuse('no_such_entry', 'inspect');
  turn.change({ sizedPath: path, sizedLength: length });
  turn.reply(213, String(length));
}

function* modifyTime(turn: Turn): Steps {
  const path = turn.resolve(turn.argument, 'inspect');
  if (path === undefined) return;
  const found = yield* turn.call<'stat'>({ kind: 'stat', path, right: 'list' });
  if (!found.ok) return turn.refuse(found.error, 'inspect');
  if (found.value.entry === undefined) return turn.refuse('no_such_entry', 'inspect');
  turn.reply(213, formatTime(found.value.entry.modifiedAtMs));
}

function* machineFacts(turn: Turn): Steps {
  const path = turn.resolve(turn.argument, 'inspect');
  if (path === undefined) return;
  const found = yield* turn.call<'stat'>({ kind: 'stat', path, right: 'list' });
  if (!found.ok) return turn.refuse(found.error, 'inspect');
  const { entry, rights } = found.value;
  if (entry === undefined) return turn.refuse('no_such_entry', 'inspect');
  const line = formatMachineLine(entry, turn.session.facts, { rights, name: path });
  // The blank of the reply's line, and then the entry: without facts it begins with a blank of its own (RFC 3659 §7.2).
  turn.reply(250, `Facts of ${path}`, ` ${line}`, 'End.');
}

function status(turn: Turn): void {
  const { session } = turn;
  const user = session.phase === processing.Phase.LOGGED_IN ? `Logged in as ${session.user}` : 'Not logged in';
  const type = session.type === processing.TransferType.ASCII ? 'ASCII' : 'image';
  turn.reply(
    211,
    'Status:',
    ` Connected from ${session.clientHost}, ${session.controlTls ? 'under TLS' : 'in clear'}`,
    ` ${user}`,
    ` TYPE ${type}, STRU F, MODE S, data connections ${session.dataTls ? 'under TLS' : 'in clear'}`,
    session.transferring ? ` Transfer under way: ${session.transferredBytes} bytes` : ' No transfer under way',
    'End.',
  );
}

function* pathStatus(turn: Turn, text: string): Steps {
  const path = turn.resolve(text, 'inspect');
  if (path === undefined) return;
  const listed = yield* turn.call<'list'>({ kind: 'list', path, countMax: statEntryCountMax });
  if (!listed.ok) return turn.refuse(listed.error, 'inspect');
  const { self, entries, complete } = listed.value;
  const directory = isDirectory(self);
  const lines = (directory ? entries : [self]).map((entry) => formatListLine(entry, turn.context.nowMs));
  const end = complete ? 'End.' : `End: the first ${statEntryCountMax} only; LIST gives all.`;
  turn.reply(directory ? 212 : 213, `Status of ${path}:`, ...lines, end);
}

function* stat(turn: Turn): Steps {
  const path = turn.argument.replace(/^-\S*( |$)/, '');
  if (turn.argument === '') return status(turn);
  if (turn.session.phase !== processing.Phase.LOGGED_IN) return turn.reply(530, 'Log in with USER and PASS.');
  yield* pathStatus(turn, path);
}

export const lookCommands: CommandRows = {
  SIZE: { syntax: 'SIZE <file>', argument: 'required', run: size },
  MDTM: { syntax: 'MDTM <path>', argument: 'required', run: modifyTime },
  MLST: { syntax: 'MLST [<path>]', argument: 'optional', run: machineFacts },
  STAT: { syntax: 'STAT [<path>]', argument: 'optional', anytime: true, duringTransfer: true, run: stat },
};
