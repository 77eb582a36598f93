/** Settings of the router. Every time and count that a client can stretch is one of them. */
import { flag, hostPattern, integer, oneOf, optionalText, text, type ConfigOf } from '@skerry/runtime-config';
import { guardSettings } from './guard-settings.ts';
import { operatorSettings } from './operator-settings.ts';

const anHour = 3_600_000;

export const settings = {
  ftpHost: optionalText({
    pattern: hostPattern,
    wanted: 'an address of this machine',
    placeholder: 'ADDR',
    help: "address to listen on for FTP; 0.0.0.0 or :: for all. Default: the node's own --host, which is loopback",
  }),
  ftpPort: integer({ default: 2121, min: 0, max: 65_535, help: 'port of FTP control connections; 0: a free one' }),
  ftpGreeting: text({
    default: 'FTP server ready.',
    pattern: /^[^\r\n\0]{1,200}$/,
    wanted: 'one line of 1 to 200 characters',
    help: 'text of the greeting; names no product and no version, which would only help an attacker',
  }),
  passivePorts: text({
    default: '30000-30099',
    pattern: /^\d{1,5}-\d{1,5}$/,
    wanted: 'FIRST-LAST, or 0-0 for any free port',
    placeholder: 'FIRST-LAST',
    help: 'ports for passive data connections; clients from different addresses share one',
  }),
  passiveHost: optionalText({
    pattern: hostPattern,
    wanted: 'an address that clients can reach',
    placeholder: 'ADDR',
    help: 'address told to passive clients (behind NAT). Default: the one that the client connected to',
  }),
  passiveBind: optionalText({
    pattern: hostPattern,
    wanted: 'an address of this machine',
    placeholder: 'ADDR',
    help: 'address to listen on for passive data. Default: the one that the client connected to',
  }),
  activePort: integer({
    default: 0,
    min: 0,
    max: 65_535,
    help: 'port from which active data connections are made; 0: any, which needs no privilege',
  }),
  tlsCert: optionalText({
    placeholder: 'FILE',
    help: 'PEM certificate (chain) for AUTH TLS. Default: a self-made one, kept in the data directory',
  }),
  tlsKey: optionalText({ placeholder: 'FILE', help: 'PEM private key of the certificate' }),
  tlsSessionReuse: flag({
    help: 'refuse data connections under TLS that resume no session. Off: many clients cannot',
  }),
  tlsCloseNotify: oneOf({
    default: 'required',
    choices: ['required', 'optional'],
    help:
      'whether an upload under TLS must end with close_notify (RFC 8446 §6.1). Required: a bare end is a cut, since ' +
      'whoever sits on the network can make one; optional: for clients that send none, an end as on a plain connection, and TLS 1.2 only',
  }),
  ftpSessionsMax: integer({
    default: 2_000,
    min: 1,
    max: 100_000,
    unit: 'sessions',
    help: 'most sessions at once; one more gets 421. Each holds a socket and some 40 KB',
  }),
  ftpSessionsPerAddressMax: integer({
    default: 100,
    min: 1,
    max: 100_000,
    unit: 'sessions',
    help: 'most sessions at once from one client address, over all routers; one more gets 421. As many as there are passive ports',
  }),
  ftpLoginTimeoutMs: integer({
    default: 60_000,
    min: 100,
    max: anHour,
    unit: 'ms',
    help: 'longest time from the connection to a login; then 421. A person types a password in less',
  }),
  ftpIdleTimeoutMs: integer({
    default: 600_000,
    min: 100,
    max: 24 * anHour,
    unit: 'ms',
    help: 'longest time without a command; then 421. Rests while a transfer runs',
  }),
  ftpDataAcceptMs: integer({
    default: 30_000,
    min: 50,
    max: anHour,
    unit: 'ms',
    help: 'longest wait for the data connection and its TLS handshake; then 425',
  }),
  ftpDataStallMs: integer({
    default: 120_000,
    min: 50,
    max: 24 * anHour,
    unit: 'ms',
    help: 'longest time in which a transfer moves no byte at the client; then 426',
  }),
  ftpCommandDeadlineMs: integer({
    default: 12_000,
    min: 100,
    max: anHour,
    unit: 'ms',
    help: 'longest time for a command at the processors, all tries together; then 451, before login 421',
  }),
  ftpCommandQueueMax: integer({
    default: 1_000,
    min: 1,
    max: 100_000,
    unit: 'commands',
    help: 'most commands sent ahead of their replies in one session; one more ends it with 421',
  }),
  ftpMalformedLinesMax: integer({
    default: 20,
    min: 1,
    max: 100_000,
    unit: 'lines',
    help: 'most lines in one session that are too long or hold NUL; one more ends it with 421',
  }),
  ...guardSettings,
  ...operatorSettings,
};
export type Config = ConfigOf<typeof settings> & {
  /** Of the node, see `nodeSettings`. */
  readonly host?: string;
};
/** Where clients are awaited. */
export const doorHost = ({ ftpHost, host }: Config): string => ftpHost ?? host ?? '127.0.0.1';

export type PortRange = { readonly first: number; readonly last: number };
/** `0-0` is any port. Undefined when the text names no range of ports. */
export function parsePortRange(range: string): PortRange | undefined {
  const [first = -1, last = -1] = range.split('-').map(Number);
  if (first === 0 && last === 0) return { first, last };
  return first >= 1 && last <= 65_535 && first <= last ? { first, last } : undefined;
}

/**
 * A line for the operator when clients may run out of passive ports before they run out of sessions. Sessions of one
 * address count: those of different addresses share a port.
 */
export function passiveShortage(
  config: Pick<Config, 'passivePorts' | 'ftpSessionsMax' | 'ftpSessionsPerAddressMax'>,
): string | undefined {
  const { passivePorts, ftpSessionsMax, ftpSessionsPerAddressMax } = config;
  const range = parsePortRange(passivePorts);
  if (range === undefined || range.first === 0) return undefined;
  const ports = range.last - range.first + 1;
  const sessions = Math.min(ftpSessionsMax, ftpSessionsPerAddressMax);
  if (ports >= sessions) return undefined;
  return (
    `passive ports ${passivePorts} are ${ports}, but one client address may have ${sessions} sessions: ` +
    `while ${ports} of them wait for a data connection, the next PASV gets 425; widen --passive-ports`
  );
}
