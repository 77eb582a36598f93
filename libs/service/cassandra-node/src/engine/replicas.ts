/** What a consistency level asks of a keyspace's replicas, of which this node is the only one alive. */
import { consistencies } from '@skerry/protocol-cql';
import { findKeyspace } from '../catalog/catalog.ts';
import type { Replication, Snapshot } from '../catalog/state.ts';
import { CqlFault, invalid } from './contract.ts';

/** Consistency levels by their numbers. Source: native protocol v5 §3. */
const one = 1;
const two = 2;
const three = 3;
const quorum = 4;
const all = 5;
const localQuorum = 6;
const eachQuorum = 7;
const serial = 8;
const localSerial = 9;
const localOne = 10;

/** Cassandra's package of replication strategies, which one message names. */
const strategyPackage = 'org.apache.cassandra.locator';

/** Source: Cassandra 5.0, `ConsistencyLevel.blockFor`, `ReplicaPlans.assureSufficientLiveReplicas`; messages as recorded. */
export class Replicas {
  /** Copies of each row, over all data centers. */
  readonly #total: number;
  readonly #strategy: string;
  /** Of NetworkTopologyStrategy; undefined with the others. */
  readonly #dataCenter: string | undefined;

  constructor({ strategy, options }: Replication) {
    const factors = [...options.values()].map(Number);
    this.#total = strategy === 'LocalStrategy' ? 1 : factors.reduce((sum, factor) => sum + factor, 0);
    this.#strategy = strategy;
    this.#dataCenter = strategy === 'NetworkTopologyStrategy' ? [...options.keys()][0] : undefined;
  }
  /** Before anything is read or written. @throws CqlFault Unavailable. */
  check(level: number): void {
    if (level <= one || level === localOne) return;
    const required = this.#required(level);
    if (required <= 1) return;
    // Each data center is looked at by itself there, and how many live in it is not told.
    const eachOf = level === eachQuorum ? this.#dataCenter : undefined;
    throw unavailable(level, required, eachOf === undefined ? '' : ` in DC ${eachOf}`, eachOf === undefined ? 1 : 0);
  }
  /** Of a read of partitions that are named. @throws CqlFault Unavailable. */
  checkPartition(level: number): void {
    if (level === serial || level === localSerial) this.checkSerial(level);
    else this.check(level);
  }
  /** Of a condition, which is tested by a quorum. @throws CqlFault Unavailable. */
  checkSerial(level: number): void {
    this.check(level === localSerial ? localQuorum : quorum);
  }
  /** Of what a condition lets be written. @throws CqlFault InvalidRequest. */
  checkCommitLevel(level: number): void {
    if (level === eachQuorum && this.#strategy !== 'NetworkTopologyStrategy')
      throw invalid(
        `consistency level EACH_QUORUM not compatible with replication strategy (${strategyPackage}.${this.#strategy})`,
      );
  }
  #required(level: number): number {
    if (level === two || level === three) return level;
    return level === all ? this.#total : Math.floor(this.#total / 2) + 1;
  }
}

const unavailable = (level: number, required: number, where: string, alive: number): CqlFault =>
  new CqlFault(
    { kind: 'unavailable', consistency: level, required, alive },
    `Cannot achieve consistency level ${consistencies[level] ?? String(level)}${where}`,
  );

const known = new WeakMap<Replication, Replicas>();
function ofReplication(replication: Replication): Replicas {
  const made = known.get(replication) ?? new Replicas(replication);
  known.set(replication, made);
  return made;
}
const local: Replicas = new Replicas({ strategy: 'LocalStrategy', options: new Map() });

/** Of a keyspace whose rows are stored. The same for the same replication. */
export function replicasOf(schema: Snapshot, keyspace: string): Replicas {
  const definition = findKeyspace(schema, keyspace);
  return definition === undefined ? local : ofReplication(definition.replication);
}
/** Undefined: its rows are made as they are read, and any level is right. */
export const replicasToRead = (schema: Snapshot, keyspace: string): Replicas | undefined =>
  findKeyspace(schema, keyspace)?.kind === 'virtual' ? undefined : replicasOf(schema, keyspace);
