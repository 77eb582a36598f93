/** What the node tells of itself in its system tables. */
import { hashToken, tokenHalves, tokenValue } from '@skerry/domain-table';
import { fromHex, present } from '@skerry/kernel';
import type { NodeFacts } from './catalog/index.ts';
import type { NodeIdentity } from './node-parts.ts';
import { cqlVersion } from './server/startup.ts';
import type { CassandraConfig } from './settings.ts';

/** Drivers choose their queries by it. */
export const releaseVersion = '5.0.9';
const partitioner = 'org.apache.cassandra.dht.Murmur3Partitioner';
const nativeProtocolVersion = '5';
/** Where Cassandra's nodes talk to each other. */
const internodePort = 7000;

/** `0.0.0.0` and `::` are no addresses that a client can come back to. */
const reachable = (host: string, fallback: string): string => (host === '0.0.0.0' || host === '::' ? fallback : host);
const numeric = (host: string): string => (host === 'localhost' ? '127.0.0.1' : host);

export function nodeFacts(
  config: CassandraConfig & { readonly host: string },
  { hostId }: NodeIdentity,
  native: { readonly host: string; readonly port: number },
  incarnation: number,
): NodeFacts {
  const own = numeric(reachable(config.host, '127.0.0.1'));
  const told = numeric(config.cqlBroadcast ?? reachable(native.host, own));
  const key = present(fromHex(hostId), 'host id in hexadecimal digits');
  hashToken(key, 0, key.length);
  return {
    clusterName: config.clusterName,
    hostId,
    dataCenter: config.dataCenter,
    rack: config.rack,
    tokens: [String(tokenValue(tokenHalves.hi, tokenHalves.lo))],
    partitioner,
    releaseVersion,
    cqlVersion,
    nativeProtocolVersion,
    gossipGeneration: Math.floor(incarnation / 1000) % 2 ** 31,
    broadcastAddress: told,
    broadcastPort: internodePort,
    listenAddress: own,
    listenPort: internodePort,
    nativeAddress: told,
    nativePort: native.port,
  };
}
