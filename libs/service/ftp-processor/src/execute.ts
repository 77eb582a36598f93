/** One line of one session: the machine decides, the backend answers. */
import { assert, isHexId, StatusError } from '@skerry/kernel';
import { processing } from '@skerry/proto';
import { commandLineSizeMaxBytes, SessionMachine, type BackendCall, type TlsRequired } from '@skerry/protocol-ftp';
import type { Deadline } from '@skerry/runtime-discovery';
import { giveUp, type CallContext } from '@skerry/runtime-rpc';
import { Backend, type BackendParts } from './backend.ts';

export type ExecuteParts = BackendParts & {
  /** See the session's context. */
  readonly hosts: readonly string[];
  /** For auth and data, all tries together. */
  readonly deadlineMs: number;
};

/** The door decides. */
const tlsRequirements: Readonly<Record<processing.TlsRequirement, TlsRequired>> = {
  [processing.TlsRequirement.UNSPECIFIED]: 'no',
  [processing.TlsRequirement.LOGIN]: 'login',
  [processing.TlsRequirement.DATA]: 'data',
};

/** @throws StatusError `malformed` for what no router sends, `cancelled` when the router went away. */
export async function execute(
  parts: ExecuteParts,
  request: processing.ExecuteRequest,
  caller: Pick<CallContext, 'signal'>,
): Promise<processing.ExecuteResponse> {
  const { operationId, line, loginPast } = request;
  const session = checkedSession(request);
  const deadline = new LineDeadline(parts.clock.monotonicMs() + parts.deadlineMs, caller);
  const backend = new Backend(parts, { operationId, session, deadline, loginPast });
  const { clock, hosts } = parts;
  const tlsRequired = tlsRequirements[session.tlsRequired];
  const machine = new SessionMachine(session, { nowMs: clock.wallMs(), tlsRequired, hosts });
  const directives: processing.Directive[] = [];
  let effects = machine.step({ kind: 'command', line });
  for (;;) {
    let call: BackendCall | undefined;
    for (const effect of effects) {
      if (effect.kind === 'finished')
        return giveUp({
          session: renewed(effect.session, session, backend.grant),
          directives,
          deeds: backend.deeds,
        });
      if (effect.kind === 'directive') directives.push(effect.directive);
      else call = effect.call;
    }
    assert(call !== undefined, 'a line that is not finished asks for something');
    effects = machine.step({ kind: 'answer', answer: await backend.answer(call) });
  }
}

class LineDeadline implements Deadline {
  readonly atMs: number;
  readonly #caller: Pick<CallContext, 'signal'>;

  constructor(atMs: number, caller: Pick<CallContext, 'signal'>) {
    this.atMs = atMs;
    this.#caller = caller;
  }
  // Made when it is asked for, and most lines ask nobody.
  get signal(): AbortSignal {
    return this.#caller.signal;
  }
}

function checkedSession({ session, operationId, line }: processing.ExecuteRequest): processing.Session {
  if (session === undefined) throw new StatusError('malformed', 'Cannot execute the line: the session is missing');
  if (!isHexId(operationId))
    throw new StatusError(
      'malformed',
      `Cannot execute the line: operation id must be 32 hexadecimal digits: got "${operationId}"`,
    );
  if (line.length > commandLineSizeMaxBytes)
    throw new StatusError(
      'malformed',
      `Cannot execute the line: it has ${line.length} bytes, ${commandLineSizeMaxBytes} at most`,
    );
  return session;
}

/** The session with the fresh grant that the line needed, unless the line itself replaced or dropped the grant. */
function renewed(
  after: Readonly<processing.Session>,
  before: Readonly<processing.Session>,
  grant: Uint8Array | undefined,
): processing.Session {
  return grant === undefined || after.grant !== before.grant ? after : { ...after, grant };
}
