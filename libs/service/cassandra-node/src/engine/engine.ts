/** Texts planned against the schema of the moment. */
import type { TableReader, TableStore } from '@skerry/domain-table';
import { unreachable, type StatusError } from '@skerry/kernel';
import { parse } from '@skerry/protocol-cql';
import type { Clock } from '@skerry/runtime-world';
import { findKeyspace, findTable, isDdl, type VirtualTable } from '../catalog/index.ts';
import { indexesOf } from '../catalog/state.ts';
import { CqlFault, type BatchParts, type Execution, type Plan, type ResultSink } from './contract.ts';
import type { World } from './function-world.ts';
import { Environment } from './environment.ts';
import { executeBatch, planBatch, planModification, type BatchKind } from './modify/index.ts';
import { Builds, type BuildFigures } from './index/builds.ts';
import { Markers, type Planning } from './planning.ts';
import { createdBy, planDdl, planDescribe, planTruncate, planUse, type SchemaHost } from './schema-plans.ts';
import { planSelect, type Relation, type Seal } from './select/index.ts';
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
};

export class StatementEngine {
  readonly #parts: EngineParts;
  readonly #environment: Environment;
  /** Indexes and views that are not whole yet. */
  readonly builds: Builds;
  constructor(parts: EngineParts) {
    this.#parts = parts;
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
    const parsed = parse(text);
    if (!parsed.ok) throw new CqlFault({ kind: 'syntax' }, parsed.error.message);
    const { statement, markers } = parsed.value;
    const { host, world } = this.#parts;
    const planning: Planning = {
      schema: host.catalog.snapshot,
      keyspace,
      markers: new Markers(markers),
      world,
      nowMs: this.#parts.nowMs(),
    };
    if (isDdl(statement))
      return planDdl(host, statement, planning, async (outcome, { role }) => {
        await this.builds.add(outcome);
        await grantToCreator(this.#parts.roles, role, createdBy(outcome));
      });
    if (isRoleStatement(statement)) return planRoles(this.#parts.roles, statement, keyspace);
    switch (statement.kind) {
      case 'select':
        return planSelect(
          {
            planning,
            relations: {
              hasKeyspace: (name) => findKeyspace(planning.schema, name) !== undefined,
              find: (of, name) => this.#relation(planning, of, name),
            },
            reader: (): TableReader => this.#parts.store.reader(),
            indexes: { store: this.#parts.store, isBuilt: (number) => this.builds.isBuilt(number) },
            seal: this.#parts.seal,
            guardrails: this.#parts.guardrails,
            text,
          },
          statement,
        );
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
  #relation({ schema }: Planning, keyspace: string, name: string): Relation | undefined {
    const virtual = this.#parts.virtual.get(`${keyspace}.${name}`);
    if (virtual !== undefined) return { kind: 'virtual', table: virtual };
    const table = findTable(schema, keyspace, name);
    const definition = findKeyspace(schema, keyspace);
    if (table === undefined || definition === undefined) return undefined;
    return { kind: 'stored', layout: this.#environment.layout(table), indexes: indexesOf(definition, name) };
  }
}
