/** The cassandra role: a node that Cassandra's drivers cannot tell apart. */
import type { NodeConfig, Service, ServiceEnvironment, StartService } from '@skerry/runtime-host';
import { formatAddress, type Address } from '@skerry/runtime-world';
import {
  findKeyspace,
  findTable,
  virtualTables,
  type ClientFacts,
  type NodeFacts,
  type Outcome,
} from './catalog/index.ts';
import { fromHex, present, StatusError, toStatusError } from '@skerry/kernel';
import { invalid, type SchemaChange } from './engine/contract.ts';
import { StatementEngine } from './engine/engine.ts';
import { World } from './engine/function-world.ts';
import { nodeFacts } from './facts.ts';
import { digest, openParts, sealWith, storedLayouts, type NodeParts } from './node-parts.ts';
import { serveOperations } from './operations/service.ts';
import { InternalStatements } from './roles/internal-statements.ts';
import { ensureFirstRole, PasswordAuthenticator } from './roles/password-authenticator.ts';
import { PermissionAuthorizer } from './roles/permission-authorizer.ts';
import { allTables, resourceText } from './roles/resources.ts';
import { RoleTable } from './roles/role-table.ts';
import type { Connection } from './server/connection.ts';
import type { Desk } from './server/desk.ts';
import { Door } from './server/door.ts';
import { openDoorSecurity, type DoorSecurity } from './server/door-security.ts';
import { Figures } from './server/figures.ts';
import { ColumnBytes, PreparedStatements } from './server/prepared.ts';
import { Timestamps } from './server/timestamps.ts';
import { Tracer } from './server/tracing.ts';
import { Turn } from './server/turn.ts';
import type { CassandraConfig } from './settings.ts';

type Config = CassandraConfig & NodeConfig;
/** Tombstones of one read: warned of and refused, as in Cassandra. */
const guardrails = { tombstonesWarn: 1_000, tombstonesFail: 100_000 };

export const start: StartService<Config> = async (config, environment) => {
  const security = await openDoorSecurity(config, environment);
  let parts: NodeParts;
  try {
    parts = await openParts(config, environment);
  } catch (thrown) {
    security.close();
    throw thrown;
  }
  const node = new Node(config, environment, parts, security);
  try {
    await node.open();
    return node;
  } catch (thrown) {
    await node.stop(0);
    throw thrown;
  }
};

class Node implements Service {
  readonly #config: Config;
  readonly #environment: ServiceEnvironment;
  readonly #parts: NodeParts;
  readonly #security: DoorSecurity;
  readonly #desk: Desk;
  readonly #engine: StatementEngine;
  readonly #door: Door;
  readonly #figures: Figures;
  readonly #prepared = new PreparedStatements();
  readonly #roles: RoleTable;
  #address: Address = { host: '', port: 0 };
  #facts: NodeFacts;
  #stopping: Promise<void> | undefined;

  constructor(config: Config, environment: ServiceEnvironment, parts: NodeParts, security: DoorSecurity) {
    this.#config = config;
    this.#security = security;
    this.#environment = environment;
    this.#parts = parts;
    this.#facts = nodeFacts(
      config,
      parts.identity,
      { host: this.#host, port: config.cqlPort },
      environment.incarnation,
    );
    const { telemetry, world } = environment;
    this.#figures = new Figures(telemetry);
    const timestamps = new Timestamps(world.clock);
    const statements = (written: () => Promise<void> | undefined): InternalStatements =>
      new InternalStatements({
        plan: (text, keyspace) => this.#desk.engine.plan(text, keyspace),
        now: () => {
          timestamps.next();
          return { hi: timestamps.hi, lo: timestamps.lo, ms: timestamps.nowMs };
        },
        written,
      });
    this.#roles = new RoleTable(statements(() => parts.store.endTurn()));
    const monotonicMs = (): number => world.clock.monotonicMs();
    const tracer = new Tracer({
      // Rows of a trace are written to the log with the turn's others: nobody waits for them.
      statements: statements(() => undefined),
      random: world.random,
      wallMs: () => world.clock.wallMs(),
      monotonicMs,
      coordinator: () => ({ host: this.#facts.broadcastAddress, port: this.#facts.broadcastPort }),
      failed: (thrown) => telemetry.emit({ event: 'cql_trace_lost', level: 'warn', error: toStatusError(thrown) }),
    });
    this.#engine = this.#makeEngine();
    this.#desk = {
      engine: this.#engine,
      prepared: this.#prepared,
      columnBytes: new ColumnBytes(),
      timestamps,
      turn: new Turn(() => parts.store.endTurn()),
      telemetry,
      figures: this.#figures,
      tracer,
      nowMs: monotonicMs,
      crc32: world.crc32,
      authenticator:
        config.cqlAuthenticator === 'password'
          ? new PasswordAuthenticator(this.#roles, environment.workers)
          : undefined,
      authorizer: config.cqlAuthorizer === 'permissions' ? new PermissionAuthorizer(this.#roles) : undefined,
      limits: {
        frameMaxBytes: config.cqlFrameMaxBytes,
        waitingMax: config.cqlRequestsMax,
        unreadMaxBytes: config.cqlUnreadMaxBytes,
        slowMs: config.slowQueryMs,
      },
      schemaChanged: (change) => this.#door.schemaChanged(change),
    };
    this.#door = new Door(
      {
        host: this.#host,
        port: config.cqlPort,
        tls: security.tls,
        plain: security.plain,
        connectionsMax: config.cqlConnectionsMax,
        clock: world.clock,
      },
      this.#desk,
    );
  }
  get #host(): string {
    return this.#config.cqlHost ?? this.#config.host;
  }
  #makeEngine(): StatementEngine {
    const { catalog, store, identity } = this.#parts;
    const { world } = this.#environment;
    return new StatementEngine({
      host: {
        catalog,
        context: ({ keyspace, timestampHi, timestampLo }) => ({
          keyspace,
          nowMicros: timestampHi * 2 ** 32 + (timestampLo >>> 0),
          random: world.random,
          dataCenters: new Map([[this.#config.dataCenter, 1]]),
        }),
        installed: (outcome) => this.#installed(outcome),
        settle: (outcome) => this.#settle(outcome),
        truncate: (tables) => store.truncate(tables),
        describeContext: (keyspace, withInternals) => ({
          keyspace,
          withInternals,
          clusterName: this.#facts.clusterName,
          partitioner: this.#facts.partitioner,
          rangeOwnership: () => new Map(this.#facts.tokens.map((token) => [token, [this.#facts.nativeAddress]])),
        }),
      },
      roles: {
        table: this.#roles,
        workers: this.#environment.workers,
        random: world.random,
        authenticates: this.#config.cqlAuthenticator === 'password',
        authorizes: this.#config.cqlAuthorizer === 'permissions',
        checkResource: (name) => this.#checkResource(name),
      },
      store,
      world: new World(world.random, digest),
      seal: sealWith(identity.secret),
      virtual: virtualTables(() => catalog.snapshot, {
        facts: () => this.#facts,
        peers: () => [],
        clients: () => this.#clients(),
        settings: () => this.#settings(),
        prepared: () => this.#prepared.all().map(({ id, keyspace, text }) => ({ id, keyspace, text })),
        estimates: () => [],
        isBuilt: (number) => this.#engine.builds.isBuilt(number),
      }),
      guardrails,
      nowMs: () => world.clock.wallMs(),
      clock: world.clock,
      buildFailed: (error, { kind, keyspace, name, failures }, retryMs) =>
        this.#environment.telemetry.emit({
          event: 'cql_build_failed',
          level: 'error',
          error,
          kind,
          keyspace,
          name,
          failures,
          retryMs,
        }),
      timeouts: { readMs: this.#config.cqlReadTimeoutMs, rangeMs: this.#config.cqlRangeTimeoutMs },
      hostId: present(fromHex(identity.hostId), 'host id in hexadecimal digits'),
    });
  }
  /** @throws CqlFault when nothing has the name. */
  #checkResource(name: string): void {
    const [kind, keyspace, table] = name.split('/');
    const { snapshot } = this.#parts.catalog;
    if (kind === 'roles' && keyspace !== undefined && this.#roles.get(keyspace) === undefined)
      throw invalid(`${keyspace} doesn't exist`);
    if (kind !== 'data' || keyspace === undefined) return;
    const isThere =
      table === undefined || table === allTables
        ? findKeyspace(snapshot, keyspace) !== undefined
        : findTable(snapshot, keyspace, table) !== undefined;
    if (!isThere) throw invalid(`Resource ${resourceText(name)} doesn't exist`);
  }
  /** The store knows every table before a statement can name it. */
  #installed({ snapshot }: Outcome): void {
    for (const table of storedLayouts(snapshot)) this.#parts.store.setTable(table);
  }
  async #settle({ dropped, change, events }: Outcome): Promise<void> {
    for (const number of dropped) await this.#parts.store.dropTable(number);
    if (change?.change === 'DROPPED' && change.target !== 'TYPE')
      for (const kind of change.target === 'KEYSPACE' ? ['data', 'functions'] : ['data'])
        await this.#roles.forgetResource(
          [kind, change.keyspace, ...(change.name === undefined ? [] : [change.name])].join('/'),
        );
    for (const event of events) this.#desk.schemaChanged(event as SchemaChange);
  }
  #clients(): readonly ClientFacts[] {
    return Array.from(this.#door.connections, (connection: Connection) => ({
      address: connection.remote.host,
      port: connection.remote.port,
      username: connection.role ?? 'anonymous',
      stage: connection.stage,
      protocolVersion: connection.version,
      keyspace: connection.keyspace,
      options: connection.options,
      requestCount: connection.requests,
      tls: connection.secure ? { protocol: 'TLS', cipherSuite: '' } : undefined,
    }));
  }
  #settings(): ReadonlyMap<string, string> {
    const { clusterName, commitlogSync, cqlPort } = this.#config;
    return new Map([
      ['cluster_name', clusterName],
      ['commitlog_sync', commitlogSync],
      ['native_transport_port', String(cqlPort)],
      ['partitioner', this.#facts.partitioner],
    ]);
  }

  /** @throws StatusError `port_in_use`. */
  async open(): Promise<void> {
    const { cqlAuthenticator, cqlAuthorizer } = this.#config;
    if (cqlAuthorizer === 'permissions' && cqlAuthenticator !== 'password')
      throw new StatusError('malformed', 'Cannot use --cql-authorizer permissions: needs --cql-authenticator password');
    this.#serve();
    this.#engine.builds.begin();
    await this.#roles.load();
    const { workers, world } = this.#environment;
    if (cqlAuthenticator === 'password') await ensureFirstRole(this.#roles, workers, world.random);
    this.#address = await this.#door.open();
    this.#facts = nodeFacts(this.#config, this.#parts.identity, this.#address, this.#environment.incarnation);
  }
  get endpoints(): Readonly<Record<string, string>> {
    return { cql: formatAddress(this.#address) };
  }
  load(): number {
    return this.#door.count;
  }
  status(): Readonly<Record<string, unknown>> {
    return {
      connections: this.#door.count,
      prepared: this.#prepared.count,
      longReads: { active: this.#engine.longReads.active, waiting: this.#engine.longReads.waiting },
      schemaVersion: this.#parts.catalog.snapshot.version,
      requests: this.#figures.requests,
      store: this.#parts.store.statistics(),
    };
  }
  stop(graceMs: number): Promise<void> {
    this.#stopping ??= this.#stop(graceMs);
    return this.#stopping;
  }
  #serve(): void {
    const { rpc, world, dataDirectory } = this.#environment;
    const { store, catalog } = this.#parts;
    serveOperations(rpc, {
      config: this.#config,
      store,
      catalog,
      figures: this.#figures,
      facts: () => this.#facts,
      connections: () => this.#door.count,
      prepared: () => this.#prepared.count,
      builds: () => this.#engine.builds.figures(),
      clock: world.clock,
      folder: dataDirectory,
    });
  }
  async #stop(graceMs: number): Promise<void> {
    this.#security.close();
    await this.#door.stop(graceMs);
    this.#engine.longReads.stop();
    await this.#engine.builds.stop();
    await this.#parts.close();
  }
}
