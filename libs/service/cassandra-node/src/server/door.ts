/** The door for CQL clients: connections taken, counted, told of events, and ended. */
import type { EventBody } from '@skerry/protocol-cql';
import { listenChannels, type Channel, type StreamListener, type TlsContext } from '@skerry/runtime-sockets';
import { pause, type Address, type Clock } from '@skerry/runtime-world';
import type { SchemaChange } from '../engine/contract.ts';
import { Connection } from './connection.ts';
import type { Desk } from './desk.ts';
import { wireSchemaChange } from './result-sink.ts';

export type DoorOptions = {
  readonly host: string;
  readonly port: number;
  readonly tls: (() => TlsContext) | undefined;
  readonly plain: boolean;
  readonly connectionsMax: number;
  readonly clock: Clock;
};
/** A silent connection is asked for a sign of life after so long, in ms. */
const keepAliveMs = 60_000;
/** For the first byte and the TLS handshake, in ms. */
const handshakeMs = 10_000;

export class Door {
  readonly #options: DoorOptions;
  readonly #desk: Desk;
  readonly #connections = new Set<Connection>();
  #listener: StreamListener | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: DoorOptions, desk: Desk) {
    this.#options = options;
    this.#desk = desk;
  }
  get connections(): Iterable<Connection> {
    return this.#connections;
  }
  get count(): number {
    return this.#connections.size;
  }
  /** @throws StatusError `port_in_use`. */
  async open(): Promise<Address> {
    const { host, port, tls, plain } = this.#options;
    this.#listener = await listenChannels({ host, port, tls, plain, keepAliveMs, handshakeMs }, (channel) =>
      this.#accept(channel),
    );
    return this.#listener.address;
  }
  #accept(channel: Channel): Connection {
    const connection = new Connection(this.#desk, channel, (over) => {
      this.#connections.delete(over);
      this.#desk.figures.connections = this.#connections.size;
    });
    if (this.#stopping !== undefined || this.#connections.size >= this.#options.connectionsMax) {
      this.#desk.telemetry.emit({ event: 'cql_connection_refused', level: 'warn', client: channel.remote.host });
      channel.destroy();
      return connection;
    }
    this.#connections.add(connection);
    this.#desk.figures.connections = this.#connections.size;
    return connection;
  }
  schemaChanged(change: SchemaChange): void {
    const event: EventBody = { type: 'SCHEMA_CHANGE', schema: wireSchemaChange(change) };
    for (const connection of this.#connections) connection.tell(event);
  }
  stop(graceMs: number): Promise<void> {
    this.#stopping ??= this.#stop(graceMs);
    return this.#stopping;
  }
  async #stop(graceMs: number): Promise<void> {
    await this.#listener?.close();
    for (const connection of this.#connections) connection.drain();
    const { clock } = this.#options;
    const untilMs = clock.monotonicMs() + graceMs;
    while (this.#connections.size > 0 && clock.monotonicMs() < untilMs) await pause(clock, drainLookMs);
    for (const connection of this.#connections) connection.destroy();
  }
}
/** Between two looks at whether all have gone, in ms. */
const drainLookMs = 10;
