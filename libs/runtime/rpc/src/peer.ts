/**
 * Who is at the other end of a connection, by its certificate; and the server's flow-control window. Both reach into
 * @grpc/grpc-js where it has no public way: what is not found there is done the slow way, or left at its default.
 */
import { flowControlWindowBytes } from './limits.ts';
import type { Server } from './grpc.ts';

/** What a certificate says, as far as it matters here: Node's form of an X.509 subject. */
export type Certificate = {
  readonly subject?: { readonly CN?: unknown; readonly OU?: unknown };
  readonly subjectaltname?: string | undefined;
};
/** Subject CN, a node id, and subject OU. */
export type Peer = { readonly name: string; readonly role: string };

export function peerOf(certificate: Certificate | undefined): Peer | undefined {
  const name = one(certificate?.subject?.CN);
  return name === undefined ? undefined : { name, role: one(certificate?.subject?.OU) ?? '' };
}

/** Whether it is the certificate of the node that we meant to reach: CN, or a DNS name among its alternative names. */
export const isCertificateOf = (nodeId: string, { subject, subjectaltname }: Certificate): boolean =>
  one(subject?.CN) === nodeId || (subjectaltname ?? '').split(', ').includes(`DNS:${nodeId}`);

type AuthContext = { readonly sslPeerCertificate?: Certificate | undefined };
type SurfaceCall = { getAuthContext(): AuthContext };

/** Reading a certificate takes longer than many a call, so each connection's is read once. */
export class PeerReader {
  readonly #peers = new WeakMap<object, Peer>();
  read(call: SurfaceCall): Peer | undefined {
    const session = sessionOf(call);
    const known = session === undefined ? undefined : this.#peers.get(session);
    if (known !== undefined) return known;
    const peer = peerOf(call.getAuthContext().sslPeerCertificate);
    if (session !== undefined && peer !== undefined) this.#peers.set(session, peer);
    return peer;
  }
}

/** The HTTP/2 session that carries a call: private to grpc-js, undefined when it is not where 1.14 has it. */
export function sessionOf(call: unknown): object | undefined {
  const session = field(streamOf(call), 'session');
  return typeof session === 'object' && session !== null ? session : undefined;
}
const streamOf = (call: unknown): unknown => field(field(call, 'call'), 'stream');

type Session = { setLocalWindowSize(bytes: number): void; settings(settings: { initialWindowSize: number }): void };

/**
 * Sets the window of each connection that opens. grpc-js 1.14 keeps its HTTP/2 servers in a private map; false, and the
 * window stays at HTTP/2's 64 KiB, when they are not there. To be called when the server is bound.
 */
export function widenWindows(server: Server): boolean {
  const servers = field(server, 'http2Servers');
  if (!(servers instanceof Map) || servers.size === 0) return false;
  for (const http2Server of servers.keys() as Iterable<unknown>) {
    const on = field(http2Server, 'on');
    if (typeof on !== 'function') return false;
    on.call(http2Server, 'session', (session: Partial<Session>) => {
      session.settings?.({ initialWindowSize: flowControlWindowBytes });
      session.setLocalWindowSize?.(flowControlWindowBytes);
    });
  }
  return true;
}

export const field = (holder: unknown, name: string): unknown =>
  typeof holder === 'object' && holder !== null ? (holder as Record<string, unknown>)[name] : undefined;
// A subject with a field twice has an array there: that is no certificate of ours.
const one = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
