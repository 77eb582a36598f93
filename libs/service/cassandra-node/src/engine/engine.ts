/** Texts planned against the schema of the moment. */
import type { TableReader, TableSchema, TableStore } from '@skerry/domain-table';
import { assert, unreachable, type StatusError } from '@skerry/kernel';
import { parse, type Marker } from '@skerry/protocol-cql';
import type { Clock } from '@skerry/runtime-world';
import { findKeyspace, findTable, isDdl, type VirtualTable } from '../catalog/index.ts';
import { indexesOf } from '../catalog/state.ts';
import { CqlFault, type BatchParts, type Execution, type Plan, type ResultSink } from './contract.ts';
import type { World } from './function-world.ts';
import { Environment } from './environment.ts';
import { executeBatch, planBatch, planModification, type BatchKind } from './modify/index.ts';
import { Builds, type BuildFigures } from './index/builds.ts';
import type { IndexTable } from './index/index-table.ts';
import { Markers, type Planning } from './planning.ts';
import { createdBy, planDdl, planDescribe, planTruncate, planUse, type SchemaHost } from './schema-plans.ts';
import {
  LongReads,
  planSelect,
  TurnTime,
  turnLimits,
  type ReadTimeouts,
  type Relation,
  type Seal,
  type SelectScope,
  type TurnLimits,
} from './select/index.ts';
import { grantToCreator, isRoleStatement, planRoles, type RolesHost } from '../roles/role-plans.ts';

export type EngineParts = {
  readonly host: SchemaHost;
  readonly roles: RolesHost;
  readonly store: TableStore;
  readonly world: World;
  readonly seal: Seal;
  readonly virtual: ReadonlyMap<string, VirtualTable>;
  readonly guardrails: { readonly tombstonesWarn: number; readonly tombstonesFail: number };
  nowMs(): number;
  readonly clock: Clock;
  /** An index or a view was not built to its end; it is tried again in `retryMs`. */
  buildFailed(error: StatusError, figures: BuildFigures, retryMs: number): void;
  /** 16 bytes. */
  readonly hostId: Uint8Array;
  readonly timeouts: ReadTimeouts;
  /** How much a SELECT does in one turn of the event loop; by default as much as a node. */
  readonly turnLimits?: TurnLimits;
};

export class StatementEngine {
  readonly #parts: EngineParts;
  readonly #environment: Environment;
  /** Indexes and views that are not whole yet. */
  readonly builds: Builds;
  /** SELECTs that take several turns. */
  readonly longReads: LongReads;
  readonly #time: TurnTime;
  constructor(parts: EngineParts) {
    this.#parts = parts;
    const monotonicMs = (): number => parts.clock.monotonicMs();
    this.#time = new TurnTime(monotonicMs, parts.turnLimits ?? turnLimits);
    this.longReads = new LongReads(monotonicMs);
    this.#environment = new Environment(parts.store, parts.hostId);
    this.builds = new Builds({
      environment: this.#environment,
      world: parts.world,
      snapshot: () => parts.host.catalog.snapshot,
      nowMs: () => parts.nowMs(),
      failed: (error, figures, retryMs) => parts.buildFailed(error, figures, retryMs),
      clock: parts.clock,
    });
  }
  /** Another object whenever the schema changes. */
  get schema(): object {
    return this.#parts.host.catalog.snapshot;
  }
  /** Writes are refused: the disk is behind. Resolves when they are taken again. */
  room(): Promise<void> | undefined {
    return this.#parts.store.room();
  }
  batch(kind: BatchKind, parts: BatchParts, execution: Execution, sink: ResultSink): void {
    executeBatch(this.#environment, kind, parts, execution, sink);
  }
  /** @throws CqlFault. */
  plan(text: string, keyspace: string | undefined): Plan {
    const { statement, markers } = parsedOf(text);
    const { host } = this.#parts;
    const planning = this.#planning(keyspace, markers);
    if (isDdl(statement))
      return planDdl(host, statement, planning, async (outcome, { role }) => {
        await this.builds.add(outcome);
        await grantToCreator(this.#parts.roles, role, createdBy(outcome));
      });
    if (isRoleStatement(statement)) return planRoles(this.#parts.roles, statement, keyspace);
    switch (statement.kind) {
      case 'select':
        return planSelect(this.#selectScope(text, planning), statement);
      case 'insert':
      case 'update':
      case 'delete':
        return planModification(planning, this.#environment, statement);
      case 'batch':
        return planBatch(planning, this.#environment, statement);
      case 'use':
        return planUse(statement, planning);
      case 'truncate':
        return planTruncate(host, statement, planning);
      case 'describe':
        return planDescribe(host, statement, planning);
      default:
        return unreachable(statement);
    }
  }
  #selectScope(text: string, planning: Planning): SelectScope {
    const { store, seal, guardrails, timeouts } = this.#parts;
    return {
      planning,
      relations: {
        hasKeyspace: (name) => findKeyspace(planning.schema, name) !== undefined,
        find: (of, name) => this.#relation(planning, of, name),
      },
      reader: (): TableReader => store.reader(),
      indexes: { store, isBuilt: (number) => this.builds.isBuilt(number), isThere: (index) => this.#hasIndex(index) },
      seal,
      guardrails,
      time: this.#time,
      long: { reads: this.longReads, timeouts, isThere: (schema) => this.#isThere(schema) },
      text,
      again: () => {
        const { statement, markers } = parsedOf(text);
        assert(statement.kind === 'select', 'a text is always the same statement');
        return { scope: this.#selectScope(text, this.#planning(planning.keyspace, markers)), statement };
      },
    };
  }
  #planning(keyspace: string | undefined, markers: readonly Marker[]): Planning {
    const { host, world, nowMs } = this.#parts;
    return { schema: host.catalog.snapshot, keyspace, markers: new Markers(markers), world, nowMs: nowMs() };
  }
  /** The table, as it is or was altered since. */
  #isThere({ keyspace, name, number }: TableSchema): boolean {
    return findTable(this.#parts.host.catalog.snapshot, keyspace, name)?.number === number;
  }
  #hasIndex({ definition: { number, name }, layout }: IndexTable): boolean {
    const keyspace = findKeyspace(this.#parts.host.catalog.snapshot, layout.schema.keyspace);
    return keyspace?.indexes.get(name)?.number === number;
  }
  #relation({ schema }: Planning, keyspace: string, name: string): Relation | undefined {
    const virtual = this.#parts.virtual.get(`${keyspace}.${name}`);
    if (virtual !== undefined) return { kind: 'virtual', table: virtual };
    const table = findTable(schema, keyspace, name);
    const definition = findKeyspace(schema, keyspace);
    if (table === undefined || definition === undefined) return undefined;
    return { kind: 'stored', layout: this.#environment.layout(table), indexes: indexesOf(definition, name) };
  }
}
/** @throws CqlFault `syntax`. */
function parsedOf(text: string): Parsed {
  const parsed = parse(text);
  if (!parsed.ok) throw new CqlFault({ kind: 'syntax' }, parsed.error.message);
  return parsed.value;
}
type Parsed = Extract<ReturnType<typeof parse>, { ok: true }>['value'];
