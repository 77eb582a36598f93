/**
 * What a consistency level asks of a keyspace's replicas. This node has each row once and answers for all of them, as a
 * cluster would of which every node is alive: only what is more than the keyspace keeps cannot be had.
 */
import { consistencies } from '@skerry/protocol-cql';
import { findKeyspace } from '../catalog/catalog.ts';
import type { Replication, Snapshot } from '../catalog/state.ts';
import { CqlFault, invalid } from './contract.ts';

/** Consistency levels by their numbers: those that ask for a number, and one that asks for data centers. Source: native protocol v5 §3. */
const two = 2;
const three = 3;
const eachQuorum = 7;

/** Cassandra's package of replication strategies, which one message names. */
const strategyPackage = 'org.apache.cassandra.locator';

/** Source: Cassandra 5.0, `ConsistencyLevel.blockFor` and `validateForCasCommit`; messages as recorded. */
export class Replicas {
  /** Copies of each row, over all data centers. */
  readonly #total: number;
  readonly #strategy: string;

  constructor({ strategy, options }: Replication) {
    this.#total =
      strategy === 'LocalStrategy' ? 1 : [...options.values()].reduce((sum, factor) => sum + Number(factor), 0);
    this.#strategy = strategy;
  }
  /** Before anything is read or written. @throws CqlFault Unavailable. */
  check(level: number): void {
    if ((level !== two && level !== three) || level <= this.#total) return;
    throw new CqlFault(
      { kind: 'unavailable', consistency: level, required: level, alive: this.#total },
      `Cannot achieve consistency level ${consistencies[level] ?? String(level)}`,
    );
  }
  /** Of what a condition lets be written. @throws CqlFault InvalidRequest. */
  checkCommitLevel(level: number): void {
    if (level === eachQuorum && this.#strategy !== 'NetworkTopologyStrategy')
      throw invalid(
        `consistency level EACH_QUORUM not compatible with replication strategy (${strategyPackage}.${this.#strategy})`,
      );
  }
}

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
