/** For tests: a processor between an auth node and data nodes that live in this process, and can be made to fail. */
import { NodeId, StatusError, type Reason } from '@skerry/kernel';
import { auth, data, processing } from '@skerry/proto';
import { freshSession } from '@skerry/protocol-ftp';
import type { Directory, NodeRecord } from '@skerry/runtime-discovery';
import type { Service, ServiceEnvironment } from '@skerry/runtime-host';
import type { RpcNode, ServiceDefinition } from '@skerry/runtime-rpc';
import { createRevocationList, createSealer } from '@skerry/runtime-security';
import type { Telemetry, TelemetryEvent } from '@skerry/runtime-telemetry';
import type { Clock } from '@skerry/runtime-world';
import { start } from './service.ts';
import type { Config } from './settings.ts';

export const sealer = createSealer(new Uint8Array(32).fill(7));
export const lineId = '0123456789abcdef0123456789abcdef';

/** The wall clock of the tests, which steps when told. */
export class TestClock implements Clock {
  offsetMs = 0;
  monotonicMs(): number {
    return performance.now();
  }
  wallMs(): number {
    return Date.now() + this.offsetMs;
  }
  setTimer(delayMs: number, callback: () => void): { cancel(): void } {
    const timer = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(timer) };
  }
}

type Entry = { readonly kind: data.EntryKind; readonly size: number };
/** Every ticket that a data node took, opened. */
export type Taken = data.Ticket & { readonly node: string };

const message = (path: string, { kind, size }: Entry): data.DirectoryEntry =>
  data.DirectoryEntry.fromPartial({
    name: path.slice(path.lastIndexOf('/') + 1),
    kind,
    size,
    mode: 0o644,
    owner: 'ada',
  });

/** The tree that all data nodes share, and their rules: a change is done once for each operation id. */
export class FakeData {
  readonly entries = new Map<string, Entry>([['/', { kind: data.EntryKind.DIRECTORY, size: 0 }]]);
  readonly taken: Taken[] = [];
  readonly done = new Set<string>();
  /** Node id to the way in which it fails. */
  readonly failing = new Map<string, Reason>();
  /** Calls that failed in that way. */
  failures = 0;
  stageLength: number | undefined;

  handle(node: string, method: string, request: { readonly ticket?: Uint8Array }): unknown {
    const reason = this.failing.get(node);
    if (reason !== undefined) {
      this.failures += 1;
      throw new StatusError(reason, `node "${node}" was told to fail`);
    }
    if (method === 'getUsage') return { bytes: 10, files: 1 };
    const ticket = data.Ticket.decode(sealer.open('ticket', request.ticket ?? new Uint8Array()));
    this.taken.push({ ...ticket, node });
    const entry = this.entries.get(ticket.path);
    switch (ticket.operation) {
      case data.Operation.STAT:
        return { entry: entry && message(ticket.path, entry), stageLength: this.stageLength };
      case data.Operation.MAKE_DIRECTORY:
        return this.#once(ticket, () => {
          if (entry !== undefined && !ticket.parents) throw new StatusError('entry_exists', 'it is there');
          this.entries.set(ticket.path, { kind: data.EntryKind.DIRECTORY, size: 0 });
        });
      case data.Operation.REMOVE_FILE:
        return this.#once(ticket, () => {
          if (!this.entries.delete(ticket.path)) throw new StatusError('no_such_entry', 'it is not there');
        });
      default:
        return {};
    }
  }
  async *list(count: number): AsyncGenerator<Partial<data.ListResponse>> {
    const directory = message('/', { kind: data.EntryKind.DIRECTORY, size: 0 });
    yield { self: directory, entries: [] };
    const entries = Array.from({ length: count }, (_, n) => message(`/f${n}`, { kind: data.EntryKind.FILE, size: n }));
    for (let at = 0; at < count; at += 700) yield { entries: entries.slice(at, at + 700) };
  }
  #once(ticket: data.Ticket, change: () => void): object {
    if (this.done.has(ticket.operationId)) return {};
    change();
    this.done.add(ticket.operationId);
    return {};
  }
}

export class FakeAuth {
  /** What the next grant says. */
  grant: Partial<auth.Grant> = {};
  failing: Reason | undefined;
  logins: auth.LoginRequest[] = [];
  renewals = 0;
  readonly changes: auth.ChangePasswordRequest[] = [];
  readonly #clock: Clock;
  constructor(clock: Clock) {
    this.#clock = clock;
  }
  handle(method: string, request: auth.LoginRequest | auth.ChangePasswordRequest): object {
    if (this.failing !== undefined) throw new StatusError(this.failing, 'auth was told to fail');
    if ('oldPassword' in request) {
      this.changes.push(request);
      if (request.oldPassword !== 'right') throw new StatusError('credentials', 'wrong');
      return {};
    }
    if (method === 'renewGrant') this.renewals += 1;
    else {
      this.logins.push(request);
      if (request.password !== 'right') throw new StatusError('credentials', 'wrong');
    }
    return { grant: this.sealed() };
  }
  sealed(): Uint8Array {
    const grant = auth.Grant.fromPartial({
      sessionId: 'f'.repeat(32),
      user: 'ada',
      groups: ['staff'],
      home: '/home/ada',
      issuedAtMs: this.#clock.wallMs(),
      expiresAtMs: this.#clock.wallMs() + 5_000,
    });
    return sealer.seal('grant', auth.Grant.encode({ ...grant, ...this.grant }).finish());
  }
}

const record = (nodeId: string, role: string): NodeRecord => ({
  nodeId,
  role,
  site: '',
  address: `${nodeId}:1`,
  incarnation: 1,
  endpoints: {},
  load: 0,
});

export class FakeDirectory implements Directory {
  records: NodeRecord[] = [record('auth_1', 'auth'), record('data_1', 'data'), record('data_2', 'data')];
  nodes(role: string): readonly NodeRecord[] {
    return this.records.filter((each) => each.role === role);
  }
  pick(role: string, except: ReadonlySet<string> = new Set()): NodeRecord {
    const found = this.nodes(role).find((each) => !except.has(each.nodeId)) ?? this.nodes(role)[0];
    if (found === undefined) throw new StatusError('no_node', `no node of role "${role}"`);
    return found;
  }
  waitFor(role: string): Promise<NodeRecord> {
    return Promise.resolve(this.pick(role));
  }
  readonly isAlone = false;
  reportFailure(): void {
    // The caller itself asks another node; nothing here looks at failures.
  }
  listen(): () => void {
    return () => undefined;
  }
}

type Execute = (
  request: processing.ExecuteRequest,
  context: { signal: AbortSignal },
) => Promise<processing.ExecuteResponse>;

export class Cluster {
  readonly clock = new TestClock();
  readonly data = new FakeData();
  readonly auth = new FakeAuth(this.clock);
  readonly directory = new FakeDirectory();
  readonly revocations = createRevocationList();
  readonly events: TelemetryEvent[] = [];
  readonly counts: string[] = [];
  service: Service | undefined;
  /** Entries that a listing has. */
  listCount = 3;
  /** As the router tells it with a line. */
  loginPast: auth.LoginPast | undefined;
  session: processing.Session = freshSession({
    id: 'a'.repeat(32),
    clientHost: '192.0.2.1',
    clientPort: 4000,
    serverHost: '192.0.2.9',
    serverPort: 21,
    controlTls: true,
    tlsAvailable: true,
    tlsRequired: processing.TlsRequirement.UNSPECIFIED,
    connectedAtMs: 0,
  });
  #execute: Execute | undefined;
  #lines = 0;

  static async start(config: Partial<Config> = {}): Promise<Cluster> {
    const cluster = new Cluster();
    // Only what the processor uses of its host is there.
    const environment = cluster.#environment() as unknown as ServiceEnvironment;
    cluster.service = await start({ ftpBackendDeadlineMs: 400, ftpHosts: [], ...config }, environment);
    return cluster;
  }
  static async loggedIn(grant: Partial<auth.Grant> = {}): Promise<Cluster> {
    const cluster = await Cluster.start();
    cluster.auth.grant = grant;
    await cluster.say('USER ada', 'PASS right');
    cluster.data.taken.length = 0;
    return cluster;
  }

  /** One line, as the router asks for it. */
  async execute(
    line: string | Uint8Array,
    operationId = lineId,
    signal = new AbortController().signal,
  ): Promise<processing.ExecuteResponse> {
    const bytes = typeof line === 'string' ? new TextEncoder().encode(line) : line;
    const request = { operationId, session: this.session, line: bytes, loginPast: this.loginPast };
    if (this.#execute === undefined) throw new Error('the service did not register itself');
    const sent = processing.ExecuteRequest.decode(processing.ExecuteRequest.encode(request).finish());
    return this.#execute(sent, { signal });
  }
  /** Lines one after the other; the outcome of the last: the directives, a reply by its code. */
  async say(...lines: readonly string[]): Promise<string> {
    let outcome = '';
    for (const line of lines) {
      const operationId = (this.#lines++).toString(16).padStart(32, '0');
      const { session, directives } = await this.execute(line, operationId);
      if (session !== undefined) this.session = session;
      outcome = directives
        .map(({ kind }) => (kind?.$case === 'reply' ? String(kind.value.code) : kind?.$case))
        .join(' ');
    }
    return outcome;
  }

  #environment(): Partial<ServiceEnvironment> {
    const metric = { add: (_amount?: number, labels?: object) => void this.counts.push(JSON.stringify(labels)) };
    const telemetry = {
      emit: (event: TelemetryEvent) => void this.events.push(event),
      counter: () => metric,
      histogram: () => ({ observe: () => undefined }),
    } as unknown as Telemetry;
    const { clock, directory, revocations } = this;
    const world = { clock, random: (size: number) => new Uint8Array(size) } as unknown as ServiceEnvironment['world'];
    return { world, telemetry, directory, revocations, sealer, rpc: this.#rpc() };
  }
  #rpc(): RpcNode {
    const rpc: Partial<RpcNode> = {
      nodeId: NodeId('processing_1'),
      serve: (_definition, handlers) => void (this.#execute = (handlers as unknown as { execute: Execute }).execute),
      client: (definition, { nodeId }) => this.#client(definition, nodeId) as never,
    };
    return rpc as RpcNode;
  }
  #client(definition: ServiceDefinition, nodeId: string): object {
    const ask = (method: string) => async (partial: object) => {
      const { requestType, responseType } = definition.methods[method] ?? {};
      // Over the wire and back, so that defaults are there as they would be.
      const request = requestType.decode(requestType.encode(requestType.fromPartial(partial)).finish());
      const answer =
        definition.fullName === auth.AuthServiceDefinition.fullName
          ? this.auth.handle(method, request)
          : this.data.handle(nodeId, method, request);
      return responseType.fromPartial(answer);
    };
    const methods = Object.keys(definition.methods).map((method) => [method, ask(method)] as const);
    return { ...Object.fromEntries(methods), list: (request: data.ListRequest) => this.#list(nodeId, request) };
  }
  async *#list(nodeId: string, request: data.ListRequest): AsyncGenerator<data.ListResponse> {
    this.data.handle(nodeId, 'list', request);
    for await (const batch of this.data.list(this.listCount)) yield data.ListResponse.fromPartial(batch);
  }
}
