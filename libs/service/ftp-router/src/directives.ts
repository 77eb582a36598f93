/** What a processor wants done with this router's sockets, done in the order that it was wanted. */
import { toStatusError, unreachable } from '@skerry/kernel';
import type { processing } from '@skerry/proto';
import { dataConnectionFailedReply, sessionsReply, type Reply } from '@skerry/protocol-ftp';
import type { StreamSocket } from '@skerry/runtime-sockets';
import { digestOf } from './digest.ts';
import type { Door } from './door.ts';
import { NextChannel } from './next-channel.ts';
import type { ProcessedSession } from './processed-session.ts';
import type { SessionRecord } from './session-record.ts';
import type { TransferSlot } from './transfer-slot.ts';

/** Longest TLS handshake on the control connection, in ms. */
const handshakeMaxMs = 30_000;

export type Directive = NonNullable<processing.Directive['kind']>;
export type DirectivesOwner = {
  readonly door: Door;
  readonly control: StreamSocket;
  readonly session: ProcessedSession;
  readonly slot: TransferSlot;
  readonly record: SessionRecord;
  readonly send: (reply: Reply) => void;
  readonly close: (why: string) => void;
  /** The slot was taken: what does not wait for its end may pass. */
  readonly transferBegan: () => void;
};

export class Directives {
  readonly #owner: DirectivesOwner;
  readonly #channel: NextChannel;
  #upgrading = false;
  /** Ends a checksum under way: nobody waits for it. */
  #reading: AbortController | undefined;

  constructor(owner: DirectivesOwner) {
    this.#owner = owner;
    const { config, environment, passive, passiveHosts } = owner.door;
    const { telemetry, world } = environment;
    const { local, remote } = owner.control;
    this.#channel = new NextChannel({ config, passive, passiveHosts, clock: world.clock, telemetry, local, remote });
  }
  /** TLS begins: what still comes in clear is not for us. */
  get upgrading(): boolean {
    return this.#upgrading;
  }
  /** Before the client hears that it may begin TLS. */
  willUpgrade(): void {
    this.#upgrading = true;
  }
  stopReading(): void {
    this.#reading?.abort();
  }
  close(): void {
    this.#channel.close();
    this.stopReading();
  }

  /** `passing`: of a command that does not wait for the transfer under way. */
  async carryOut(directive: Directive, passing: boolean): Promise<void> {
    const { door, slot, send, close } = this.#owner;
    switch (directive.$case) {
      case 'reply':
        return send(directive.value);
      case 'openPassive':
        return send(await this.#channel.openPassive(directive.value));
      case 'connectActive':
        return this.#channel.connectActive(directive.value);
      case 'startTls':
        if (await this.secured(true)) this.#upgrading = false;
        return;
      case 'transfer':
        // A command that passes the queue cannot begin a second one.
        if (passing) return send(dataConnectionFailedReply('A transfer is under way.'));
        return this.#transfer(directive.value);
      case 'abortTransfer':
        return slot.abort(() => this.#channel.drop());
      case 'digest':
        this.#reading = new AbortController();
        return send(await digestOf(door, directive.value, this.#reading.signal));
      case 'who':
        return send(this.#who(directive.value));
      case 'closeControl':
        if (passing) await slot.replied;
        return close('quit');
      default:
        return unreachable(directive);
    }
  }
  /** False: the handshake failed, and the session is over. */
  async secured(discardBuffered: boolean): Promise<boolean> {
    const { door, control, record, close } = this.#owner;
    try {
      await control.flushed();
      await control.upgradeToTls(door.tls.context(), { deadlineMs: handshakeMaxMs, discardBuffered });
      return true;
    } catch (thrown) {
      record.tlsFailed(toStatusError(thrown));
      close('tls_failed');
      return false;
    }
  }
  /** SITE WHO. */
  #who({ user }: processing.Who): Reply {
    const { door } = this.#owner;
    const sessions = door.sessions().filter((each) => user === '' || each.user === user);
    return sessionsReply(sessions, door.environment.world.clock.wallMs());
  }
  async #transfer(transfer: processing.Transfer): Promise<void> {
    const { session, slot, send, close, transferBegan } = this.#owner;
    const { dataTls: secure, login } = session;
    const channel = this.#channel.take();
    if (channel === undefined) return send(dataConnectionFailedReply('Use PASV, EPSV, PORT or EPRT first.'));
    const lastReply = slot.perform(transfer, channel, { secure, login });
    transferBegan();
    if ((await lastReply)?.code === 421) close('transfer_refused');
  }
}
