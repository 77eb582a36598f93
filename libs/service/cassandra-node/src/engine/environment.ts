/** What plans work with while they are executed. */
import { layoutOf, type TableLayout, type TableReader, type TableSchema, type TableStore } from '@skerry/domain-table';
import { Steps } from './modify/steps.ts';
import { Writing } from './modify/writing.ts';
import { WriteClock } from './write-clock.ts';

const layouts = new WeakMap<TableSchema, TableLayout>();
/** The same for the same version of a table. */
export function tableLayout(schema: TableSchema): TableLayout {
  const known = layouts.get(schema);
  if (known !== undefined) return known;
  const made = layoutOf(schema);
  layouts.set(schema, made);
  return made;
}

export class Environment {
  readonly store: TableStore;
  /** For reads that are over before the turn is: those of conditions, counters, lists. */
  readonly reader: TableReader;
  /** 16 bytes: whose shards of counters are written here. */
  readonly hostId: Uint8Array;
  readonly clock = new WriteClock();
  readonly writing: Writing;
  /** Of the BATCH message that is executed. */
  readonly steps = new Steps();

  constructor(store: TableStore, hostId: Uint8Array) {
    this.store = store;
    this.reader = store.reader();
    this.hostId = hostId;
    this.writing = new Writing(this);
  }
  /** The same for the same version of a table. */
  layout(schema: TableSchema): TableLayout {
    return tableLayout(schema);
  }
}
