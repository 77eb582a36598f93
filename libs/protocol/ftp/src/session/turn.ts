/** One command line under way: what its rules see and change. */
import { assert, fail, ok, type Reason, type Result } from '@skerry/kernel';
import { replyForFailure, type FtpOperation } from '../failure-replies.ts';
import { resolvePath } from '../path.ts';
import type {
  BackendAnswer,
  BackendAnswers,
  BackendCall,
  BackendKind,
  DirectiveKind,
  Session,
  SessionContext,
  SessionEffect,
} from './types.ts';

/** A rule that waits for answers: what it yields is a call, what it is resumed with is the answer to that call. */
export type Steps<T = void> = Generator<BackendCall, T, BackendAnswer>;

export class Turn {
  /** Upper case. */
  readonly verb: string;
  readonly argument: string;
  /** The session as the line found it, with the REST marker and the RNFR path that the line may have cleared. */
  readonly before: Session;
  readonly context: SessionContext;
  #session: Session;
  #effects: SessionEffect[] = [];

  constructor(line: {
    readonly verb: string;
    readonly argument: string;
    readonly before: Session;
    readonly session: Session;
    readonly context: SessionContext;
  }) {
    this.verb = line.verb;
    this.argument = line.argument;
    this.before = line.before;
    this.#session = line.session;
    this.context = line.context;
  }

  /** The session as it will be after the line. */
  get session(): Session {
    return this.#session;
  }
  change(fields: Partial<Session>): void {
    this.#session = { ...this.#session, ...fields };
  }

  reply(code: number, ...lines: readonly string[]): void {
    this.direct({ $case: 'reply', value: { code, lines: [...lines] } });
  }
  direct(kind: DirectiveKind): void {
    this.#effects.push({ kind: 'directive', directive: { kind } });
  }
  close(): void {
    this.direct({ $case: 'closeControl', value: {} });
  }
  /** Answers a failure; 421 ends the connection. */
  refuse(reason: Reason, operation: FtpOperation): void {
    const { code, text } = replyForFailure(reason, operation);
    this.reply(code, text);
    if (code === 421) this.close();
  }

  /** The path that the text means; undefined when it means none, which is answered then. */
  resolve(text: string, operation: FtpOperation): string | undefined {
    const path = resolvePath(this.#session.workingDirectory, text);
    if (path.ok) return path.value;
    this.refuse(path.error, operation);
    return undefined;
  }

  *call<K extends BackendKind>(call: Extract<BackendCall, { kind: K }>): Steps<Result<BackendAnswers[K], Reason>> {
    const answer = yield call;
    if (answer.kind === 'failed') return fail(answer.reason);
    assert(answer.kind === call.kind, `call "${call.kind}" was answered as "${answer.kind}"`);
    // The kinds are equal, so the value is the one that belongs to the call.
    return ok(answer.value as BackendAnswers[K]);
  }

  /** The effects since the last time. */
  drain(): SessionEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}

export type CommandRow = {
  /** As HELP shows it. */
  readonly syntax: string;
  /** `none`: anything behind the verb is a fault. `ignored`: the standard has no reply for that fault. */
  readonly argument: 'none' | 'ignored' | 'optional' | 'required';
  /** Before login too. */
  readonly anytime?: boolean;
  /** Acts while a transfer runs; all others wait for its end. */
  readonly duringTransfer?: boolean;
  /** Leaves REST's marker in place. */
  readonly keepsRestart?: boolean;
  readonly run: (turn: Turn) => Steps | void;
};
export type CommandRows = Readonly<Record<string, CommandRow>>;
