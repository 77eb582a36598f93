/** What happened, as operators name it: made from the events that sessions emit, for the audit log and webhooks. */
import type { TelemetryEvent } from '@skerry/runtime-telemetry';

export const happeningKinds = [
  'login',
  'login_failed',
  'upload',
  'download',
  'delete',
  'mkdir',
  'rmdir',
  'rename',
  'permission_denied',
  'kick',
  'session_refused',
  'quota_warning',
] as const;
export type HappeningKind = (typeof happeningKinds)[number];
export type Happening = {
  readonly kind: HappeningKind;
  /** What is known of it, in the order in which it is written; undefined is left out. */
  readonly fields: Readonly<Record<string, unknown>>;
};

const plain: Readonly<Record<string, HappeningKind>> = {
  ftp_login_succeeded: 'login',
  ftp_login_failed: 'login_failed',
  file_deleted: 'delete',
  directory_made: 'mkdir',
  directory_removed: 'rmdir',
  entry_renamed: 'rename',
  permission_denied: 'permission_denied',
  session_kicked: 'kick',
  session_refused: 'session_refused',
  quota_nearly_used: 'quota_warning',
};

/** Undefined: nothing for an operator's records. */
export const happeningKindOf = (event: TelemetryEvent): HappeningKind | undefined =>
  event.event === 'transfer_finished' ? transferKind(event) : plain[event.event];

/** Undefined: as above. */
export function happeningOf(event: TelemetryEvent): Happening | undefined {
  const kind = happeningKindOf(event);
  if (kind === undefined) return undefined;
  const { event: _event, level: _level, message: _message, error: _error, client, address, user, ...more } = event;
  // Who and from where come first and in this order: what reads the lines by pattern (fail2ban) relies on it.
  return { kind, fields: { address: address ?? client, user: user === '' ? undefined : user, ...more } };
}
function transferKind({ kind, outcome }: TelemetryEvent): HappeningKind | undefined {
  if (outcome !== 'done') return undefined;
  if (kind === 'store') return 'upload';
  return kind === 'retrieve' ? 'download' : undefined;
}
