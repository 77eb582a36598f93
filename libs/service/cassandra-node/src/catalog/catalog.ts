/** The schema of a running node: a snapshot to read from, and changes one behind the other, each durable before it counts. */
import type { TableSchema } from '@skerry/domain-table';
import { StatusError, type Result } from '@skerry/kernel';
import { loadCatalog, saveCatalog, type CatalogPlace } from './catalog-file.ts';
import type { DdlContext, Outcome } from './context.ts';
import { keyspaceDocuments, readKeyspaces } from './document.ts';
import { emptySnapshot, execute, snapshotOf, type DdlStatement, type Hash } from './execute.ts';
import type { Fault } from './fault.ts';
import { findRelation, type KeyspaceDefinition, type Snapshot } from './state.ts';
import { computedKeyspaces } from './system/keyspaces.ts';

/** Statements that wait for their turn; the next one is refused as overloaded. */
export const ddlWaitingMax = 1024;

export class Catalog {
  readonly #place: CatalogPlace;
  readonly #hash: Hash;
  #snapshot: Snapshot;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  private constructor(place: CatalogPlace, hash: Hash, snapshot: Snapshot) {
    this.#place = place;
    this.#hash = hash;
    this.#snapshot = snapshot;
  }

  /** @throws StatusError `corrupt`, `format_newer`, and the disk's own. */
  static async open(place: CatalogPlace, hash: Hash): Promise<Catalog> {
    const document = await loadCatalog(place);
    const snapshot =
      document === undefined ? emptySnapshot(hash) : snapshotOf(readKeyspaces(document), document.nextNumber, hash);
    return new Catalog(place, hash, snapshot);
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  /**
   * Executes a statement on what all before it made. It is durable, and in `snapshot`, when this resolves.
   * @param installed called the moment that the snapshot is the new one, before anyone else sees it.
   * @throws StatusError `overloaded`, and the disk's own; then nothing has changed.
   */
  async execute(
    statement: DdlStatement,
    context: DdlContext,
    installed: (outcome: Outcome) => void = () => undefined,
  ): Promise<Result<Outcome, Fault>> {
    if (this.#waiting >= ddlWaitingMax)
      throw new StatusError('overloaded', `Cannot change the schema: ${ddlWaitingMax} changes wait already`);
    this.#waiting++;
    const turn = this.#last.then(() => this.#step(statement, context, installed));
    // Who waits behind it does not care how it ended; its own caller is told.
    this.#last = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      this.#waiting--;
    }
  }

  async #step(
    statement: DdlStatement,
    context: DdlContext,
    installed: (outcome: Outcome) => void,
  ): Promise<Result<Outcome, Fault>> {
    const result = execute(this.#snapshot, statement, context, this.#hash);
    if (!result.ok || result.value.change === undefined) return result;
    const { keyspaces, nextNumber } = result.value.snapshot;
    await saveCatalog(this.#place, { nextNumber, keyspaces: keyspaceDocuments(keyspaces) });
    this.#snapshot = result.value.snapshot;
    installed(result.value);
    return result;
  }
}

/** A keyspace of any kind. */
export const findKeyspace = (snapshot: Snapshot, name: string): KeyspaceDefinition | undefined =>
  snapshot.keyspaces.get(name) ?? computedKeyspaces.get(name);
/** A table or a view of any kind. */
export function findTable(snapshot: Snapshot, keyspace: string, name: string): TableSchema | undefined {
  const definition = findKeyspace(snapshot, keyspace);
  return definition === undefined ? undefined : findRelation(definition, name);
}
/** All keyspaces, the system's too. */
export const everyKeyspace = (snapshot: Snapshot): readonly KeyspaceDefinition[] => [
  ...computedKeyspaces.values(),
  ...snapshot.keyspaces.values(),
];
