/** A deterministic service state, changed only by the records of a durable log. */
import type { HybridTime } from './hybrid-clock.ts';
import type { Epoch, LogIndex, OperationId, Term } from './ids.ts';
import type { OrderedReader, OrderedWriter } from './ordered-store.ts';

/** One committed record, as the state machine sees it. */
export type Entry = {
  readonly epoch: Epoch;
  readonly term: Term;
  readonly index: LogIndex;
  /** Identity of the write: a record whose operation was applied before changes nothing and gives the first result again. */
  readonly operationId: OperationId;
  /** When it was proposed: the only time that `apply` may use. */
  readonly time: HybridTime;
  readonly command: Uint8Array;
};

/** What was decided, for whoever proposed the record; and what the host must do beside the state (F: contents to keep, blobs to forget). */
export type Applied<Effect> = { readonly result: Uint8Array; readonly effects: readonly Effect[] };

export interface StateMachine<Effect> {
  /**
   * Applies one record. Same state and record give the same writes, result and effects on every replica: no clock, no
   * chance, no iteration over what has no order. An expected failure is an encoded result, never a throw: a throw is a bug
   * and stops the node. Effects may be performed twice after a crash and must be idempotent.
   */
  apply(entry: Entry, state: OrderedWriter): Applied<Effect>;
  /** First use of an empty store. */
  initialise(state: OrderedWriter): void;
}

export type StateReader = OrderedReader;
