/** The engine's faults, and the world's, as the native protocol's errors: the one place where they are mapped. */
import { StatusError, unreachable } from '@skerry/kernel';
import type { ErrorBody } from '@skerry/protocol-cql';
import { CqlFault } from '../engine/contract.ts';

/** Undefined: a bug of ours; the client is told no more than that. */
export function errorBodyOf(thrown: unknown): ErrorBody | undefined {
  if (thrown instanceof CqlFault) return bodyOfFault(thrown);
  if (thrown instanceof StatusError) return bodyOfStatus(thrown);
  return undefined;
}

function bodyOfFault({ detail, message }: CqlFault): ErrorBody {
  switch (detail.kind) {
    case 'syntax':
    case 'invalid':
    case 'unauthorized':
    case 'server':
    case 'overloaded':
    case 'truncate':
    case 'protocol':
      return { kind: detail.kind, message };
    case 'configuration':
      return { kind: 'config', message };
    case 'badCredentials':
      return { kind: 'bad_credentials', message };
    case 'alreadyExists':
      return { kind: 'already_exists', message, keyspace: detail.keyspace, table: detail.table };
    case 'unprepared':
      return { kind: 'unprepared', message, id: detail.id };
    case 'unavailable': {
      const { consistency, required, alive } = detail;
      return { kind: 'unavailable', message, consistency, required, alive };
    }
    case 'readTimeout': {
      const { consistency, received, required, dataPresent } = detail;
      return { kind: 'read_timeout', message, consistency, received, blockFor: required, dataPresent };
    }
    case 'readFailure': {
      const { consistency, received, required, dataPresent } = detail;
      return { kind: 'read_failure', message, consistency, received, blockFor: required, dataPresent, failures: [] };
    }
    case 'functionFailure': {
      const { keyspace, name, args } = detail;
      return { kind: 'function_failure', message, keyspace, name, argumentTypes: args };
    }
    default:
      return unreachable(detail);
  }
}

/** What a client can do something about has a kind of its own; the rest is the server's. */
function bodyOfStatus({ reason, message }: StatusError): ErrorBody {
  // Nothing was done, and it may be done later: what drivers make of Overloaded. A full disk has room again some time.
  if (reason === 'overloaded' || reason === 'disk_full' || reason === 'shutting_down')
    return { kind: 'overloaded', message };
  if (reason === 'malformed' || reason === 'too_large') return { kind: 'invalid', message };
  return { kind: 'server', message };
}
