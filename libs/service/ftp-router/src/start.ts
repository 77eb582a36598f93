/** The routing role: the door for FTP clients. */
import { StatusError } from '@skerry/kernel';
import { routing } from '@skerry/proto';
import { closingReply, formatReply, sameHost } from '@skerry/protocol-ftp';
import type { Service, ServiceEnvironment, StartService } from '@skerry/runtime-host';
import type { AccessTable, Handlers } from '@skerry/runtime-rpc';
import { listenStream, type StreamListener, type StreamSocket } from '@skerry/runtime-sockets';
import { formatAddress, pause } from '@skerry/runtime-world';
import { Admission, type Refusal } from './admission.ts';
import { dataNodes, processors } from './callers.ts';
import type { Door } from './door.ts';
import { figures } from './figures.ts';
import { openOperations, type Operations, type Reload } from './operations.ts';
import { PassivePorts } from './passive-ports.ts';
import { ProxyEntry } from './proxy-entry.ts';
import { Rates } from './rates.ts';
import type { Records } from './records.ts';
import { Session } from './session.ts';
import { passOn } from './shared/others.ts';
import { Shared } from './shared/shared.ts';
import { doorHost, parsePortRange, passiveShortage, type Config } from './settings.ts';

/** A silent control connection is asked for a sign of life after so long, in ms: a NAT that forgot it answers with a reset. */
const controlKeepAliveMs = 60_000;

const access: AccessTable<routing.RoutingServiceDefinition> = {
  listSessions: ['operator', 'auth'],
  kickSession: ['operator', 'auth', 'routing'],
  listLogins: ['auth'],
  endLogins: ['auth'],
  forgetFailures: ['operator', 'auth'],
  exchange: ['routing'],
};

class Router implements Service {
  readonly #door: Door;
  readonly #sessions = new Map<string, Session>();
  readonly #runs = new Set<Promise<void>>();
  readonly #records: Records;
  readonly #reload: Reload;
  readonly #admission: Admission;
  readonly #entry: ProxyEntry;
  readonly #shared: Shared;
  readonly #listeners: StreamListener[] = [];
  #stopping: Promise<void> | undefined;

  constructor(config: Config, environment: ServiceEnvironment, { tls, passiveHosts, records, reload }: Operations) {
    this.#records = records;
    this.#reload = reload;
    const range = parsePortRange(config.passivePorts);
    if (range === undefined)
      throw new StatusError(
        'malformed',
        `Cannot read --passive-ports: must be FIRST-LAST within [1, 65535], or 0-0: got "${config.passivePorts}"`,
      );
    const { clock, random } = environment.world;
    const { telemetry } = environment;
    if (config.ftpTls === 'off' && config.ftpsPort !== 0)
      throw new StatusError('malformed', `Cannot open --ftps-port ${config.ftpsPort}: --ftp-tls is off`);
    this.#admission = new Admission(config, {
      elsewhere: (host) => this.#shared.sessionsElsewhere(host),
      counted: (host, count) => this.#shared.counted(host, count),
    });
    this.#entry = new ProxyEntry({ from: config.ftpProxyFrom, clock, telemetry });
    const passive = new PassivePorts({
      range,
      pass: (socket, enter) => this.#entry.pass(socket, enter),
      acceptMs: config.ftpDataAcceptMs,
      clock,
      random,
      refused: (from, port) =>
        telemetry.emit({ event: 'data_connection_refused', level: 'warn', from: formatAddress(from), port }),
    });
    this.#shared = new Shared({
      environment,
      sessions: () => this.#summaries(),
      addresses: () => this.#admission.addresses,
      endLogins: () => this.#endLogins(),
    });
    this.#door = {
      config,
      environment,
      tls,
      passive,
      passiveHosts,
      processors: processors(environment),
      nodes: dataNodes(environment),
      sessions: () => this.#everywhere(),
      failures: this.#shared.failures,
      rates: new Rates(config, clock),
      figures: figures(telemetry, { sessions: () => this.#sessions.size, transfers: () => this.#transfers() }),
    };
  }
  get endpoints(): Readonly<Record<string, string>> {
    const [plain, implicit] = this.#listeners.map(({ address }) => formatAddress(address));
    return {
      ...(plain === undefined ? {} : { ftp: `ftp://${plain}` }),
      ...(implicit === undefined ? {} : { ftps: `ftps://${implicit}` }),
    };
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
      records: this.#records.status(),
      shared: this.#shared.status(),
    };
  }
  /** @throws StatusError `port_in_use`. */
  async open(): Promise<void> {
    const { config } = this.#door;
    await this.#listen(config.ftpPort, false);
    if (config.ftpsPort !== 0) await this.#listen(config.ftpsPort, true);
  }
  async #listen(port: number, implicit: boolean): Promise<void> {
    const address = { host: doorHost(this.#door.config), port, keepAliveMs: controlKeepAliveMs };
    const enter = (socket: StreamSocket): void => this.#accept(socket, implicit);
    this.#listeners.push(await listenStream(address, (socket) => this.#entry.pass(socket, enter)));
  }
  serve(): void {
    const { rpc } = this.#door.environment;
    const handlers: Handlers<routing.RoutingServiceDefinition> = {
      listSessions: async ({ everywhere }) => ({ sessions: everywhere ? this.#everywhere() : this.#summaries() }),
      kickSession: (request, { caller }) => this.#kick(request, caller.nodeId),
      listLogins: async ({ user }) => ({ loginIds: this.#logins(user) }),
      endLogins: async (request) => {
        this.#shared.ended.add(request);
        return { ended: this.#endLogins() };
      },
      forgetFailures: async ({ user, clientAddress }) => {
        if (user === '' && clientAddress === '')
          throw new StatusError('malformed', 'Cannot forget failed logins: name a user or an address');
        return { forgotten: this.#shared.failures.forget(user, clientAddress) };
      },
      exchange: async (request, { caller }) => this.#shared.answer(request, caller),
    };
    rpc.serve(routing.RoutingServiceDefinition, handlers, access);
    this.#shared.start();
  }
  /** @throws StatusError `malformed` when the request names nobody. */
  async #kick(request: routing.KickSessionRequest, by: string): Promise<routing.KickSessionResponse> {
    const sessions = this.#kicked(request);
    for (const session of sessions) session.kick(by);
    const elsewhere = request.everywhere
      ? await passOn(this.#door.environment, (router, options) =>
          router.kickSession({ ...request, everywhere: false }, options),
        )
      : undefined;
    const ended = (elsewhere?.answers ?? []).reduce((sum, answer) => sum + answer.ended, sessions.length);
    return { found: ended > 0, ended, unreached: [...(elsewhere?.unreached ?? [])] };
  }
  /** Returns how many sessions end. */
  #endLogins(): number {
    const wallMs = this.#door.environment.world.clock.wallMs();
    let count = 0;
    for (const session of this.#sessions.values())
      if (session.endLogin((login) => this.#shared.ended.endOf(login, wallMs))) count += 1;
    return count;
  }
  /** @throws StatusError `malformed` when the request names nobody. */
  #kicked({ sessionId, user, clientHost }: routing.KickSessionRequest): readonly Session[] {
    if (sessionId === '' && user === '' && clientHost === '')
      throw new StatusError('malformed', 'Cannot end sessions: name a session, a user or an address');
    return [...this.#sessions.values()].filter(
      (session) =>
        (sessionId === '' || session.id === sessionId) &&
        (user === '' || session.user === user) &&
        (clientHost === '' || sameHost(session.clientHost, clientHost)),
    );
  }
  stop(graceMs: number): Promise<void> {
    this.#stopping ??= this.#stop(graceMs);
    return this.#stopping;
  }

  async #stop(graceMs: number): Promise<void> {
    for (const listener of this.#listeners) await listener.close();
    this.#entry.close();
    this.#shared.close();
    const ended = Promise.all(this.#runs).then(() => undefined);
    for (const session of this.#sessions.values()) session.drain();
    const graceOver = new AbortController();
    await Promise.race([ended, pause(this.#door.environment.world.clock, graceMs, graceOver.signal)]);
    graceOver.abort();
    for (const session of this.#sessions.values()) session.destroy();
    await ended;
    this.#door.passive.close();
    await closeOperations({ reload: this.#reload, records: this.#records });
  }
  #summaries(): routing.SessionSummary[] {
    return Array.from(this.#sessions.values(), (session) => session.summary());
  }
  #everywhere(): routing.SessionSummary[] {
    return [...this.#summaries(), ...this.#shared.others()];
  }
  #transfers(): number {
    let count = 0;
    for (const session of this.#sessions.values()) if (session.transferring) count += 1;
    return count;
  }
  #logins(user: string): string[] {
    const ids: string[] = [];
    for (const session of this.#sessions.values()) {
      const id = session.user === user ? session.login?.id : undefined;
      if (id !== undefined) ids.push(id);
    }
    return ids;
  }
  #accept(socket: StreamSocket, implicit: boolean): void {
    const { host } = socket.remote;
    if (this.#stopping !== undefined)
      return this.#refuse(socket, { limit: 'stopping', text: 'The server shuts down.' }, implicit);
    const refusal = this.#admission.enter(host);
    if (refusal !== undefined) return this.#refuse(socket, refusal, implicit);
    const session = new Session(this.#door, socket, implicit);
    this.#sessions.set(session.id, session);
    const over = (): void => {
      this.#sessions.delete(session.id);
      this.#runs.delete(run);
      this.#admission.left(host);
    };
    const run: Promise<void> = session.run().then(over);
    this.#runs.add(run);
  }
  #refuse(socket: StreamSocket, { limit, text }: Refusal, implicit: boolean): void {
    const { environment, figures: counted } = this.#door;
    counted.sessionsRefused.add(1, { limit });
    environment.telemetry.emit({ event: 'session_refused', level: 'warn', client: socket.remote.host, limit });
    // Whoever awaits TLS cannot read this, and a handshake is more than a refusal should cost.
    if (implicit) return socket.destroy();
    const { code, lines } = closingReply(text);
    socket.write(formatReply(code, lines));
    socket.end().catch(() => socket.destroy());
  }
}

async function closeOperations({ reload, records }: Pick<Operations, 'reload' | 'records'>): Promise<void> {
  reload.close();
  await records.close();
}

export const start: StartService<Config> = async (config, environment) => {
  const operations = await openOperations(config, environment);
  const shortage = passiveShortage(config);
  if (shortage !== undefined)
    environment.telemetry.emit({ event: 'passive_range_small', level: 'warn', message: shortage });
  let router: Router | undefined;
  try {
    router = new Router(config, environment, operations);
    router.serve();
    await router.open();
    return router;
  } catch (thrown) {
    // What is open would keep the process alive.
    if (router !== undefined) await router.stop(0);
    else await closeOperations(operations);
    throw thrown;
  }
};
