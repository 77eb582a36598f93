/** What TLS connections of one door share: certificate, key, and the keys that make sessions resumable. */
import { StatusError } from '@skerry/kernel';
import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContext } from 'node:tls';

/** Length of OpenSSL's ticket keys: name, HMAC key and AES key, 16 bytes each. */
export const ticketKeysSizeBytes = 48;
/** Lifetime of a session ticket, in seconds: a resumed control connection of yesterday is a new login anyway. */
const sessionLifetimeSeconds = 3_600;

export type TlsContext = { readonly secureContext: SecureContext };

/**
 * TLS 1.2 and later, with session tickets. Contexts with the same `ticketKeys` resume each other's sessions, also
 * across processes. @throws StatusError `malformed` when the PEM texts are none, or do not belong together.
 */
export function tlsContext(options: {
  readonly certificate: string;
  readonly privateKey: string;
  /** {@link ticketKeysSizeBytes} secret bytes. */
  readonly ticketKeys: Uint8Array;
  /** Default: the newest there is. */
  readonly maxVersion?: 'TLSv1.2' | undefined;
}): TlsContext {
  const { certificate, privateKey, ticketKeys, maxVersion } = options;
  try {
    const secureContext = createSecureContext({
      cert: certificate,
      key: privateKey,
      minVersion: 'TLSv1.2',
      maxVersion,
      ticketKeys: Buffer.from(ticketKeys),
      sessionIdContext: 'skerry',
      sessionTimeout: sessionLifetimeSeconds,
      honorCipherOrder: true,
    });
    return { secureContext };
  } catch (cause) {
    throw new StatusError('malformed', `Cannot use TLS certificate and key: ${(cause as Error).message}`, { cause });
  }
}

/** PEM texts of a certificate (chain) and its key. @throws StatusError `no_such_entry` that names the file. */
export async function readTlsFiles(
  certificatePath: string,
  keyPath: string,
): Promise<{ certificate: string; privateKey: string }> {
  const read = async (path: string, what: string): Promise<string> => {
    try {
      return await readFile(path, 'utf8');
    } catch (cause) {
      throw new StatusError('no_such_entry', `Cannot read ${what} "${path}": ${(cause as Error).message}`, { cause });
    }
  };
  return { certificate: await read(certificatePath, 'TLS certificate'), privateKey: await read(keyPath, 'TLS key') };
}
