/** Who the client is. Source: RFC 959 §4.1.1, RFC 7151 (HOST), RFC 2640 §4 (LANG). */
import { emptyBytes, type Reason } from '@skerry/kernel';
import { processing } from '@skerry/proto';
import { canonicalHost } from '../address.ts';
import { reinitialisedSession } from './fresh.ts';
import type { CommandRows, Steps, Turn } from './turn.ts';

/** Failed logins of one connection; the last one ends it, so that guessing costs a connection for each few words. */
export const loginFailuresMax = 5;

const { Phase } = processing;
/** About who logs in, not about us. */
const blames: ReadonlySet<Reason> = new Set<Reason>([
  'credentials',
  'too_many_failures',
  'no_such_user',
  'account_disabled',
]);

function user(turn: Turn): void {
  const { tlsRequired = 'no' } = turn.context;
  if (tlsRequired !== 'no' && !turn.session.controlTls)
    return turn.reply(530, 'Secure the connection with AUTH TLS first.');
  turn.change({ phase: Phase.USER_GIVEN, user: turn.argument, grant: emptyBytes });
  turn.reply(331, 'Password, please.');
}

function refuseLogin(turn: Turn, reason: Reason): void {
  const failedLogins = turn.session.failedLogins + (blames.has(reason) ? 1 : 0);
  turn.change({ phase: Phase.GREETED, user: '', failedLogins });
  if (failedLogins < loginFailuresMax) return turn.refuse(reason, 'login');
  turn.reply(421, 'Too many failed logins.');
  turn.close();
}

function* pass(turn: Turn): Steps {
  if (turn.session.phase !== Phase.USER_GIVEN) return turn.reply(503, 'Send USER first.');
  const login = yield* turn.call<'login'>({ kind: 'login', user: turn.session.user, password: turn.argument });
  if (!login.ok) return refuseLogin(turn, login.error);
  const { grant } = login.value;
  turn.change({ phase: Phase.LOGGED_IN, grant, workingDirectory: '/', sizedPath: '', announcedLength: undefined });
  turn.reply(230, 'Logged in.');
}

function quit(turn: Turn): void {
  turn.reply(221, 'Goodbye.');
  turn.close();
}

function reinitialise(turn: Turn): void {
  // RFC 4217 §13: a server that does it under TLS must take TLS off. RFC 959 §5.4 lets it answer 502, and RFC 1123
  // §4.1.2.13 does not count it to what all must do: a connection that falls back to clear text is what an attacker asks for.
  if (turn.session.controlTls) return turn.reply(502, 'Not under TLS: open a new connection instead.');
  turn.change(reinitialisedSession(turn.session));
  turn.reply(220, 'As at the beginning; send USER.');
}

/** RFC 7151 §3.1: what may stand between `ftp://` and the port of a URL. */
function isHostName(name: string): boolean {
  const literal = /^\[([0-9a-f:.]+)\]$/.exec(name)?.[1];
  if (literal !== undefined) return literal.includes(':') && canonicalHost(literal) !== undefined;
  return name.length <= 253 && name.split('.').every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label));
}

function host(turn: Turn): void {
  if (turn.session.phase !== Phase.GREETED) return turn.reply(503, 'HOST comes before USER.');
  const name = turn.argument.trim().toLowerCase();
  if (!isHostName(name)) return turn.reply(501, 'HOST takes a domain name, an IPv4 address, or [an IPv6 address].');
  const { hosts } = turn.context;
  if (hosts !== undefined && hosts.length > 0 && !hosts.includes(name)) return turn.reply(504, 'No such host here.');
  turn.change({ virtualHost: name });
  turn.reply(220, 'Host accepted.');
}

function language(turn: Turn): void {
  const tag = turn.argument.trim();
  if (tag !== '' && !/^en(-[A-Za-z0-9]{1,8})*$/i.test(tag)) return turn.reply(504, 'Replies are in English (EN) only.');
  turn.change({ language: tag === '' ? '' : 'en' });
  turn.reply(200, 'Replies are in English.');
}

function client(turn: Turn): void {
  turn.change({ clientName: turn.argument });
  turn.reply(200, 'Noted.');
}

export const loginCommands: CommandRows = {
  USER: { syntax: 'USER <name>', argument: 'required', anytime: true, run: user },
  PASS: { syntax: 'PASS <password>', argument: 'optional', anytime: true, run: pass },
  ACCT: {
    syntax: 'ACCT <account>',
    argument: 'required',
    anytime: true,
    run: (turn) => turn.reply(202, 'No accounts here beside the users.'),
  },
  QUIT: { syntax: 'QUIT', argument: 'ignored', anytime: true, duringTransfer: true, run: quit },
  REIN: { syntax: 'REIN', argument: 'none', anytime: true, run: reinitialise },
  HOST: { syntax: 'HOST <name>', argument: 'required', anytime: true, run: host },
  LANG: { syntax: 'LANG [<tag>]', argument: 'optional', anytime: true, run: language },
  CLNT: { syntax: 'CLNT <program>', argument: 'required', anytime: true, run: client },
};
