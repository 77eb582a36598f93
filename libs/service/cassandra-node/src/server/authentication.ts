/** Who a client is: SASL PLAIN (RFC 4616) as Cassandra's PasswordAuthenticator takes it. */
import { fromUtf8Part } from '@skerry/kernel';
import { CqlFault } from '../engine/contract.ts';

/** What drivers know it by. */
export const passwordAuthenticatorClass = 'org.apache.cassandra.auth.PasswordAuthenticator';

export interface Authenticator {
  /** @returns the role's name. @throws CqlFault `badCredentials`. */
  authenticate(user: string, password: string): Promise<string>;
}
export type Credentials = { readonly user: string; readonly password: string };

/** [authorization id] NUL user NUL password. @throws CqlFault `badCredentials`, `protocol`. */
export function plainCredentials(bytes: Uint8Array, start: number, length: number): Credentials {
  const end = start + Math.max(length, 0);
  const second = bytes.lastIndexOf(0, end - 1);
  const first = second <= start ? -1 : bytes.lastIndexOf(0, second - 1);
  if (second < start || first < start)
    throw new CqlFault({ kind: 'badCredentials' }, 'Authentication ID must not be null');
  const user = fromUtf8Part(bytes, first + 1, second);
  const password = fromUtf8Part(bytes, second + 1, end);
  if (user === undefined || password === undefined)
    throw new CqlFault({ kind: 'protocol' }, 'Cannot read the credentials: they are no UTF-8');
  if (user === '') throw new CqlFault({ kind: 'badCredentials' }, 'Authentication ID must not be null');
  if (password === '') throw new CqlFault({ kind: 'badCredentials' }, 'Password must not be null');
  return { user, password };
}
