/** For tests: a session machine with a small file tree behind it, spoken to line by line. */
import { fail, ok, unreachable, utf8, type Reason, type Result } from '@skerry/kernel';
import { data, processing } from '@skerry/proto';
import { allRights, type ListedEntry } from '../listing.ts';
import { freshSession } from './fresh.ts';
import { SessionMachine } from './machine.ts';
import type { BackendAnswer, BackendAnswers, BackendCall, BackendKind, Session, SessionContext } from './types.ts';

export const nowMs = 1_718_452_800_000;

export const connected = (fields: Partial<Session> = {}): Session => ({
  ...freshSession({
    id: '0123456789abcdef0123456789abcdef',
    clientHost: '127.0.0.1',
    clientPort: 40_000,
    serverHost: '127.0.0.1',
    serverPort: 2121,
    controlTls: false,
    tlsAvailable: true,
    tlsRequired: processing.TlsRequirement.UNSPECIFIED,
    connectedAtMs: nowMs,
    idleMaxMs: 300_000,
  }),
  ...fields,
});
export const loggedIn = (fields: Partial<Session> = {}): Session =>
  connected({ phase: processing.Phase.LOGGED_IN, user: 'ada', grant: utf8('grant'), ...fields });

const entryAt = (path: string, fields: Partial<ListedEntry>): ListedEntry => ({
  name: path.slice(path.lastIndexOf('/') + 1),
  kind: data.EntryKind.FILE,
  size: 0,
  modifiedAtMs: nowMs,
  createdAtMs: nowMs,
  mode: 0o644,
  owner: 'ada',
  group: 'ada',
  id: '0123456789abcdef0123456789abcdef',
  version: 1,
  ...fields,
});
const directory = { kind: data.EntryKind.DIRECTORY, mode: 0o755 } as const;

/** Of `/cut.bin`, and of `/new.bin` that has no version, an upload was cut: see {@link stages}. */
const tree: Readonly<Record<string, Partial<ListedEntry>>> = {
  '/': directory,
  '/sub': directory,
  '/a"b': directory,
  '/notes.txt': { size: 12 },
  '/[x]': { size: 1 },
  '/cut.bin': { size: 100 },
  '/sub/deep.txt': { size: 3 },
  '/part 1': { size: 1 },
};
const stages: Readonly<Record<string, number>> = { '/cut.bin': 40, '/new.bin': 7 };

const look = (path: string): ListedEntry | undefined =>
  tree[path] === undefined ? undefined : entryAt(path, tree[path]);

function listed(path: string, countMax: number): Result<BackendAnswers['list'], Reason> {
  const self = look(path);
  if (self === undefined) return fail('no_such_entry');
  const inside = Object.keys(tree).filter(
    (each) => each !== '/' && each.startsWith('/') && !each.slice(1).includes('/'),
  );
  const entries = inside.flatMap((each) => look(each) ?? []);
  return ok({ self, entries: entries.slice(0, countMax), complete: entries.length <= countMax });
}

function answerOf(call: BackendCall): Result<BackendAnswers[BackendKind], Reason> {
  switch (call.kind) {
    case 'login':
      return call.password === 'right' ? ok({ grant: utf8('grant') }) : fail('credentials');
    case 'stat':
      return ok({ entry: look(call.path), stageLength: stages[call.path], rights: allRights });
    case 'list':
      return listed(call.path, call.countMax);
    case 'makeDirectory':
      return look(call.path) === undefined ? ok({}) : fail('entry_exists');
    case 'removeDirectory':
      return call.path === '/sub' ? fail('directory_not_empty') : look(call.path) ? ok({}) : fail('no_such_entry');
    case 'removeFile':
    case 'setAttributes':
    case 'rename':
      return look(call.path) === undefined ? fail('no_such_entry') : ok({});
    case 'combine':
      return call.partPaths.every((path) => look(path) !== undefined) ? ok({}) : fail('no_such_entry');
    case 'account':
      return ok({ administrator: false });
    case 'changePassword':
      return call.oldPassword === 'right' ? ok({}) : fail('credentials');
    case 'usage':
      return ok({ bytes: 5, files: 2, quotaBytes: 10, freeBytes: 1_000 });
    case 'prepare':
      return ok({ ticket: utf8(`${call.operation} ${call.path}`), rights: allRights });
    default:
      return unreachable(call);
  }
}

const nameOf = (directive: processing.Directive): string => {
  const { kind } = directive;
  return kind?.$case === 'reply' ? String(kind.value.code) : (kind?.$case ?? '');
};

/** A conversation: each line's outcome, and what was asked behind the scenes. */
export class Conversation {
  session: Session;
  /** Answers calls of this kind instead of the tree. */
  failing: { readonly kind: BackendKind; readonly reason: Reason } | undefined;
  calls: BackendCall[] = [];
  directives: readonly processing.Directive[] = [];
  readonly #context: SessionContext;

  constructor(session: Session, context: Partial<SessionContext> = {}) {
    this.session = session;
    this.#context = { nowMs, ...context };
  }

  /** The directives of one line: a reply's code, or a directive's name, joined by blanks. */
  say(line: string | Uint8Array): string {
    const machine = new SessionMachine(this.session, this.#context);
    const directives: processing.Directive[] = [];
    this.calls = [];
    let effects = machine.step({ kind: 'command', line: typeof line === 'string' ? utf8(line) : line });
    for (;;) {
      for (const effect of effects) if (effect.kind === 'directive') directives.push(effect.directive);
      const last = effects.at(-1);
      if (last?.kind === 'finished') this.session = last.session;
      if (last?.kind !== 'call') break;
      this.calls.push(last.call);
      effects = machine.step({ kind: 'answer', answer: this.#answer(last.call) });
    }
    this.directives = directives;
    return directives.map(nameOf).join(' ');
  }

  /** The lines of the last reply. */
  get replyLines(): readonly string[] {
    const replies = this.directives.flatMap(({ kind }) => (kind?.$case === 'reply' ? [kind.value] : []));
    return replies.at(-1)?.lines ?? [];
  }
  /** The checksum that the last line asks for. */
  get digest(): processing.Digest | undefined {
    return this.directives.flatMap(({ kind }) => (kind?.$case === 'digest' ? [kind.value] : []))[0];
  }
  /** The transfer that the last line began. */
  get transfer(): processing.Transfer | undefined {
    return this.directives.flatMap(({ kind }) => (kind?.$case === 'transfer' ? [kind.value] : []))[0];
  }

  #answer(call: BackendCall): BackendAnswer {
    if (this.failing?.kind === call.kind) return { kind: 'failed', reason: this.failing.reason };
    const answer = answerOf(call);
    // The tree answers each kind with the value of that kind.
    return answer.ok
      ? ({ kind: call.kind, value: answer.value } as BackendAnswer)
      : { kind: 'failed', reason: answer.error };
  }
}
