/** What a SELECT looks at now and then while it reads: how many tombstones it passed, and whether its turn is over. */
import type { TableSchema } from '@skerry/domain-table';
import type { Execution } from '../contract.ts';
import type { RowSource } from './row.ts';
import { checkTombstones, type Guardrails } from './tombstone-guard.ts';
import type { TurnTime } from './turn-time.ts';

export class Look {
  readonly #guardrails: Guardrails;
  readonly #schema: TableSchema;
  readonly #time: TurnTime;
  /** Tombstones of the turns before. */
  #before = 0;
  /** Rows between two looks. */
  readonly rows: number;

  /** @param isStored what is computed is walked in one turn. */
  constructor(guardrails: Guardrails, schema: TableSchema, time: TurnTime, isStored: boolean) {
    this.#guardrails = guardrails;
    this.#schema = schema;
    this.#time = time;
    this.rows = isStored ? time.rowsBetweenLooks : Infinity;
  }
  /** A SELECT begins. */
  begin(): void {
    this.#before = 0;
    this.#time.begin(false);
  }
  /** Another turn of it begins. */
  goOn(): void {
    this.#time.begin(true);
  }
  endTurn({ tombstones }: RowSource): void {
    this.#before += tombstones;
  }
  /** @throws CqlFault too many tombstones. */
  tombstones(source: RowSource, execution: Execution): void {
    checkTombstones(this.#guardrails, this.#schema, this.#before + source.tombstones, execution);
  }
  /** True: the turn is over. @throws CqlFault too many tombstones. */
  isOver(source: RowSource, execution: Execution): boolean {
    this.tombstones(source, execution);
    return this.#time.isOver();
  }
}
