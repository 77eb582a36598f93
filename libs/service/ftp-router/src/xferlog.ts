/**
 * A line for each transfer, as other servers write it.
 *
 * Source: xferlog(5) of wu-ftpd and ProFTPD: current-time transfer-time remote-host file-size filename transfer-type
 * special-action-flag direction access-mode username service-name authentication-method authenticated-user-id
 * completion-status.
 */
export type LoggedTransfer = {
  readonly kind: 'store' | 'retrieve';
  /** Client's address, without its port. */
  readonly address: string;
  readonly user: string;
  /** As the user sees it. */
  readonly path: string;
  readonly bytes: number;
  readonly ms: number;
  readonly ascii: boolean;
  readonly complete: boolean;
};

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (value: number, pad = '0'): string => String(value).padStart(2, pad);
/** As ctime(3) writes it, in the process's own time zone. */
function ctime(atMs: number): string {
  const at = new Date(atMs);
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map((value) => two(value)).join(':');
  return `${days[at.getDay()]} ${months[at.getMonth()]} ${two(at.getDate(), ' ')} ${time} ${at.getFullYear()}`;
}
/** Fields end at blanks: a blank or control character in one is written `_`, as wu-ftpd does. */
const field = (text: string): string => (text === '' ? '-' : text.replaceAll(/[\s\p{Cc}]/gu, '_'));

export function xferlogLine(transfer: LoggedTransfer, atMs: number): string {
  return [
    ctime(atMs),
    Math.max(1, Math.round(transfer.ms / 1_000)),
    field(transfer.address),
    transfer.bytes,
    field(transfer.path),
    transfer.ascii ? 'a' : 'b',
    '_',
    transfer.kind === 'store' ? 'i' : 'o',
    // Every user is one of the server's own: real.
    'r',
    field(transfer.user),
    'ftp',
    0,
    '*',
    transfer.complete ? 'c' : 'i',
  ].join(' ');
}
