/** Bytes over a data connection. Source: RFC 959 §4.1.3, RFC 3659 §5 and §7, RFC 1123 §4.1.2.7. */
import { processing } from '@skerry/proto';
import { begin, unprotected } from './begin-transfer.ts';
import type { CommandRows, Steps, Turn } from './turn.ts';

const { TransferKind, TransferType } = processing;

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
  const { rangeEnd } = turn.before;
  const length = rangeEnd === undefined ? undefined : rangeEnd - offset + 1;
  yield* begin(turn, { kind: TransferKind.RETRIEVE, operation: 'retrieve', path, offset, length });
}

/** An upload takes the place of a file from REST's marker to the end: a range in its middle cannot be written. */
function ranged(turn: Turn): boolean {
  if (turn.before.rangeEnd === undefined) return false;
  turn.reply(504, 'RANG is for RETR and HASH only.');
  return true;
}

/** What one upload used up: ALLO's announcement, and what SIZE said of the file. */
function forgetUpload(turn: Turn, path: string): void {
  turn.change({ announcedLength: undefined });
  if (turn.session.sizedPath === path) turn.change({ sizedPath: '' });
}

function* store(turn: Turn): Steps {
  if (unprotected(turn) || ranged(turn)) return;
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
  if (unprotected(turn) || ranged(turn)) return;
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
  if (unprotected(turn) || ranged(turn)) return;
  const path = turn.session.workingDirectory;
  forgetUpload(turn, path);
  yield* begin(turn, { kind: TransferKind.STORE, operation: 'store', path, uniqueName: true });
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
  ABOR: { syntax: 'ABOR', argument: 'none', anytime: true, duringTransfer: true, run: abort },
};
