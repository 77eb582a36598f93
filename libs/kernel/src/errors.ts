/**
 * The closed lists of ways in which an operation can fail, and the one error class that carries them.
 *
 * Source: gRPC status codes (https://grpc.io/docs/guides/status-codes/) for the meanings of {@link codes}.
 */

/** What kind of failure. `wire` is gRPC's number. */
export const codes = {
  cancelled: { wire: 1, retryable: false },
  unknown: { wire: 2, retryable: false },
  invalid_argument: { wire: 3, retryable: false },
  deadline_exceeded: { wire: 4, retryable: true },
  not_found: { wire: 5, retryable: false },
  already_exists: { wire: 6, retryable: false },
  permission_denied: { wire: 7, retryable: false },
  resource_exhausted: { wire: 8, retryable: false },
  failed_precondition: { wire: 9, retryable: false },
  aborted: { wire: 10, retryable: true },
  out_of_range: { wire: 11, retryable: false },
  unimplemented: { wire: 12, retryable: false },
  internal: { wire: 13, retryable: false },
  unavailable: { wire: 14, retryable: true },
  data_loss: { wire: 15, retryable: false },
  unauthenticated: { wire: 16, retryable: false },
} as const;
export type Code = keyof typeof codes;

/** Why, for whoever must tell a person or choose a protocol's own code. Each reason belongs to one code. */
export const reasons = {
  // Names and arguments.
  malformed: 'invalid_argument',
  name_too_long: 'invalid_argument',
  path_invalid: 'invalid_argument',
  no_such_entry: 'not_found',
  no_such_user: 'not_found',
  no_such_group: 'not_found',
  no_such_node: 'not_found',
  no_such_method: 'unimplemented',
  entry_exists: 'already_exists',
  user_exists: 'already_exists',
  group_exists: 'already_exists',
  group_in_use: 'failed_precondition',
  not_a_directory: 'failed_precondition',
  is_a_directory: 'failed_precondition',
  directory_not_empty: 'failed_precondition',
  directory_cycle: 'failed_precondition',
  offset_past_end: 'out_of_range',
  // Limits.
  quota: 'resource_exhausted',
  disk_full: 'resource_exhausted',
  too_large: 'resource_exhausted',
  too_many_sessions: 'resource_exhausted',
  overloaded: 'resource_exhausted',
  // Rights.
  credentials: 'unauthenticated',
  too_many_failures: 'unauthenticated',
  token_invalid: 'unauthenticated',
  token_expired: 'unauthenticated',
  token_revoked: 'unauthenticated',
  account_disabled: 'permission_denied',
  access_denied: 'permission_denied',
  ticket_used: 'failed_precondition',
  // Order of events.
  version_conflict: 'aborted',
  fenced: 'aborted',
  blob_dead: 'aborted',
  stage_moved: 'aborted',
  // The world.
  not_leader: 'unavailable',
  no_node: 'unavailable',
  connection_lost: 'unavailable',
  shutting_down: 'unavailable',
  stalled: 'deadline_exceeded',
  deadline: 'deadline_exceeded',
  cancelled: 'cancelled',
  corrupt: 'data_loss',
  disk_failed: 'data_loss',
  read_only_disk: 'failed_precondition',
  format_newer: 'failed_precondition',
  port_in_use: 'failed_precondition',
  unexpected: 'internal',
} as const satisfies Record<string, Code>;
export type Reason = keyof typeof reasons;

/** The world's fault, as a value or thrown. Our own bugs are {@link AssertionError}s instead. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly code: Code;
  readonly reason: Reason;
  /** @param message what happened, the value quoted, wanted and current state; never a secret. */
  constructor(reason: Reason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
    this.code = reasons[reason];
  }
  /** Whether the same request may succeed later, unchanged. */
  get retryable(): boolean {
    return codes[this.code].retryable;
  }
}

export const isReason = (text: string): text is Reason => Object.hasOwn(reasons, text);

/** Any thrown value as a {@link StatusError}; what is not one becomes `unexpected`, with its cause kept. */
export function toStatusError(thrown: unknown): StatusError {
  if (thrown instanceof StatusError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new StatusError('unexpected', message, { cause: thrown });
}
