/** The rows of `system`. */
import { utf8 } from '@skerry/kernel';
import { sortedByKey, type Snapshot } from '../state.ts';
import { bigintBytes, booleanBytes, inetBytes, intBytes, textsBytes, textValue, uuidBytes } from '../serialize.ts';
import type { NodeSources, PeerFacts, SizeEstimate } from './node-facts.ts';
import type { NamedRow } from './virtual-table.ts';

export type RowSource = () => Iterable<NamedRow>;

function localRow(snapshot: Snapshot, sources: NodeSources): NamedRow {
  const facts = sources.facts();
  return {
    key: utf8('local'),
    bootstrapped: utf8('COMPLETED'),
    broadcast_address: inetBytes(facts.broadcastAddress),
    broadcast_port: intBytes(facts.broadcastPort),
    cluster_name: utf8(facts.clusterName),
    cql_version: utf8(facts.cqlVersion),
    data_center: utf8(facts.dataCenter),
    gossip_generation: intBytes(facts.gossipGeneration),
    host_id: uuidBytes(facts.hostId),
    listen_address: inetBytes(facts.listenAddress),
    listen_port: intBytes(facts.listenPort),
    native_protocol_version: utf8(facts.nativeProtocolVersion),
    partitioner: utf8(facts.partitioner),
    rack: utf8(facts.rack),
    release_version: utf8(facts.releaseVersion),
    rpc_address: inetBytes(facts.nativeAddress),
    rpc_port: intBytes(facts.nativePort),
    schema_version: uuidBytes(snapshot.version),
    tokens: textsBytes(facts.tokens),
  };
}

const peerRow = (peer: PeerFacts): NamedRow => ({
  peer: inetBytes(peer.broadcastAddress),
  data_center: utf8(peer.dataCenter),
  host_id: uuidBytes(peer.hostId),
  rack: utf8(peer.rack),
  release_version: utf8(peer.releaseVersion),
  schema_version: uuidBytes(peer.schemaVersion),
  tokens: textsBytes(peer.tokens),
});

const estimateRow = (estimate: SizeEstimate): NamedRow => ({
  keyspace_name: utf8(estimate.keyspace),
  table_name: utf8(estimate.table),
  range_start: utf8(estimate.rangeStart),
  range_end: utf8(estimate.rangeEnd),
  mean_partition_size: bigintBytes(estimate.meanPartitionSizeBytes),
  partitions_count: bigintBytes(estimate.partitionCount),
});

function* builtIndexRows(snapshot: Snapshot, sources: NodeSources): Iterable<NamedRow> {
  for (const keyspace of sortedByKey(snapshot.keyspaces))
    for (const index of sortedByKey(keyspace.indexes))
      // The column of this name holds the keyspace's: so it is in Cassandra.
      if (sources.isBuilt(index.number)) yield { table_name: utf8(keyspace.name), index_name: utf8(index.name) };
}
function* builtViewRows(snapshot: Snapshot, sources: NodeSources): Iterable<NamedRow> {
  for (const keyspace of sortedByKey(snapshot.keyspaces))
    for (const { schema } of sortedByKey(keyspace.views))
      if (sources.isBuilt(schema.number))
        yield {
          keyspace_name: utf8(keyspace.name),
          view_name: utf8(schema.name),
          status_replicated: booleanBytes(true),
        };
}

/** `system_distributed.view_build_status`: how far each node is with each view. */
export function* viewStatusRows(snapshot: Snapshot, sources: NodeSources): Iterable<NamedRow> {
  const { hostId } = sources.facts();
  for (const keyspace of sortedByKey(snapshot.keyspaces))
    for (const { schema } of sortedByKey(keyspace.views))
      yield {
        keyspace_name: utf8(keyspace.name),
        view_name: utf8(schema.name),
        host_id: uuidBytes(hostId),
        status: utf8(sources.isBuilt(schema.number) ? 'SUCCESS' : 'STARTED'),
      };
}

/** Those that have rows; the others of the keyspace are empty on a node of ours. */
export function localRows(snapshot: () => Snapshot, sources: NodeSources): Readonly<Record<string, RowSource>> {
  return {
    local: () => [localRow(snapshot(), sources)],
    peers: () => [...sources.peers()].map((peer) => ({ ...peerRow(peer), rpc_address: inetBytes(peer.nativeAddress) })),
    peers_v2: () =>
      [...sources.peers()].map((peer) => ({
        ...peerRow(peer),
        peer_port: intBytes(peer.broadcastPort),
        native_address: inetBytes(peer.nativeAddress),
        native_port: intBytes(peer.nativePort),
      })),
    size_estimates: () => [...sources.estimates()].map(estimateRow),
    table_estimates: () =>
      [...sources.estimates()].map((estimate) => ({ ...estimateRow(estimate), range_type: utf8('primary') })),
    prepared_statements: () =>
      [...sources.prepared()].map(({ id, keyspace, text }) => ({
        prepared_id: id,
        logged_keyspace: textValue(keyspace),
        query_string: utf8(text),
      })),
    IndexInfo: () => builtIndexRows(snapshot(), sources),
    built_views: () => builtViewRows(snapshot(), sources),
  };
}
