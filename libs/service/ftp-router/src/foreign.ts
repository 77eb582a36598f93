/**
 * First words of other protocols: a browser that is made to speak to us (cross-protocol attack), a mail client, or a
 * proxy that is not trusted. Answered once and closed, so that nothing behind them runs.
 */
import { parseCommand } from '@skerry/protocol-ftp';

const foreignVerbs: ReadonlySet<string> = new Set([
  // HTTP (RFC 9110 §9). DELETE, HEAD and the like are no FTP commands either.
  ...['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH', 'PRI'],
  // SMTP (RFC 5321 §4.1.1).
  ...['EHLO', 'HELO', 'LHLO'],
  // The PROXY protocol from whom --ftp-proxy-from does not name.
  'PROXY',
]);

export function isForeign(line: Uint8Array): boolean {
  const parsed = parseCommand(line);
  return parsed.ok && foreignVerbs.has(parsed.value.verb);
}
