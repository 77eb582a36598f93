/**
 * A connection of a trusted proxy: its first bytes name the client, who is the peer from then on.
 *
 * Source: the PROXY protocol §2 (protocol/proxy): who is trusted must send a header, and whoever is not must not be believed.
 */
import { StatusError, toStatusError } from '@skerry/kernel';
import { ProxyFramer, type ProxyHeader } from '@skerry/protocol-proxy';
import type { StreamSocket } from '@skerry/runtime-sockets';
import type { Telemetry } from '@skerry/runtime-telemetry';
import type { Clock } from '@skerry/runtime-world';
import { Networks } from './networks.ts';

/** Longest wait for the whole header, in ms: the proxy sends it with the connection (its specification asks for 3 s at least). */
export const proxyHeaderMaxMs = 5_000;
/** Connections of proxies whose header is awaited; one more is closed. Proxies are trusted, but not to be without fault. */
export const proxyEntriesMax = 2_000;

export type ProxyEntryParts = {
  /** Of `--ftp-proxy-from`. */
  readonly from: readonly string[];
  readonly clock: Clock;
  readonly telemetry: Telemetry;
};

export class ProxyEntry {
  readonly #parts: ProxyEntryParts;
  readonly #proxies: Networks;
  readonly #waiting = new Set<StreamSocket>();

  /** @throws StatusError `malformed` when a network is none. */
  constructor(parts: ProxyEntryParts) {
    this.#parts = parts;
    this.#proxies = Networks.read(parts.from, '--ftp-proxy-from');
  }
  /** Calls `enter` when the peer is known: at once, but for a proxy's connection. One without a header is closed. */
  pass(socket: StreamSocket, enter: (socket: StreamSocket) => void): void {
    if (!this.#proxies.contain(socket.remote.host)) return enter(socket);
    const proxy = socket.remote.host;
    if (this.#waiting.size >= proxyEntriesMax) return this.#refuse(socket, proxy, 'too many headers are awaited');
    this.#waiting.add(socket);
    const timer = this.#parts.clock.setTimer(proxyHeaderMaxMs, () => socket.destroy());
    this.#introduced(socket)
      .then(
        () => enter(socket),
        (thrown: unknown) => this.#refuse(socket, proxy, toStatusError(thrown).message),
      )
      .finally(() => {
        timer.cancel();
        this.#waiting.delete(socket);
      });
  }
  close(): void {
    for (const socket of this.#waiting) socket.destroy();
  }

  async #introduced(socket: StreamSocket): Promise<void> {
    const framer = new ProxyFramer();
    for (;;) {
      const chunk = await socket.read();
      if (chunk === undefined) throw new StatusError('connection_lost', 'the connection ended before its header');
      const progress = framer.push(chunk);
      if (progress.kind === 'malformed') throw new StatusError('malformed', progress.why);
      if (progress.kind === 'header') return socket.introduce(clientOf(progress.header, socket), progress.rest);
    }
  }
  #refuse(socket: StreamSocket, proxy: string, why: string): void {
    socket.destroy();
    this.#parts.telemetry.emit({ event: 'proxy_header_refused', level: 'warn', proxy, why });
  }
}

const clientOf = (header: ProxyHeader, socket: StreamSocket): StreamSocket['remote'] =>
  header.kind === 'proxied' ? header.source : socket.remote;
