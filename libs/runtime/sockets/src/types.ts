/** A stream socket, as a protocol's door needs it. */
import type { Address } from '@skerry/runtime-world';
import type { TlsContext } from './tls-context.ts';

export interface StreamListener {
  readonly address: Address;
  /** Connections that were accepted live on. Idempotent. */
  close(): Promise<void>;
}

export type UpgradeOptions = {
  /** Longest time for the handshake, in milliseconds. */
  readonly deadlineMs: number;
  /**
   * A FIN without close_notify before it (RFC 8446 §6.1) is then a cut: {@link StreamSocket.read} throws. Costs a third
   * of the speed, so only uploads ask for it.
   */
  readonly strictEnd?: boolean;
  /**
   * With {@link UpgradeOptions.strictEnd}: such a FIN between two TLS records is an end instead, as on a plain
   * connection. A reset, and a FIN within a record, stay cuts.
   */
  readonly bareEndCounts?: boolean;
  /**
   * Drop what arrived before: on a control connection it could be commands that somebody put in front of the handshake
   * (RFC 4217 §10). On a data connection it is the client's first handshake message, come early.
   */
  readonly discardBuffered: boolean;
};

export interface StreamSocket {
  /** The peer; or whom a trusted proxy spoke for, after {@link StreamSocket.introduce}. */
  readonly remote: Address;
  /** To be asked for while the connection is open; then it stays known. */
  readonly local: Address;
  /** Under TLS. */
  readonly secure: boolean;
  /** The TLS session of an earlier connection was resumed. */
  readonly sessionReused: boolean;
  /** The peer ended without close_notify where that is a cut ({@link UpgradeOptions.strictEnd}). */
  readonly truncated: boolean;
  /** Both directions are over, for whatever reason. */
  readonly closed: boolean;
  /** Resolves when {@link StreamSocket.closed} becomes true. Never rejects. */
  readonly whenClosed: Promise<void>;
  /**
   * What has arrived, at most 1 MiB, the caller's own: never written to again, unless the caller gives it back
   * (`giveBack` of runtime/world). Undefined at the peer's end of stream.
   * One call at a time. Nothing is read from the network before the first call, and little ahead of the next one.
   * @throws StatusError `connection_lost` when the connection is cut or {@link StreamSocket.destroy}ed.
   */
  read(): Promise<Uint8Array | undefined>;
  /**
   * A trusted proxy's header was read: `remote` is the client from here on, and `rest`, which came behind the header, is
   * still to be read, also by {@link StreamSocket.upgradeToTls}. While no read waits.
   */
  introduce(remote: Address, rest: Uint8Array): void;
  /** Before the first read, for bulk on a plain connection: fewer and larger reads (256 KiB and more). */
  useLargeReads(): void;
  /**
   * Queues bytes, which must not change until sent. False: await {@link StreamSocket.drained} before more. `sent` is
   * called when the operating system has them all; never when that failed.
   */
  write(bytes: Uint8Array, sent?: () => void): boolean;
  /** Resolves when little is queued. @throws StatusError `connection_lost`. */
  drained(): Promise<void>;
  /** Resolves when all was given to the operating system. @throws StatusError `connection_lost`. */
  flushed(): Promise<void>;
  /**
   * Calls `idle` each time that no byte was read or written, not even a part of what is queued, for `idleMs`. Once,
   * after the last upgrade and choice of reads.
   */
  watchIdle(idleMs: number, idle: () => void): void;
  /** Bytes queued in this process. */
  readonly queuedBytes: number;
  /**
   * Ends our side (close_notify under TLS, then FIN); resolves when that was given to the operating system. What still
   * arrives is thrown away; a peer that does not end its side within 10 s is cut. In a TLS handshake nothing can be said:
   * both directions are cut. @throws StatusError `connection_lost`.
   */
  end(): Promise<void>;
  /** Cuts both directions at once. Idempotent. */
  destroy(): void;
  /**
   * Serves TLS from here on. Bytes that arrived before the call are dropped, unseen (RFC 4217 §4, command injection).
   * A read that waits goes on waiting, for decrypted bytes. @throws StatusError `connection_lost`, `deadline`; the
   * connection is cut then.
   */
  upgradeToTls(context: TlsContext, options: UpgradeOptions): Promise<void>;
  /** Whether bytes wait to be read, as the operating system knows two turns of the event loop from now. Takes none. */
  hasArrivals(): Promise<boolean>;
}
