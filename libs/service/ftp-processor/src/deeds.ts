/** What a line did, or was refused, for the operator's records (F16): told to the router with the answer. */
import type { Reason } from '@skerry/kernel';
import { processing } from '@skerry/proto';
import type { BackendCall } from '@skerry/protocol-ftp';

const { DeedKind } = processing;
/** Calls that change something; the others leave no record. */
const kinds: Readonly<Partial<Record<BackendCall['kind'], processing.DeedKind>>> = {
  login: DeedKind.LOGIN,
  makeDirectory: DeedKind.MAKE_DIRECTORY,
  removeDirectory: DeedKind.REMOVE_DIRECTORY,
  removeFile: DeedKind.REMOVE_FILE,
  rename: DeedKind.RENAME,
  setAttributes: DeedKind.SET_ATTRIBUTES,
};
/** Failures of a login that are about who logs in, not about us. */
const refusals: ReadonlySet<Reason> = new Set<Reason>([
  'credentials',
  'too_many_failures',
  'account_disabled',
  'no_such_user',
]);

const about = (call: BackendCall): Pick<processing.Deed, 'path' | 'targetPath' | 'user'> => ({
  path: 'path' in call ? call.path : '',
  targetPath: 'targetPath' in call ? call.targetPath : '',
  user: 'user' in call ? call.user : '',
});

/** Undefined: nothing to record. */
export function deedOf(call: BackendCall): processing.Deed | undefined {
  const kind = kinds[call.kind];
  return kind === undefined ? undefined : { ...about(call), kind, detail: '' };
}
export function refusedDeedOf(call: BackendCall, reason: Reason): processing.Deed | undefined {
  if (call.kind === 'login' && refusals.has(reason))
    return { ...about(call), kind: DeedKind.LOGIN_FAILED, detail: reason };
  if (reason !== 'access_denied') return undefined;
  return { ...about(call), kind: DeedKind.DENIED, detail: call.kind === 'prepare' ? call.operation : call.kind };
}
