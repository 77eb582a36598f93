/**
 * The session machine: a command line in, calls and directives out.
 *
 * What holds for every command stands in {@link SessionMachine}; what one command does stands in its row of the table.
 * A row that must ask auth or data is a generator: it yields the call and goes on with the answer, so that its rule
 * reads from top to bottom while the machine stays pure.
 */
import { assert, type Machine } from '@skerry/kernel';
import { processing } from '@skerry/proto';
import { parseCommand, type CommandFault } from '../command.ts';
import { commands, knownButAbsent } from './table.ts';
import { Turn, type CommandRow, type Steps } from './turn.ts';
import type { BackendAnswer, Session, SessionContext, SessionEffect, SessionInput } from './types.ts';

export class SessionMachine implements Machine<SessionInput, SessionEffect> {
  #session: Session;
  readonly #context: SessionContext;
  /** The line under way. */
  #turn: Turn | undefined;
  #steps: Steps | undefined;

  constructor(session: Session, context: SessionContext) {
    this.#session = session;
    this.#context = context;
  }

  step(input: SessionInput): readonly SessionEffect[] {
    switch (input.kind) {
      case 'command':
        assert(this.#turn === undefined, 'a command line came before the last one was done');
        return this.#begin(input.line);
      case 'answer':
        return this.#goOn(input.answer);
    }
  }

  #begin(line: Uint8Array): readonly SessionEffect[] {
    const before = this.#session;
    const command = parseCommand(line);
    const verb = command.ok ? command.value.verb : command.error.kind === 'not_utf8' ? command.error.verb : '';
    const row = commands.get(verb);
    // A marker or a name that outlives its moment harms the next transfer: any line but the named ones clears them.
    const kept = row?.keepsRestart === true;
    const turn = new Turn({
      verb,
      argument: command.ok ? command.value.argument : '',
      before,
      session: {
        ...before,
        restartOffset: kept ? before.restartOffset : 0,
        rangeEnd: kept ? before.rangeEnd : undefined,
        renameFrom: '',
      },
      context: this.#context,
    });
    this.#turn = turn;
    const fault = command.ok ? undefined : command.error;
    const steps = admits(turn, row, fault) ? row.run(turn) : undefined;
    if (!isSteps(steps)) return this.#finish(turn);
    this.#steps = steps;
    return this.#advance(turn, steps.next());
  }

  #goOn(answer: BackendAnswer): readonly SessionEffect[] {
    const [turn, steps] = [this.#turn, this.#steps];
    assert(turn !== undefined && steps !== undefined, 'an answer came without a call');
    return this.#advance(turn, steps.next(answer));
  }

  #advance(turn: Turn, result: ReturnType<Steps['next']>): readonly SessionEffect[] {
    return result.done === true ? this.#finish(turn) : [...turn.drain(), { kind: 'call', call: result.value }];
  }

  #finish(turn: Turn): readonly SessionEffect[] {
    this.#session = turn.session;
    this.#turn = undefined;
    this.#steps = undefined;
    return [...turn.drain(), { kind: 'finished', session: turn.session }];
  }
}

const isSteps = (value: Steps | void): value is Steps => value !== undefined;

/** What holds for every command: the state × command table. False: it was answered. */
function admits(turn: Turn, row: CommandRow | undefined, fault: CommandFault | undefined): row is CommandRow {
  const refusal = refusalOf(turn, row, fault);
  if (refusal !== undefined) turn.reply(...refusal);
  return refusal === undefined;
}

function refusalOf(
  turn: Turn,
  row: CommandRow | undefined,
  fault: CommandFault | undefined,
): readonly [code: number, text: string] | undefined {
  if (fault?.kind === 'empty') return [500, 'Empty line.'];
  if (fault?.kind === 'verb_malformed') return [500, 'Not a command.'];
  if (row === undefined) {
    const why = knownButAbsent.get(turn.verb);
    return why === undefined ? [500, 'Unknown command.'] : [502, why];
  }
  if (turn.session.transferring && row.duringTransfer !== true) return [503, 'A transfer is under way.'];
  if (row.anytime !== true && turn.session.phase !== processing.Phase.LOGGED_IN)
    return [530, 'Log in with USER and PASS.'];
  if (fault?.kind === 'not_utf8') return [501, 'The argument is not UTF-8.'];
  if (row.argument === 'required' && turn.argument.trim() === '') return [501, `Syntax: ${row.syntax}`];
  if (row.argument === 'none' && turn.argument.trim() !== '') return [501, `Syntax: ${row.syntax}`];
  return undefined;
}
