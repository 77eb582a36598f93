/** The routing role: the door for FTP clients. */
import { StatusError } from '@skerry/kernel';
import { routing } from '@skerry/proto';
import { closingReply, formatReply } from '@skerry/protocol-ftp';
import type { Service, ServiceEnvironment, StartService } from '@skerry/runtime-host';
import { listenStream, type StreamListener, type StreamSocket } from '@skerry/runtime-sockets';
import { formatAddress, pause } from '@skerry/runtime-world';
import { dataNodes, processors } from './callers.ts';
import type { Door } from './door.ts';
import { DoorTls } from './door-tls.ts';
import { figures } from './figures.ts';
import { PassivePorts } from './passive-ports.ts';
import { Session } from './session.ts';
import { doorHost, parsePortRange, passiveShortage, type Config } from './settings.ts';

/** A silent control connection is asked for a sign of life after so long, in ms: a NAT that forgot it answers with a reset. */
const controlKeepAliveMs = 60_000;

class Router implements Service {
  readonly #door: Door;
  readonly #sessions = new Map<string, Session>();
  readonly #runs = new Set<Promise<void>>();
  readonly #perAddress = new Map<string, number>();
  #listener: StreamListener | undefined;
  #stopping: Promise<void> | undefined;

  constructor(config: Config, environment: ServiceEnvironment, tls: DoorTls) {
    const range = parsePortRange(config.passivePorts);
    if (range === undefined)
      throw new StatusError(
        'malformed',
        `Cannot read --passive-ports: must be FIRST-LAST within [1, 65535], or 0-0: got "${config.passivePorts}"`,
      );
    const { clock, random } = environment.world;
    const { telemetry } = environment;
    const passive = new PassivePorts({
      range,
      acceptMs: config.ftpDataAcceptMs,
      clock,
      random,
      refused: (from, port) =>
        telemetry.emit({ event: 'data_connection_refused', level: 'warn', from: formatAddress(from), port }),
    });
    this.#door = {
      config,
      environment,
      tls,
      passive,
      processors: processors(environment),
      nodes: dataNodes(environment),
      figures: figures(telemetry, { sessions: () => this.#sessions.size, transfers: () => this.#transfers() }),
    };
  }
  get endpoints(): Readonly<Record<string, string>> {
    const address = this.#listener?.address;
    return address === undefined ? {} : { ftp: `ftp://${formatAddress(address)}` };
  }
  load(): number {
    return this.#sessions.size;
  }
  status(): Readonly<Record<string, unknown>> {
    return {
      sessions: this.#sessions.size,
      transfers: this.#transfers(),
      passiveListeners: this.#door.passive.listeners,
      stopping: this.#stopping !== undefined,
    };
  }
  /** @throws StatusError `port_in_use`. */
  async open(): Promise<void> {
    const { config } = this.#door;
    const address = { host: doorHost(config), port: config.ftpPort, keepAliveMs: controlKeepAliveMs };
    this.#listener = await listenStream(address, (socket) => this.#accept(socket));
  }
  serve(): void {
    const handlers = {
      listSessions: async () => ({ sessions: [...this.#sessions.values()].map((session) => session.summary()) }),
      kickSession: async ({ sessionId }: routing.KickSessionRequest) => {
        const session = this.#sessions.get(sessionId);
        session?.bye('This session was ended by the operator.', 'kicked');
        return { found: session !== undefined };
      },
    };
    const access = { listSessions: ['operator', 'auth'], kickSession: ['operator', 'auth'] };
    this.#door.environment.rpc.serve(routing.RoutingServiceDefinition, handlers, access);
  }
  stop(graceMs: number): Promise<void> {
    this.#stopping ??= this.#stop(graceMs);
    return this.#stopping;
  }

  async #stop(graceMs: number): Promise<void> {
    await this.#listener?.close();
    const ended = Promise.all(this.#runs).then(() => undefined);
    for (const session of this.#sessions.values()) session.drain();
    const graceOver = new AbortController();
    await Promise.race([ended, pause(this.#door.environment.world.clock, graceMs, graceOver.signal)]);
    graceOver.abort();
    for (const session of this.#sessions.values()) session.destroy();
    await ended;
  }
  #transfers(): number {
    let count = 0;
    for (const session of this.#sessions.values()) if (session.transferring) count += 1;
    return count;
  }
  #accept(socket: StreamSocket): void {
    const { host } = socket.remote;
    const refusal = this.#refusal(host);
    if (refusal !== undefined) return this.#refuse(socket, refusal);
    const session = new Session(this.#door, socket);
    this.#sessions.set(session.id, session);
    this.#perAddress.set(host, this.#count(host) + 1);
    const over = (): void => {
      this.#sessions.delete(session.id);
      this.#runs.delete(run);
      if (this.#count(host) > 1) this.#perAddress.set(host, this.#count(host) - 1);
      else this.#perAddress.delete(host);
    };
    const run: Promise<void> = session.run().then(over);
    this.#runs.add(run);
  }
  #count(host: string): number {
    return this.#perAddress.get(host) ?? 0;
  }
  #refusal(host: string): { limit: string; text: string } | undefined {
    const { ftpSessionsMax, ftpSessionsPerAddressMax } = this.#door.config;
    if (this.#stopping !== undefined) return { limit: 'stopping', text: 'The server shuts down.' };
    if (this.#sessions.size >= ftpSessionsMax) return { limit: 'all', text: 'Too many sessions; try again later.' };
    if (this.#count(host) >= ftpSessionsPerAddressMax)
      return { limit: 'address', text: 'Too many sessions from your address; try again later.' };
    return undefined;
  }
  #refuse(socket: StreamSocket, { limit, text }: { limit: string; text: string }): void {
    const { environment, figures: counted } = this.#door;
    counted.sessionsRefused.add(1, { limit });
    environment.telemetry.emit({ event: 'session_refused', level: 'warn', client: socket.remote.host, limit });
    const { code, lines } = closingReply(text);
    socket.write(formatReply(code, lines));
    socket.end().catch(() => socket.destroy());
  }
}

export const start: StartService<Config> = async (config, environment) => {
  const tls = await DoorTls.open(config, environment);
  const shortage = passiveShortage(config);
  if (shortage !== undefined)
    environment.telemetry.emit({ event: 'passive_range_small', level: 'warn', message: shortage });
  const router = new Router(config, environment, tls);
  router.serve();
  await router.open();
  return router;
};
