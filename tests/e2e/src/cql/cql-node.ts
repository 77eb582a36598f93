/** A CQL node in a process of its own, and clients of it. */
import cassandra from 'cassandra-driver';
import { System } from '../system.ts';

export type CqlNode = { readonly system: System; readonly port: number };

export async function startNode(data: string, port = 0, ...more: readonly string[]): Promise<CqlNode> {
  const system = await System.start(
    ['node', 'cassandra', '--id', 'cassandra_1', '--host', '127.0.0.1', '--insecure', '--cql-port', `${port}`, ...more],
    data,
  );
  return { system, port: Number(/:(\d+)$/.exec(system.ready.endpoints['cql'] ?? '')?.[1]) };
}

export function newClient(port: number, over: Partial<cassandra.ClientOptions> = {}): cassandra.Client {
  return new cassandra.Client({
    contactPoints: [`127.0.0.1:${port}`],
    localDataCenter: 'datacenter1',
    socketOptions: { readTimeout: 20_000, connectTimeout: 10_000 },
    // A node that restarts is looked for again soon.
    policies: { reconnection: new cassandra.policies.reconnection.ConstantReconnectionPolicy(200) },
    ...over,
  });
}

export const simpleKeyspace = (name: string): string =>
  `CREATE KEYSPACE IF NOT EXISTS ${name} WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`;
