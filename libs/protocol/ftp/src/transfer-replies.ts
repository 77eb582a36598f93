/**
 * Replies that the router gives by itself: those of a data connection's life, and those of the control connection.
 *
 * Source: RFC 959 §5.4, RFC 1123 §4.1.2.9 (STOU).
 */
import { processing, type routing } from '@skerry/proto';

/** Structurally `processing.Reply`, for `formatReply`. */
export type Reply = { readonly code: number; readonly lines: readonly string[] };

const reply = (code: number, ...lines: string[]): Reply => ({ code, lines });

export type OpeningOptions = {
  /** Size of the whole file, where it is known: RETR. Clients show their progress by it. */
  readonly sizeBytes?: number | undefined;
  /** The data connection will be under TLS. */
  readonly tls: boolean;
  /** STOU: the path that was chosen. */
  readonly path?: string | undefined;
};

/** 150, when the data connection is about to carry bytes. */
export function openingReply(
  transfer: Pick<processing.Transfer, 'kind' | 'type' | 'path' | 'uniqueName'>,
  { sizeBytes, tls, path = transfer.path }: OpeningOptions,
): Reply {
  if (transfer.uniqueName) return reply(150, `FILE: ${path}`);
  const mode = transfer.type === processing.TransferType.ASCII ? 'ASCII' : 'BINARY';
  const secured = tls ? ' under TLS' : '';
  const what = transfer.kind === processing.TransferKind.LIST ? 'the listing' : path;
  const size = sizeBytes === undefined ? '' : ` (${sizeBytes} bytes)`;
  return reply(150, `Opening ${mode} mode data connection${secured} for ${what}${size}.`);
}

/** 226, when all was sent, or when an upload is durable and visible. */
export function transferDoneReply(
  transfer: Pick<processing.Transfer, 'kind' | 'uniqueName'>,
  options: { readonly path?: string | undefined; readonly truncated?: boolean } = {},
): Reply {
  if (options.truncated === true) return reply(226, 'Listing sent, but not all of it: it is too long.');
  if (transfer.uniqueName && options.path !== undefined) return reply(226, `Transfer complete: ${options.path}`);
  return reply(226, transfer.kind === processing.TransferKind.LIST ? 'Listing sent.' : 'Transfer complete.');
}

/** No data connection came to be: none asked for, not accepted in time, refused, or its handshake failed. */
export const dataConnectionFailedReply = (why = 'Cannot open the data connection.'): Reply => reply(425, why);
/** The data connection broke. */
export const transferCutReply = (why = 'Data connection closed; transfer aborted.'): Reply => reply(426, why);
/** ABOR during a transfer: first for the transfer, then for ABOR itself (RFC 959 §4.1.3). */
export const transferAbortedReplies = (): readonly Reply[] => [
  reply(426, 'Transfer aborted.'),
  reply(226, 'ABOR carried out.'),
];

/** SITE WHO. @param nowMs milliseconds since 1970. */
export function sessionsReply(sessions: readonly routing.SessionSummary[], nowMs: number): Reply {
  const seconds = (ms: number): number => Math.max(0, Math.round(ms / 1000));
  const lines = sessions.map(
    ({ user, clientAddress, tls, connectedAtMs, idleMs, transferring, transferredBytes, command, router }) =>
      ` ${user === '' ? '(no user)' : user} from ${clientAddress}${tls ? ' under TLS' : ''}` +
      `${router === '' ? '' : ` at ${router}`}, ` +
      `for ${seconds(nowMs - connectedAtMs)} s, ` +
      `${transferring ? `transferring (${transferredBytes} bytes)` : `idle ${seconds(idleMs)} s`}: ${command}`,
  );
  return reply(200, 'Sessions:', ...lines, `${sessions.length} in all.`);
}

export const greetingReply = (text: string): Reply => reply(220, text);
export const lineTooLongReply = (): Reply => reply(500, 'Line too long.');
export const nulInLineReply = (): Reply => reply(501, 'A line must not hold NUL.');
/** 421 precedes the end of the control connection. */
export const closingReply = (why: string): Reply => reply(421, why);
