/**
 * What the wal's records, in order, amount to. Also of a wal whose oldest segments were cut: the records that are left
 * begin with what no longer counts, and say so further on.
 */
import type { HardState, SnapshotMark, Stored } from '@skerry/cluster-raft';
import {
  LogIndex,
  type RecordCodec,
  type RecordEntry,
  type RecordIdentity,
  StatusError,
  Term,
  toStatusError,
} from '@skerry/kernel';
import { type Control, decodeControl, isControl } from './control-record.ts';
import { EntryTable } from './entry-table.ts';

type StoredLog = Stored['log'];
export type Replayed = {
  readonly hardState: HardState;
  readonly snapshot: SnapshotMark;
  readonly table: EntryTable;
  readonly log: StoredLog;
  readonly entryCount: number;
  /** The newest mark lies here in the wal or behind, and so do all entries behind it. */
  readonly keepFrom: number;
};

export class Replay {
  readonly #identity: RecordIdentity;
  readonly #codec: RecordCodec;
  readonly #directory: string;
  /** Entries that are left; its base is only the place before the first of them. */
  #table = new EntryTable(place(0, 0));
  #contents = new Contents();
  #hardState: HardState | undefined;
  #snapshot: SnapshotMark | undefined;
  #markPosition = 0;
  #controlled = false;

  constructor(identity: RecordIdentity, codec: RecordCodec, directory: string) {
    this.#identity = identity;
    this.#codec = codec;
    this.#directory = directory;
  }
  /** None was ever written: the log is empty, or of a replica without others. */
  get hasMark(): boolean {
    return this.#snapshot !== undefined;
  }
  /** @throws StatusError `corrupt`, `format_newer`. */
  take(position: number, record: Uint8Array): void {
    try {
      if (isControl(record)) this.#control(position, decodeControl(record, this.#identity));
      else this.#entry(position, this.#codec.decode(record));
    } catch (thrown) {
      const { reason, message } = toStatusError(thrown);
      if (reason === 'format_newer') throw thrown;
      throw this.#corrupt(`record ${position}: ${message}`, thrown);
    }
  }
  #control(position: number, { hardState, mark, truncateFrom }: Control): void {
    this.#controlled = true;
    this.#hardState = hardState ?? this.#hardState;
    if (mark !== undefined) {
      this.#snapshot = mark.snapshot;
      this.#markPosition = position;
    }
    if (mark?.kind === 'installed') this.#begin(mark.snapshot.last.index);
    if (truncateFrom !== undefined) this.#truncate(truncateFrom);
  }
  #begin(base: number): void {
    this.#table = new EntryTable(place(base, 0));
    this.#contents = new Contents();
  }
  #truncate(from: number): void {
    if (from <= this.#table.base.index + 1) return this.#begin(from - 1);
    this.#table.truncateFrom(LogIndex(from));
    this.#contents.truncate(from - this.#table.base.index - 1);
  }
  #entry(position: number, entry: RecordEntry): void {
    const { index, term } = entry;
    if (index === 0) throw new StatusError('malformed', 'an entry has no index 0');
    if (this.#table.lastIndex === this.#table.base.index) this.#begin(index - 1);
    if (index <= this.#table.lastIndex) this.#truncate(index);
    const { lastIndex } = this.#table;
    if (index !== lastIndex + 1) throw new StatusError('malformed', `entry ${index} comes behind entry ${lastIndex}`);
    this.#table.append(term, position);
    this.#contents.push(entry);
  }

  /** Of a log of a replica without others: all its records are entries, at their own positions, decided. */
  adopt(firstPosition: number, hardState: HardState, configuration: SnapshotMark['configuration']): void {
    if (this.#controlled) throw this.#corrupt('no record says where its entries begin');
    const { base, lastIndex } = this.#table;
    const before = lastIndex === base.index ? firstPosition - 1 : base.index;
    if (before !== firstPosition - 1 || (this.#table.position(lastIndex) ?? lastIndex) !== lastIndex)
      throw this.#corrupt(`its records from ${firstPosition} on hold entries from ${before + 1} on`);
    if (lastIndex === base.index) this.#begin(before);
    this.#hardState = hardState;
    this.#snapshot = { last: place(before, before === 0 ? 0 : 1), configuration };
  }
  /** @throws StatusError `corrupt` when what is left does not hold together. */
  end(): Replayed {
    const hardState = this.#hardState;
    const snapshot = this.#snapshot;
    if (hardState === undefined || snapshot === undefined)
      throw this.#corrupt('no record says where its entries begin');
    const { last } = snapshot;
    const table = new EntryTable(last);
    if (this.#table.lastIndex <= last.index)
      return { hardState, snapshot, table, log: [], entryCount: 0, keepFrom: this.#markPosition };
    this.#requireJoined(last);
    this.#fill(table, hardState.term);
    const log = this.#contents.from(table, last.index - this.#table.base.index);
    const keepFrom = Math.min(this.#markPosition, table.position(last.index + 1) ?? Infinity);
    return { hardState, snapshot, table, log, entryCount: table.lastIndex - last.index, keepFrom };
  }
  /** The entries begin where the state ends, or before, and then agree with it. */
  #requireJoined({ index, term }: SnapshotMark['last']): void {
    const { base } = this.#table;
    if (base.index > index) throw this.#corrupt(`its state ends at ${index}, its entries begin at ${base.index + 1}`);
    const found = this.#table.term(index);
    if (base.index < index && found !== term)
      throw this.#corrupt(`its state ends at ${index} with term ${term}, its entry there has term ${found}`);
  }
  #fill(table: EntryTable, termMax: Term): void {
    const found = this.#table;
    let before: number = table.base.term;
    for (let index = table.base.index + 1; index <= found.lastIndex; index++) {
      const term = found.term(index) ?? Term(0);
      if (term < before || term > termMax)
        throw this.#corrupt(`entry ${index} has term ${term}: wanted ${before} to ${termMax}`);
      before = term;
      table.append(term, found.position(index) ?? 0);
    }
  }
  #corrupt(what: string, cause?: unknown): StatusError {
    const { group } = this.#identity;
    return new StatusError('corrupt', `Cannot open log "${this.#directory}" of group "${group}": ${what}`, { cause });
  }
}

const place = (index: number, term: number): SnapshotMark['last'] => ({ index: LogIndex(index), term: Term(term) });

/** What the machine must know of each entry beside its term: the length of its body, and what changes who votes. */
class Contents {
  readonly #lengths: number[] = [];
  /** By place. */
  readonly #others = new Map<number, Pick<RecordEntry, 'kind' | 'body'>>();

  push({ kind, body }: RecordEntry): void {
    // A copy: the record lies in a large buffer of the wal's, which would be kept with it.
    if (kind !== 'command') this.#others.set(this.#lengths.length, { kind, body: body.slice() });
    this.#lengths.push(body.length);
  }
  truncate(count: number): void {
    this.#lengths.length = count;
    for (const at of this.#others.keys()) if (at >= count) this.#others.delete(at);
  }
  /** Without the first `skip`; terms are the table's. */
  from(table: EntryTable, skip: number): StoredLog {
    const zeros = new Uint8Array(this.#lengths.reduce((max, length) => Math.max(max, length), 0));
    const lengths = this.#lengths;
    const others = this.#others;
    const terms: Term[] = [];
    for (let index = table.base.index + 1; index <= table.lastIndex; index++) terms.push(table.term(index) ?? Term(0));
    return {
      *[Symbol.iterator]() {
        for (let at = skip; at < lengths.length; at++) {
          const { kind, body } = others.get(at) ?? { kind: 'command' as const, body: zeros.subarray(0, lengths[at]) };
          yield { term: terms[at - skip] ?? Term(0), kind, body };
        }
      },
    };
  }
}
