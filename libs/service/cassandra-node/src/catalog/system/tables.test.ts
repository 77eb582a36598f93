/** The system's tables: their rows true, their columns Cassandra's. */
import { describe, expect, test } from '@jest/globals';
import { fromUtf8, toHex } from '@skerry/kernel';
import { allColumns } from '../columns.ts';
import { add, drop, run, sample, withOptions } from '../fixture.ts';
import type { Snapshot } from '../state.ts';
import { systemTableId } from '../table-id.ts';
import { typeName } from '../type-names.ts';
import { computedKeyspaces } from './keyspaces.ts';
import type { NodeSources } from './node-facts.ts';
import { systemNumbers, userNumberMin } from './numbers.ts';
import { storedKeyspaces } from './stored-keyspaces.ts';
import { virtualTables } from './tables.ts';
import type { VirtualTable } from './virtual-table.ts';

const hostId = '00112233445566778899aabbccddeeff';
const sources: NodeSources = {
  facts: () => ({
    clusterName: 'Test Cluster',
    hostId,
    dataCenter: 'datacenter1',
    rack: 'rack1',
    tokens: ['5', '-3'],
    partitioner: 'org.apache.cassandra.dht.Murmur3Partitioner',
    releaseVersion: '5.0.2',
    cqlVersion: '3.4.7',
    nativeProtocolVersion: '5',
    gossipGeneration: 17,
    broadcastAddress: '127.0.0.1',
    broadcastPort: 7000,
    listenAddress: '127.0.0.1',
    listenPort: 7000,
    nativeAddress: '::1',
    nativePort: 9042,
  }),
  peers: () => [
    {
      hostId,
      dataCenter: 'datacenter1',
      rack: 'rack2',
      tokens: ['7'],
      releaseVersion: '5.0.2',
      broadcastAddress: '127.0.0.2',
      broadcastPort: 7000,
      nativeAddress: '127.0.0.2',
      nativePort: 9042,
      schemaVersion: hostId,
    },
  ],
  clients: () => [
    {
      address: '127.0.0.9',
      port: 4242,
      username: undefined,
      stage: 'ready',
      protocolVersion: 5,
      keyspace: 'ks',
      options: new Map([['DRIVER_NAME', 'a driver']]),
      requestCount: 12,
      tls: undefined,
    },
  ],
  settings: () => new Map([['cluster_name', 'Test Cluster']]),
  prepared: () => [{ id: Uint8Array.of(1, 2), keyspace: undefined, text: 'SELECT 1' }],
  estimates: () => [
    { keyspace: 'ks', table: 'plain', rangeStart: '-1', rangeEnd: '1', meanPartitionSizeBytes: 10, partitionCount: 2 },
  ],
  isBuilt: () => true,
};

const { snapshot } = run([...sample, withOptions('plain', { cdc: true, comment: 'c' }), drop('users', ['n'], 77_000)]);
const tables = virtualTables(() => snapshot, sources);
const table = (name: string, of: ReadonlyMap<string, VirtualTable> = tables): VirtualTable => of.get(name)!;

/** Rows as column names and values, each shown by its type. */
function rowsOf(found: VirtualTable): readonly Readonly<Record<string, unknown>>[] {
  const columns = allColumns(found.schema);
  return [...found.rows()].map((row) => {
    expect(row).toHaveLength(columns.length);
    return Object.fromEntries(columns.map((column, at) => [column.name, shown(typeName(column.type), row[at]!)]));
  });
}
function shown(type: string, bytes: Uint8Array | null): unknown {
  if (bytes === null) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (type) {
    case 'text':
      return fromUtf8(bytes);
    case 'int':
      return view.getInt32(0);
    case 'bigint':
    case 'timestamp':
      return Number(view.getBigInt64(0));
    case 'double':
      return view.getFloat64(0);
    case 'boolean':
      return bytes[0] === 1;
    case 'inet':
      return bytes.join('.');
    case 'uuid':
    case 'blob':
      return toHex(bytes);
    default:
      return collection(bytes);
  }
}
/** Texts of a set, a list or a map, one behind the other. */
function collection(bytes: Uint8Array): readonly string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: string[] = [];
  for (let at = 4; at < bytes.length;) {
    const size = view.getInt32(at);
    found.push(fromUtf8(bytes.subarray(at + 4, at + 4 + size))!);
    at += 4 + size;
  }
  return found;
}

describe('system', () => {
  test('local is this node', () => {
    expect(rowsOf(table('system.local'))).toEqual([
      {
        key: 'local',
        bootstrapped: 'COMPLETED',
        broadcast_address: '127.0.0.1',
        broadcast_port: 7000,
        cluster_name: 'Test Cluster',
        cql_version: '3.4.7',
        data_center: 'datacenter1',
        gossip_generation: 17,
        host_id: hostId,
        listen_address: '127.0.0.1',
        listen_port: 7000,
        native_protocol_version: '5',
        partitioner: 'org.apache.cassandra.dht.Murmur3Partitioner',
        rack: 'rack1',
        release_version: '5.0.2',
        rpc_address: '0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1',
        rpc_port: 9042,
        schema_version: snapshot.version,
        tokens: ['-3', '5'],
        truncated_at: null,
      },
    ]);
  });
  test('peers and peers_v2 are the others', () => {
    const shared = { peer: '127.0.0.2', data_center: 'datacenter1', host_id: hostId, rack: 'rack2', tokens: ['7'] };
    expect(rowsOf(table('system.peers'))).toEqual([expect.objectContaining({ ...shared, rpc_address: '127.0.0.2' })]);
    expect(rowsOf(table('system.peers_v2'))).toEqual([
      expect.objectContaining({ ...shared, peer_port: 7000, native_address: '127.0.0.2', native_port: 9042 }),
    ]);
  });
  test('estimates, prepared statements, built indexes and views', () => {
    expect(rowsOf(table('system.size_estimates'))).toEqual([
      {
        keyspace_name: 'ks',
        table_name: 'plain',
        range_start: '-1',
        range_end: '1',
        mean_partition_size: 10,
        partitions_count: 2,
      },
    ]);
    expect(rowsOf(table('system.table_estimates'))[0]).toMatchObject({ range_type: 'primary', partitions_count: 2 });
    expect(rowsOf(table('system.prepared_statements'))).toEqual([
      { prepared_id: '0102', logged_keyspace: null, query_string: 'SELECT 1' },
    ]);
    expect(rowsOf(table('system.IndexInfo')).map((row) => [row['table_name'], row['index_name']])).toEqual([
      ['ks', 'attached'],
      ['ks', 'by_key'],
      ['ks', 'plain_v_idx'],
    ]);
    expect(rowsOf(table('system.built_views'))).toEqual([
      { keyspace_name: 'ks', view_name: 'by_v', status_replicated: true },
    ]);
  });
});

describe('system_schema', () => {
  const inKs = (name: string) => rowsOf(table(`system_schema.${name}`)).filter((row) => row['keyspace_name'] === 'ks');
  test('keyspaces', () => {
    expect(inKs('keyspaces')).toEqual([
      {
        keyspace_name: 'ks',
        durable_writes: true,
        replication: ['class', 'org.apache.cassandra.locator.SimpleStrategy', 'replication_factor', '1'],
      },
    ]);
    expect(rowsOf(table('system_schema.keyspaces')).map((row) => row['keyspace_name'])).toEqual([
      'ks',
      'system',
      'system_auth',
      'system_distributed',
      'system_schema',
      'system_traces',
    ]);
  });
  test('tables', () => {
    expect(
      inKs('tables').map((row) => [row['table_name'], row['flags'], row['cdc'], row['comment'], row['memtable']]),
    ).toEqual([
      ['hits', ['compound', 'counter'], null, '', null],
      ['plain', ['compound'], true, 'c', null],
      ['users', ['compound'], null, '', null],
    ]);
    expect(inKs('tables')[1]).toMatchObject({
      gc_grace_seconds: 864_000,
      crc_check_chance: 1,
      speculative_retry: '99p',
      read_repair: 'BLOCKING',
    });
  });
  test('columns, of views too', () => {
    const of = (name: string) =>
      inKs('columns')
        .filter((row) => row['table_name'] === name)
        .map((row) => [row['column_name'], row['kind'], row['position'], row['clustering_order'], row['type']]);
    expect(of('users')).toEqual([
      ['c1', 'clustering', 0, 'asc', 'int'],
      ['c2', 'clustering', 1, 'desc', 'timestamp'],
      ['home', 'regular', -1, 'none', 'address'],
      ['k1', 'partition_key', 0, 'none', 'text'],
      ['k2', 'partition_key', 1, 'none', 'int'],
      ['s', 'static', -1, 'none', 'text'],
      ['v', 'regular', -1, 'none', 'text'],
      ['who', 'regular', -1, 'none', 'frozen<person>'],
    ]);
    expect(of('by_v').map(([name]) => name)).toEqual(['f', 'k', 'm', 'v']);
  });
  test('dropped columns, types, indexes, views', () => {
    expect(inKs('dropped_columns')).toEqual([
      {
        keyspace_name: 'ks',
        table_name: 'users',
        column_name: 'n',
        dropped_time: 77,
        kind: 'regular',
        type: 'set<int>',
      },
    ]);
    expect(inKs('types').map((row) => [row['type_name'], row['field_names'], row['field_types']])).toEqual([
      ['address', ['street', 'zip'], ['text', 'int']],
      ['person', ['name', 'home'], ['text', 'frozen<address>']],
    ]);
    expect(inKs('indexes').map((row) => [row['table_name'], row['index_name'], row['kind'], row['options']])).toEqual([
      ['plain', 'by_key', 'COMPOSITES', ['target', 'keys(m)']],
      ['plain', 'plain_v_idx', 'COMPOSITES', ['target', 'v']],
      ['users', 'attached', 'CUSTOM', ['case_sensitive', 'false', 'class_name', 'sai', 'target', 'v']],
    ]);
    expect(inKs('views')).toEqual([
      expect.objectContaining({
        view_name: 'by_v',
        base_table_name: 'plain',
        base_table_id: snapshot.keyspaces.get('ks')!.tables.get('plain')!.id,
        where_clause: 'v IS NOT NULL AND k IS NOT NULL',
        include_all_columns: true,
      }),
    ]);
  });
  test('there are none of users’ functions, aggregates, triggers and masks', () => {
    for (const name of ['functions', 'aggregates', 'triggers', 'column_masks'])
      expect(rowsOf(table(`system_schema.${name}`))).toEqual([]);
  });
  test('a new snapshot shows at once', () => {
    let now: Snapshot = snapshot;
    const live = table(
      'system_schema.columns',
      virtualTables(() => now, sources),
    );
    const before = [...live.rows()].length;
    now = run([add('hits', 'm counter')], snapshot).snapshot;
    expect([...live.rows()]).toHaveLength(before + 1);
  });
});

describe('virtual keyspaces', () => {
  test('know themselves', () => {
    expect(rowsOf(table('system_virtual_schema.keyspaces')).map((row) => row['keyspace_name'])).toEqual([
      'system_views',
      'system_virtual_schema',
    ]);
    expect(rowsOf(table('system_virtual_schema.tables'))).toContainEqual({
      keyspace_name: 'system_views',
      table_name: 'clients',
      comment: 'currently connected clients',
    });
    expect(rowsOf(table('system_virtual_schema.columns'))).toContainEqual(
      expect.objectContaining({
        table_name: 'clients',
        column_name: 'port',
        kind: 'clustering',
        position: 0,
        type: 'int',
      }),
    );
  });
  test('clients and settings', () => {
    expect(rowsOf(table('system_views.clients'))).toEqual([
      expect.objectContaining({
        address: '127.0.0.9',
        port: 4242,
        driver_name: 'a driver',
        username: null,
        ssl_enabled: false,
        request_count: 12,
        keyspace_name: 'ks',
      }),
    ]);
    expect(rowsOf(table('system_views.settings'))).toEqual([{ name: 'cluster_name', value: 'Test Cluster' }]);
  });
});

describe('identities', () => {
  // As Cassandra has them on disk, in `data/<keyspace>/<table>-<id>`.
  test.each([
    ['system_auth', 'roles', '5bc52802de2535edaeab188eecebb090'],
    ['system_auth', 'role_members', '0ecdaa87f8fb3e6088d174fb36fe5c0d'],
    ['system_auth', 'cidr_groups', '9c48af0013f63059bb0e8fcabba6eecb'],
    ['system', 'local', '7ad54392bcdd35a684174e047860b377'],
    ['system_schema', 'keyspaces', 'abac5682dea631c5b535b3d6cffd0fb6'],
  ])('%s.%s has the id that Cassandra gives it', (keyspace, of, id) => {
    expect(systemTableId(keyspace, of)).toBe(id);
  });
  test('each table has a number of its own, below users’; the first ones never change', () => {
    const all = [...computedKeyspaces.values(), ...storedKeyspaces.values()].flatMap((keyspace) => [
      ...keyspace.tables.values(),
    ]);
    const numbers = all.map(({ number }) => number);
    expect(new Set(numbers).size).toBe(all.length);
    expect(all).toHaveLength(systemNumbers.size);
    expect(Math.max(...numbers)).toBeLessThan(userNumberMin);
    expect(storedKeyspaces.get('system_auth')!.tables.get('roles')!.number).toBe(1);
    expect(storedKeyspaces.get('system_distributed')!.tables.get('partition_denylist')!.number).toBe(14);
  });
});
