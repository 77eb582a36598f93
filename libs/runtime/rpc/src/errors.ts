/**
 * StatusErrors to gRPC statuses and back.
 *
 * Our own errors travel whole, as common.ErrorDetail in a trailer. A status without it is a stranger's (a proxy, the
 * transport itself) and gets the reason that is nearest to its code.
 */
import { codes, isReason, StatusError, toStatusError, type Reason } from '@skerry/kernel';
import { common } from '@skerry/proto';
import { errorMessageLengthMax } from './limits.ts';

export const errorKey = 'skerry-error-bin';

export type WireStatus = { readonly code: number; readonly details: string; readonly detail: Uint8Array };

export function toWireStatus(error: StatusError): WireStatus {
  const message = clip(error.message);
  const detail = common.ErrorDetail.encode({ reason: error.reason, message }).finish();
  return { code: codes[error.code].wire, details: message, detail };
}

export function fromWireStatus(code: number, details: string, detail: Uint8Array | undefined): StatusError {
  const own = detail === undefined ? undefined : decodeDetail(detail);
  if (own !== undefined) return own;
  return new StatusError(foreign[code] ?? 'unexpected', clip(details));
}

/** What the caller is told: never a cause, and nothing at all of a bug's insides. */
export function forCaller(thrown: unknown, nodeId: string, messageId: string): StatusError {
  if (thrown instanceof StatusError) {
    return thrown.cause === undefined ? thrown : new StatusError(thrown.reason, thrown.message);
  }
  return new StatusError('unexpected', `Call ${messageId} failed in node "${nodeId}": its log says why`);
}

/** The error with which `signal` was aborted, as ours. */
export function abortError(signal: AbortSignal): StatusError {
  const reason: unknown = signal.reason;
  if (reason instanceof StatusError) return reason;
  return new StatusError('cancelled', 'Call was cancelled by its caller', { cause: toStatusError(reason) });
}

// By gRPC's number (codes[…].wire): the reason that says the least beyond the code.
const foreign: Readonly<Record<number, Reason>> = {
  1: 'cancelled',
  2: 'unexpected',
  3: 'malformed',
  4: 'deadline',
  5: 'no_such_entry',
  6: 'entry_exists',
  7: 'access_denied',
  8: 'overloaded',
  10: 'version_conflict',
  11: 'offset_past_end',
  12: 'no_such_method',
  13: 'unexpected',
  14: 'connection_lost',
  15: 'corrupt',
  16: 'token_invalid',
};

function decodeDetail(detail: Uint8Array): StatusError | undefined {
  try {
    const { reason, message } = common.ErrorDetail.decode(detail);
    // A newer node may know reasons that we do not: then the status code decides.
    return isReason(reason) ? new StatusError(reason, clip(message)) : undefined;
  } catch {
    return undefined;
  }
}

const clip = (text: string): string =>
  text.length <= errorMessageLengthMax ? text : `${text.slice(0, errorMessageLengthMax - 1)}…`;
