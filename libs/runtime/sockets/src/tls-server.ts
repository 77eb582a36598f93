/** The server's side of TLS over a stream that is there already. */
import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { TlsContext } from './tls-context.ts';

/** @param sendAheadBytes queued for sending, at which a writer is told to wait. */
export function tlsServerSocket(under: Duplex, { secureContext }: TlsContext, sendAheadBytes: number): TLSSocket {
  const options = { isServer: true, secureContext, highWaterMark: sendAheadBytes };
  const secure = new TLSSocket(under as Socket, options);
  // The socket beneath keeps its side open for our close_notify; node:tls takes this from it, but not from a Duplex.
  secure.allowHalfOpen = true;
  // Errors of a TLSSocket made without a tls.Server show only here; without this a broken record would hang it.
  secure.on('_tlsError', (error: Error) => secure.destroy(error));
  return secure;
}

export type HandshakeWatch = {
  readonly deadlineMs: number;
  readonly whenClosed: Promise<void>;
  /** Of a connection that closed before the handshake was through. */
  readonly lost: () => Error;
  /** The deadline passed: the connection is to be cut. */
  readonly late: () => Error;
  /** The handshake is through. */
  readonly through: () => void;
};
export function handshake(secure: TLSSocket, watch: HandshakeWatch): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(watch.late()), watch.deadlineMs);
    timer.unref();
    let through = false;
    void watch.whenClosed.then(() => {
      clearTimeout(timer);
      // An error takes its time to be made, and each connection closes some day.
      if (!through) reject(watch.lost());
    });
    secure.once('secure', () => {
      through = true;
      watch.through();
      clearTimeout(timer);
      // Under TLS 1.3 the session tickets are still to be written when this event comes: an end that came before them
      // would send no close_notify, and OpenSSL's clients would take the data for cut off.
      setImmediate(resolve);
    });
  });
}
