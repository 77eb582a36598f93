/** Directories and names. Source: RFC 959 §4.1.3 and appendix II. */
import { data } from '@skerry/proto';
import type { FtpOperation } from '../failure-replies.ts';
import { parentPath } from '../path.ts';
import { quotePath } from '../reply.ts';
import type { CommandRow, CommandRows, Steps, Turn } from './turn.ts';

const workingDirectory = (turn: Turn): void =>
  turn.reply(257, `${quotePath(turn.session.workingDirectory)} is the current directory.`);

function* enter(turn: Turn, path: string): Steps {
  const found = yield* turn.call<'stat'>({ kind: 'stat', path, right: 'list' });
  if (!found.ok) return turn.refuse(found.error, 'inspect');
  const { entry } = found.value;
  if (entry === undefined) return turn.refuse('no_such_entry', 'inspect');
  if (entry.kind !== data.EntryKind.DIRECTORY) return turn.refuse('not_a_directory', 'inspect');
  turn.change({ workingDirectory: path });
  turn.reply(250, `${quotePath(path)} is the current directory.`);
}

function* changeDirectory(turn: Turn): Steps {
  const path = turn.resolve(turn.argument, 'inspect');
  if (path !== undefined) yield* enter(turn, path);
}

function* changeUp(turn: Turn): Steps {
  yield* enter(turn, parentPath(turn.session.workingDirectory));
}

function* makeDirectory(turn: Turn): Steps {
  const path = turn.resolve(turn.argument, 'make_directory');
  if (path === undefined) return;
  if (path === '/') return turn.refuse('entry_exists', 'make_directory');
  const made = yield* turn.call<'makeDirectory'>({ kind: 'makeDirectory', path });
  if (!made.ok) return turn.refuse(made.error, 'make_directory');
  turn.reply(257, `${quotePath(path)} created.`);
}

/** RMD and DELE. */
const remove = (kind: 'removeDirectory' | 'removeFile', operation: FtpOperation) =>
  function* (turn: Turn): Steps {
    const path = turn.resolve(turn.argument, operation);
    if (path === undefined) return;
    if (path === '/') return turn.refuse(kind === 'removeFile' ? 'is_a_directory' : 'access_denied', operation);
    const removed = yield* turn.call<typeof kind>({ kind, path });
    if (!removed.ok) return turn.refuse(removed.error, operation);
    if (path === turn.session.sizedPath) turn.change({ sizedPath: '' });
    turn.reply(250, 'Removed.');
  };

function* renameFrom(turn: Turn): Steps {
  const path = turn.resolve(turn.argument, 'inspect');
  if (path === undefined) return;
  if (path === '/') return turn.refuse('access_denied', 'inspect');
  const found = yield* turn.call<'stat'>({ kind: 'stat', path, right: 'rename' });
  if (!found.ok) return turn.refuse(found.error, 'inspect');
  if (found.value.entry === undefined) return turn.refuse('no_such_entry', 'inspect');
  turn.change({ renameFrom: path });
  turn.reply(350, 'Send RNTO with the new name.');
}

function* renameTo(turn: Turn): Steps {
  const path = turn.before.renameFrom;
  if (path === '') return turn.reply(503, 'Send RNFR just before.');
  const targetPath = turn.resolve(turn.argument, 'rename');
  if (targetPath === undefined) return;
  if (targetPath === '/') return turn.refuse('entry_exists', 'rename');
  const renamed = yield* turn.call<'rename'>({ kind: 'rename', path, targetPath });
  if (!renamed.ok) return turn.refuse(renamed.error, 'rename');
  turn.change({ sizedPath: '' });
  turn.reply(250, 'Renamed.');
}

const rows = {
  PWD: { syntax: 'PWD', argument: 'none', run: workingDirectory },
  CWD: { syntax: 'CWD <directory>', argument: 'required', run: changeDirectory },
  CDUP: { syntax: 'CDUP', argument: 'none', run: changeUp },
  MKD: { syntax: 'MKD <directory>', argument: 'required', run: makeDirectory },
  RMD: { syntax: 'RMD <directory>', argument: 'required', run: remove('removeDirectory', 'remove_directory') },
} as const satisfies CommandRows;
/** The older names of RFC 775, which RFC 1123 §4.1.3.1 keeps. */
const older = (row: CommandRow): CommandRow => ({ ...row, syntax: `X${row.syntax}` });

export const pathCommands: CommandRows = {
  ...rows,
  XPWD: older(rows.PWD),
  XCWD: older(rows.CWD),
  XCUP: { ...rows.CDUP, syntax: 'XCUP' },
  XMKD: older(rows.MKD),
  XRMD: older(rows.RMD),
  DELE: { syntax: 'DELE <file>', argument: 'required', run: remove('removeFile', 'remove_file') },
  RNFR: { syntax: 'RNFR <path>', argument: 'required', run: renameFrom },
  RNTO: { syntax: 'RNTO <path>', argument: 'required', run: renameTo },
};
