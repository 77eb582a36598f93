/** Where the next data connection goes. Source: RFC 959 §4.1.2, RFC 2428, RFC 2577 §3 (bounce attacks). */
import { familyOf, parseExtendedPort, parsePort, sameHost, type HostPort } from '../address.ts';
import type { CommandRow, CommandRows, Turn } from './turn.ts';

/** Ports below belong to services; no client listens there for data (RFC 2577 §3). */
const portMin = 1024;

const barred = (turn: Turn): boolean => {
  if (turn.session.extendedPassiveOnly) turn.reply(503, 'After EPSV ALL only EPSV opens data connections.');
  return turn.session.extendedPassiveOnly;
};

function passive(turn: Turn): void {
  if (barred(turn)) return;
  if (familyOf(turn.session.serverHost) === 2) return turn.reply(425, 'PASV cannot name an IPv6 address; use EPSV.');
  turn.direct({ $case: 'openPassive', value: { extended: false, family: 1 } });
}

function extendedPassive(turn: Turn): void {
  const word = turn.argument.trim().toUpperCase();
  if (word === 'ALL') {
    turn.change({ extendedPassiveOnly: true });
    return turn.reply(200, 'From now on EPSV only.');
  }
  if (!/^\d{0,5}$/.test(word)) return turn.reply(501, 'EPSV takes 1, 2 or ALL.');
  const family = familyOf(turn.session.serverHost);
  if (word !== '' && Number(word) !== family) return turn.reply(522, `Network protocol not supported, use (${family})`);
  turn.direct({ $case: 'openPassive', value: { extended: true, family: word === '' ? 0 : family } });
}

function connect(turn: Turn, { host, port }: HostPort): void {
  if (!sameHost(host, turn.session.clientHost)) return turn.reply(504, 'Data connections go to your own address only.');
  if (port < portMin) return turn.reply(504, `Data connections go to ports from ${portMin} on.`);
  // The control connection's own text of it: the client's may lack the zone that a link-local address needs.
  turn.direct({ $case: 'connectActive', value: { host: turn.session.clientHost, port } });
  turn.reply(200, `${turn.verb} accepted.`);
}

function active(turn: Turn): void {
  if (barred(turn)) return;
  const target = parsePort(turn.argument);
  if (!target.ok) return turn.reply(501, 'PORT takes six numbers from 0 to 255.');
  connect(turn, target.value);
}

function extendedActive(turn: Turn): void {
  if (barred(turn)) return;
  const target = parseExtendedPort(turn.argument);
  if (target.ok) return connect(turn, target.value);
  if (target.error === 'family') return turn.reply(522, 'Network protocol not supported, use (1,2)');
  turn.reply(501, 'EPRT takes |family|address|port|.');
}

const row = (fields: Omit<CommandRow, 'keepsRestart'>): CommandRow => ({ ...fields, keepsRestart: true });

export const addressCommands: CommandRows = {
  PASV: row({ syntax: 'PASV', argument: 'none', run: passive }),
  EPSV: row({ syntax: 'EPSV [1|2|ALL]', argument: 'optional', run: extendedPassive }),
  PORT: row({ syntax: 'PORT h1,h2,h3,h4,p1,p2', argument: 'required', run: active }),
  EPRT: row({ syntax: 'EPRT |family|address|port|', argument: 'required', run: extendedActive }),
};
