/** The session as processors know it: it goes out with each line, and comes back with what is to be done. */
import { randomId } from '@skerry/kernel';
import { processing } from '@skerry/proto';
import type { StreamSocket } from '@skerry/runtime-sockets';
import type { Door } from './door.ts';

export type TransferState = Pick<processing.Session, 'transferring' | 'transferredBytes'>;

export class ProcessedSession {
  readonly #door: Door;
  readonly #id: string;
  readonly #control: StreamSocket;
  #state: processing.Session;

  constructor(door: Door, id: string, control: StreamSocket) {
    this.#door = door;
    this.#id = id;
    this.#control = control;
    this.#state = this.#owned(
      processing.Session.fromPartial({
        phase: processing.Phase.GREETED,
        workingDirectory: '/',
        type: processing.TransferType.ASCII,
        connectedAtMs: door.environment.world.clock.wallMs(),
      }),
    );
  }
  get loggedIn(): boolean {
    return this.#state.phase === processing.Phase.LOGGED_IN;
  }
  /** The user that was named last. */
  get user(): string {
    return this.#state.user;
  }
  get workingDirectory(): string {
    return this.#state.workingDirectory;
  }
  get connectedAtMs(): number {
    return this.#state.connectedAtMs;
  }
  /** PROT P. */
  get dataTls(): boolean {
    return this.#state.dataTls;
  }

  /** One line at one of the processors. @throws StatusError `deadline` and the like when none of them could. */
  async execute(
    line: Uint8Array,
    transfer: TransferState,
    signal: AbortSignal,
  ): Promise<readonly processing.Directive[]> {
    const { config, environment, processors } = this.#door;
    const { clock, random } = environment.world;
    const session = { ...this.#owned(this.#state), ...transfer };
    const request = { operationId: randomId(random), session, line };
    const response = await processors.call((client, options) => client.execute(request, options), {
      atMs: clock.monotonicMs() + config.ftpCommandDeadlineMs,
      signal,
    });
    if (response.session !== undefined) this.#state = response.session;
    return response.directives;
  }
  /** The connection is ours: a processor's view of it is a copy. */
  #owned(state: processing.Session): processing.Session {
    const { remote, local, secure } = this.#control;
    return {
      ...state,
      id: this.#id,
      clientHost: remote.host,
      clientPort: remote.port,
      serverHost: local.host,
      serverPort: local.port,
      controlTls: secure,
      tlsAvailable: true,
    };
  }
}
