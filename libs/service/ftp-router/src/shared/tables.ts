/** The tables that routers share (F13), and the clock that the machines lack. */
import { SoftState, type Delta, type Effect, type Owner, type Row, type Version } from '@skerry/cluster-soft-state';
import { failuresForgottenMs } from '@skerry/domain-users';
import type { Clock } from '@skerry/runtime-world';

/** A router that was not heard of for so long has no sessions for the others, in ms: ten rounds of the exchange. */
export const sessionsGoneAfterMs = 5_000;
/** What was counted of logins outlives its router for so long, in ms. Longer than an operator takes to start it again. */
export const loginsGoneAfterMs = 24 * 3_600_000;

/** `addresses`: sessions by client address. `logins`: where users logged in, and which logins are over. */
export const tableNames = ['sessions', 'addresses', 'failures', 'logins'] as const;
export type TableName = (typeof tableNames)[number];
export const isTableName = (name: string): name is TableName => tableNames.some((each) => each === name);

const lives: Readonly<Record<TableName, { readonly goneAfterMs: number; readonly successorEnds: boolean }>> = {
  sessions: { goneAfterMs: sessionsGoneAfterMs, successorEnds: true },
  addresses: { goneAfterMs: sessionsGoneAfterMs, successorEnds: true },
  failures: { goneAfterMs: failuresForgottenMs, successorEnds: false },
  logins: { goneAfterMs: loginsGoneAfterMs, successorEnds: false },
};

export class Table {
  readonly #state: SoftState;
  readonly #clock: Clock;
  readonly #changed: () => void;
  dropped = 0;

  /** @param changed called at each change of our own rows: the others shall hear of it. */
  constructor(name: TableName, self: Owner, clock: Clock, changed: () => void) {
    this.#state = new SoftState({ self, ...lives[name] });
    this.#clock = clock;
    this.#changed = changed;
  }
  put(key: string, value: Uint8Array): void {
    const effects = this.#state.step({ kind: 'put', key, value, nowMs: this.#nowMs });
    this.dropped += effects.filter(({ kind }) => kind === 'dropped').length;
    this.#changed();
  }
  withdraw(key: string): void {
    if (this.findOwn(key) === undefined) return;
    this.#state.step({ kind: 'withdraw', key, nowMs: this.#nowMs });
    this.#changed();
  }
  beat(): readonly Effect[] {
    return this.#state.step({ kind: 'beat', nowMs: this.#nowMs });
  }
  merge(versions: readonly Version[], deltas: readonly Delta[]): readonly Effect[] {
    return this.#state.step({ kind: 'merge', versions, deltas, nowMs: this.#nowMs });
  }
  versions(): readonly Version[] {
    return this.#state.versions(this.#nowMs);
  }
  deltas(versions: readonly Version[]): readonly Delta[] {
    return this.#state.deltas(versions, this.#nowMs);
  }
  rows(): Iterable<Row> {
    return this.#state.rows(this.#nowMs);
  }
  ownRows(): Iterable<Row> {
    return this.#state.ownRows(this.#nowMs);
  }
  find(key: string): readonly Row[] {
    return this.#state.find(key, this.#nowMs);
  }
  findOwn(key: string): Row | undefined {
    return this.#state.findOwn(key, this.#nowMs);
  }
  get rowCount(): number {
    return this.#state.rowCount;
  }
  /** Other routers that are there. */
  get othersCount(): number {
    return this.#state.othersCount;
  }
  get #nowMs(): number {
    return this.#clock.monotonicMs();
  }
}
export type Tables = Readonly<Record<TableName, Table>>;
