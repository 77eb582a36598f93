/** Byte streams and datagrams. Failures are StatusErrors: `connection_lost`, `port_in_use`, `deadline`. */
export interface Network {
  /** Port 0: a free one is taken. */
  listen(address: Address, accept: (connection: Connection) => void): Promise<Listener>;
  connect(address: Address, signal?: AbortSignal): Promise<Connection>;
  bindDatagrams(address: Address, receive: (bytes: Uint8Array, from: Address) => void): Promise<DatagramSocket>;
  /** IPv4 interfaces that are up and not loopback, for broadcast and sweep (F11). */
  interfaces(): readonly NetworkInterface[];
  /** IPv4 and IPv6 addresses of a name; empty when it is not known. */
  resolve(name: string): Promise<readonly string[]>;
}

export type Address = { readonly host: string; readonly port: number };
export type NetworkInterface = { readonly address: string; readonly netmask: string };
export interface Listener {
  readonly address: Address;
  /** Frees the port; connections that were accepted go on. */
  close(): Promise<void>;
}
export interface Connection {
  readonly remote: Address;
  /** What arrives, chunk by chunk; ends at the peer's end of stream, throws `connection_lost` when it is cut. Reading slowly slows the peer; it is read once, and who stops reading may still send. */
  readonly incoming: AsyncIterable<Uint8Array>;
  /** Resolves when more may be sent (back-pressure). The bytes must not change afterwards. */
  send(bytes: Uint8Array): Promise<void>;
  /** Ends our side; what was sent before still arrives. */
  end(): Promise<void>;
  /** Cuts both sides at once. */
  destroy(): void;
}
export interface DatagramSocket {
  readonly address: Address;
  /** Fire and forget; `to` may be a broadcast address. */
  send(bytes: Uint8Array, to: Address): void;
  close(): Promise<void>;
}

/** `host:port`, with brackets around an IPv6 host (RFC 3986 §3.2.2). */
export const formatAddress = ({ host, port }: Address): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

/** Undefined when it is no `host:port`. */
export function parseAddress(text: string): Address | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return host === undefined || port > 65_535 ? undefined : { host, port };
}
