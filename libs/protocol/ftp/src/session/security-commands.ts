/** TLS of the two connections. Source: RFC 2228 §3, RFC 4217. */
import { restartedSession } from './fresh.ts';
import type { CommandRows, Turn } from './turn.ts';

/** Whether the data connections are private from the beginning: so it was in the draft that RFC 4217 replaced. */
const mechanisms: ReadonlyMap<string, boolean> = new Map([
  ['TLS', false],
  ['TLS-C', false],
  ['SSL', true],
  ['TLS-P', true],
]);

function authenticate(turn: Turn): void {
  const dataTls = mechanisms.get(turn.argument.trim().toUpperCase());
  if (dataTls === undefined) return turn.reply(504, 'AUTH takes TLS.');
  if (!turn.session.tlsAvailable) return turn.reply(502, 'TLS is not set up here.');
  if (turn.session.controlTls) return turn.reply(503, 'The connection is under TLS already.');
  turn.reply(234, 'Begin the TLS handshake.');
  // A login made in clear does not count under TLS (RFC 4217 §4.2).
  turn.change({ ...restartedSession(turn.session), controlTls: true, dataTls, protectionBuffer: dataTls });
  turn.direct({ $case: 'startTls', value: {} });
}

function protectionBuffer(turn: Turn): void {
  if (!turn.session.controlTls) return turn.reply(503, 'Send AUTH TLS first.');
  if (!/^\d{1,10}$/.test(turn.argument.trim())) return turn.reply(501, 'PBSZ takes a number.');
  turn.change({ protectionBuffer: true });
  turn.reply(200, 'PBSZ=0');
}

function protection(turn: Turn): void {
  if (!turn.session.protectionBuffer) return turn.reply(503, 'Send PBSZ first.');
  switch (turn.argument.trim().toUpperCase()) {
    case 'C':
      if (turn.context.tlsRequired === 'data') return turn.reply(534, 'Data connections must be under TLS here.');
      turn.change({ dataTls: false });
      return turn.reply(200, 'Data connections are in clear.');
    case 'P':
      turn.change({ dataTls: true });
      return turn.reply(200, 'Data connections are private.');
    case 'S':
    case 'E':
      return turn.reply(536, 'TLS knows the levels C and P only.');
    default:
      return turn.reply(504, 'PROT takes C or P.');
  }
}

function clear(turn: Turn): void {
  if (!turn.session.controlTls) return turn.reply(533, 'The connection is in clear already.');
  turn.reply(534, 'The control connection stays under TLS.');
}

/** RFC 2228 §3: ADAT comes after an AUTH that asked for it with 334; AUTH TLS does not. */
const securityData = (turn: Turn): void => turn.reply(503, 'AUTH TLS needs no ADAT.');

export const securityCommands: CommandRows = {
  AUTH: { syntax: 'AUTH TLS', argument: 'required', anytime: true, run: authenticate },
  ADAT: { syntax: 'ADAT <base64>', argument: 'optional', anytime: true, run: securityData },
  PBSZ: { syntax: 'PBSZ 0', argument: 'required', anytime: true, keepsRestart: true, run: protectionBuffer },
  PROT: { syntax: 'PROT C|P', argument: 'required', anytime: true, keepsRestart: true, run: protection },
  CCC: { syntax: 'CCC', argument: 'none', anytime: true, run: clear },
};
