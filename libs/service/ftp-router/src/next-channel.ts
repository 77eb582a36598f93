/** The data connection that the next transfer will use: asked for by PASV, EPSV, PORT or EPRT, the newest counts. */
import { toStatusError } from '@skerry/kernel';
import type { processing } from '@skerry/proto';
import {
  dataConnectionFailedReply,
  familyOf,
  formatExtendedPassiveReply,
  formatPassiveReply,
  sameHost,
  type Reply,
} from '@skerry/protocol-ftp';
import type { Telemetry } from '@skerry/runtime-telemetry';
import type { Address, Clock } from '@skerry/runtime-world';
import { ActiveChannel, type DataChannel } from './data-channel.ts';
import type { PassiveHosts } from './passive-hosts.ts';
import type { PassivePorts } from './passive-ports.ts';
import type { Config } from './settings.ts';

/** Lowest port that we connect to for active data: those below belong to services (RFC 2577 §3). */
const activePortMin = 1024;

export type ChannelDoor = {
  readonly config: Config;
  readonly passive: PassivePorts;
  readonly passiveHosts: PassiveHosts;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Ends of the control connection. */
  readonly local: Address;
  readonly remote: Address;
};

export class NextChannel {
  readonly #door: ChannelDoor;
  #channel: DataChannel | undefined;
  #closed = false;

  constructor(door: ChannelDoor) {
    this.#door = door;
  }
  /** The reply to PASV or EPSV. */
  async openPassive({ extended, family }: processing.OpenPassive): Promise<Reply> {
    this.drop();
    const { config, passive, passiveHosts, local, remote, telemetry } = this.#door;
    const own = familyOf(local.host);
    if (extended && family !== 0 && family !== own)
      return { code: 522, lines: [`Network protocol not supported, use (${own})`] };
    const advertised = passiveHosts.advertised(remote.host, local.host);
    if (!extended && familyOf(advertised) !== 1)
      return dataConnectionFailedReply('PASV can name IPv4 addresses only; use EPSV.');
    try {
      const channel = await passive.reserve(config.passiveBind ?? local.host, remote.host);
      this.#channel = channel;
      if (this.#closed) this.drop();
      return extended ? formatExtendedPassiveReply(channel.port) : formatPassiveReply(advertised, channel.port);
    } catch (thrown) {
      const error = toStatusError(thrown);
      telemetry.emit({ event: 'passive_port_missing', level: 'warn', client: remote.host, error });
      return dataConnectionFailedReply('No passive port is free; try again.');
    }
  }
  connectActive({ host, port }: processing.ConnectActive): void {
    this.drop();
    const { config, clock, local, remote } = this.#door;
    // The processor has checked this; but it is our socket that would be aimed at a stranger (RFC 2577 §2).
    if (!sameHost(host, remote.host) || port < activePortMin) return;
    const from = config.activePort === 0 ? {} : { localPort: config.activePort };
    const target = { host, port, localHost: local.host, ...from };
    this.#channel = new ActiveChannel(target, config.ftpDataAcceptMs, clock);
  }
  /** Gives it away; undefined when none was asked for. */
  take(): DataChannel | undefined {
    const channel = this.#channel;
    this.#channel = undefined;
    return channel;
  }
  drop(): void {
    this.take()?.close();
  }
  /** For good. */
  close(): void {
    this.#closed = true;
    this.drop();
  }
}
