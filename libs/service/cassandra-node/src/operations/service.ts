/** The operator's service of the node: what nodetool is for Cassandra. */
import { StatusError } from '@skerry/kernel';
import { cassandra } from '@skerry/proto';
import type { AccessTable, Handlers, RpcNode } from '@skerry/runtime-rpc';
import { operatorRole } from '@skerry/runtime-security';
import type { OpenTableStore } from '@skerry/runtime-table-store';
import type { Clock } from '@skerry/runtime-world';
import { findKeyspace, uuidText, type Catalog, type NodeFacts } from '../catalog/index.ts';
import type { BuildFigures } from '../engine/index/builds.ts';
import type { Figures } from '../server/figures.ts';
import type { CassandraConfig } from '../settings.ts';
import { takeSnapshot } from './snapshot.ts';

type Definition = cassandra.CassandraServiceDefinition;
const access: AccessTable<Definition> = {
  getNode: [operatorRole],
  getTableStats: [operatorRole],
  getCompactionStats: [operatorRole],
  flush: [operatorRole],
  takeSnapshot: [operatorRole],
};

export type OperationsParts = {
  readonly config: CassandraConfig;
  readonly store: OpenTableStore;
  readonly catalog: Catalog;
  readonly figures: Figures;
  readonly facts: () => NodeFacts;
  readonly connections: () => number;
  readonly prepared: () => number;
  /** Indexes and views that are not whole yet. */
  readonly builds: () => readonly BuildFigures[];
  readonly clock: Clock;
  /** The node's folder, absolute. */
  readonly folder: string;
};

/** Before the node's gRPC door opens. */
export function serveOperations(rpc: RpcNode, parts: OperationsParts): void {
  const { store, clock, folder } = parts;
  const startedMs = clock.monotonicMs();
  const timed = async <T>(work: () => Promise<T>): Promise<T & { ms: number }> => {
    const fromMs = clock.monotonicMs();
    return { ...(await work()), ms: Math.round(clock.monotonicMs() - fromMs) };
  };
  const handlers: Handlers<Definition> = {
    getNode: async () => ({ ...nodeOf(parts), uptimeMs: Math.round(clock.monotonicMs() - startedMs) }),
    getTableStats: async (request) => ({ tables: await tableStats(parts, request) }),
    getCompactionStats: async () => compactionStats(parts),
    flush: () =>
      timed(async () => {
        await store.flush();
        return {};
      }),
    takeSnapshot: ({ name }) => timed(() => takeSnapshot({ folder, copyStore: (path) => store.snapshot(path) }, name)),
  };
  rpc.serve(cassandra.CassandraServiceDefinition, handlers, access);
}

function nodeOf({ config, store, catalog, figures, facts, connections, prepared }: OperationsParts) {
  const { clusterName, hostId, dataCenter, rack, nativeAddress, nativePort, tokens } = facts();
  const { partitioner, releaseVersion, cqlVersion } = facts();
  const { keyspaces, version } = catalog.snapshot;
  const { memoryBytes, isFlushing, flushes, logSegments } = store.statistics();
  return {
    clusterName,
    hostId: uuidText(hostId),
    dataCenter,
    rack,
    address: nativeAddress,
    port: nativePort,
    tokens: [...tokens],
    partitioner,
    releaseVersion,
    cqlVersion,
    schemaVersion: uuidText(version),
    connections: connections(),
    preparedStatements: prepared(),
    requests: { ...figures.requests },
    errors: figures.errors,
    slowRequests: figures.slow,
    memoryBytes,
    flushing: isFlushing,
    flushes,
    logSegments,
    keyspaces: keyspaces.size,
    tables: [...keyspaces.values()].reduce((sum, { tables, views }) => sum + tables.size + views.size, 0),
    tls: config.cqlTls,
    authenticator: config.cqlAuthenticator,
    authorizer: config.cqlAuthorizer,
    commitlogSync: config.commitlogSync,
  };
}

/** @throws StatusError `no_such_entry`. */
async function tableStats(
  { catalog, store }: OperationsParts,
  { keyspace, table }: cassandra.GetTableStatsRequest,
): Promise<cassandra.TableStats[]> {
  const { snapshot } = catalog;
  const one = keyspace === '' ? undefined : findKeyspace(snapshot, keyspace);
  if (keyspace !== '' && one === undefined)
    throw new StatusError('no_such_entry', `Cannot find keyspace "${keyspace}"`);
  const stored = (one === undefined ? [...snapshot.keyspaces.values()] : [one]).flatMap(({ tables, views }) => [
    ...Array.from(tables.values(), (schema) => ({ schema, view: false })),
    ...Array.from(views.values(), ({ schema }) => ({ schema, view: true })),
  ]);
  const wanted = stored.filter(({ schema }) => table === '' || schema.name === table);
  if (table !== '' && wanted.length === 0)
    throw new StatusError('no_such_entry', `Cannot find table "${keyspace}.${table}"`);
  const stats: cassandra.TableStats[] = [];
  for (const { schema, view } of wanted) {
    const { blocks, bytes, runs } = store.stored(schema.number);
    const { id, name } = schema;
    stats.push({ keyspace: schema.keyspace, table: name, id: uuidText(id), storedBytes: bytes, blocks, view, runs });
  }
  return stats;
}

function compactionStats({ catalog, store, clock, builds }: OperationsParts) {
  const { compactions, diskFull = '' } = store.statistics();
  const { running, pending, completed, mergedBytes, failure = '' } = compactions;
  const names = new Map<number, string>();
  for (const { tables, views } of catalog.snapshot.keyspaces.values()) {
    for (const { keyspace, name, number } of tables.values()) names.set(number, `${keyspace}.${name}`);
    for (const { schema } of views.values()) names.set(schema.number, `${schema.keyspace}.${schema.name}`);
  }
  return {
    running: running.map(({ kind, table, runs, sizeBytes, startedMs }) => ({
      kind,
      table: names.get(table) ?? '',
      runs,
      bytes: sizeBytes,
      runningMs: Math.round(clock.monotonicMs() - startedMs),
    })),
    pending,
    completed,
    mergedBytes,
    failure,
    diskFull,
    builds: builds().map(({ failure: why = '', ...build }) => ({ ...build, failure: why })),
  };
}
