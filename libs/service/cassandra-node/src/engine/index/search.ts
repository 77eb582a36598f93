/** Which index a SELECT asks, and what of it. */
import type { Part, TableLayout, TableReader, TableStore } from '@skerry/domain-table';
import { ByteSink } from '@skerry/domain-values';
import { StatusError } from '@skerry/kernel';
import { invalid, type Execution } from '../contract.ts';
import { behind, everything, intersection, joined, prefixRange, union, type ByteRange } from '../select/byte-ranges.ts';
import type { ClusteringSlices } from '../select/clustering-slices.ts';
import type { CompareFilter, ContainsFilter, ElementFilter, Filter } from '../select/filters.ts';
import { tokenRange, type PartitionKeys } from '../select/partition-keys.ts';
import type { Position } from '../select/row.ts';
import type { TokenBound } from '../select/restrictions.ts';
import { behindPlace, countEntries, placeOf, RangeWalk, ValueWalk, type Entry, type EntryWalk } from './entries.ts';
import { appendToken, termOf, type IndexTable, type Term } from './index-table.ts';
import { IndexedSource } from './indexed-source.ts';

/** What an index may answer of a WHERE. */
export type IndexQuestion =
  | { readonly kind: 'equal'; readonly table: IndexTable; readonly filter: CompareFilter | ContainsFilter }
  | { readonly kind: 'entry'; readonly table: IndexTable; readonly filter: ElementFilter }
  | { readonly kind: 'range'; readonly table: IndexTable; readonly filters: readonly CompareFilter[] };

/** What plans know of the indexes that there are. */
export type IndexAccess = {
  readonly store: TableStore;
  /** Until then a SELECT scans. */
  isBuilt(number: number): boolean;
  /** It may have been dropped while a SELECT is under way, or waits. */
  isThere(index: IndexTable): boolean;
};

export type SearchParts = {
  readonly access: IndexAccess;
  readonly layout: TableLayout;
  readonly questions: readonly IndexQuestion[];
  /** One partition at most. */
  readonly keys: PartitionKeys | undefined;
  readonly tokens: readonly TokenBound[];
  readonly clustering: ClusteringSlices;
  reader(): TableReader;
};

/** Of a value that an index is asked for: no entry holds a longer one. */
const askedSizeMaxBytes = 65_535;
/** Entries counted to choose among several indexes. */
const countedMax = 128;

export class IndexSearch {
  readonly #parts: SearchParts;
  #entries: TableReader | undefined;
  #source: IndexedSource | undefined;
  #asked: IndexTable | undefined;
  /** Of the SELECT that is under way: it goes on in later turns. */
  #range: { readonly question: IndexQuestion; readonly walk: RangeWalk } | undefined;

  constructor(parts: SearchParts) {
    this.#parts = parts;
  }
  /** Undefined: no index is there yet that can answer. @param isAgain in a later turn of the same SELECT. */
  open(execution: Execution, resume: Position | undefined, isAgain: boolean): IndexedSource | undefined {
    const { access, layout, questions, clustering } = this.#parts;
    if (!isAgain) this.#range = undefined;
    const asked = questions.filter(({ table }) => access.isBuilt(table.definition.number) && access.isThere(table));
    if (asked.length === 0) return undefined;
    for (const question of questions)
      for (const filter of filtersOf(question)) {
        filter.begin(execution);
        if (filter.value.length > askedSizeMaxBytes)
          throw invalid('Index expression values may not be larger than 64K');
      }
    this.#entries ??= this.#parts.reader();
    const question = this.#best(asked, this.#entries, execution);
    if (question === undefined) return undefined;
    this.#asked = question.table;
    const { table } = question;
    const rows = clustering.isEverything ? undefined : clustering.ranges(execution);
    const places = this.#places(execution, table, rows, resume);
    this.#source ??= new IndexedSource(this.#parts.reader(), layout);
    this.#source.look(
      {
        walk: this.#walk(question, this.#entries, places, execution.nowSeconds),
        from: resume,
        says: filtersOf(question),
        perPartition: table.perPartition,
        ofKey: table.ofKey,
        rows,
        first:
          resume?.clustering === undefined
            ? undefined
            : { key: resume.key, rows: intersection(rows ?? [everything], [following(resume.clustering)]) },
      },
      execution.nowSeconds,
    );
    return this.#source;
  }
  #walk(question: IndexQuestion, reader: TableReader, places: readonly ByteRange[], nowSeconds: number): EntryWalk {
    if (question.kind !== 'range') return new ValueWalk(reader, question.table, termFor(question), places, nowSeconds);
    const known = this.#range;
    if (known?.question === question) {
      known.walk.again(places);
      return known.walk;
    }
    const walk = rangeWalkOf(question, reader, places, nowSeconds);
    this.#range = { question, walk };
    return walk;
  }
  /** The one with the fewest entries, as far as they are counted; a range comes last. */
  #best(questions: readonly IndexQuestion[], reader: TableReader, execution: Execution): IndexQuestion | undefined {
    const equal = questions.flatMap((question) => (question.kind === 'range' ? [] : [question]));
    if (equal.length <= 1) return equal[0] ?? questions[0];
    let best: IndexQuestion | undefined;
    let least = countedMax + 1;
    for (const question of equal) {
      const count = countEntries(reader, question.table, termFor(question), least, execution.nowSeconds);
      if (count >= least) continue;
      best = question;
      least = count;
    }
    return best ?? equal[0];
  }
  /** Where entries can be that are wanted. */
  #places(
    execution: Execution,
    table: IndexTable,
    rows: readonly ByteRange[] | undefined,
    resume: Position | undefined,
  ): readonly ByteRange[] {
    let places: readonly ByteRange[] = [everything];
    const { keys, tokens } = this.#parts;
    if (keys !== undefined) {
      keys.one(execution);
      const partition = placeOf(keys.bytes.slice(keys.from, keys.from + keys.size), none);
      places =
        rows === undefined || table.perPartition
          ? [prefixRange(partition)]
          : union(
              rows.map(({ from, to }) => ({
                from: joined(partition, from),
                to: to === undefined ? behind(partition) : joined(partition, to),
              })),
            );
    } else if (tokens.length > 0) {
      const range = tokenRange(tokens, execution, undefined);
      if (range === undefined) return [];
      const from = tokenPlace(range.fromHi, range.fromLo);
      const start = range.fromInclusive ? from : behind(from);
      if (start === undefined) return [];
      places = [{ from: start, to: behind(tokenPlace(range.toHi, range.toLo)) }];
    }
    if (resume === undefined) return places;
    if (resume.clustering !== undefined && table.perPartition)
      return intersection(places, [{ from: placeOf(resume.key, none), to: undefined }]);
    return intersection(places, behindPlace(placeOf(resume.key, resume.clustering ?? none)));
  }

  /** Takes away what was found to be too many; once it was answered, since it writes to the store. */
  clean(nowSeconds: number): void {
    const stale = this.#source?.stale ?? [];
    const { store } = this.#parts.access;
    if (stale.length === 0 || this.#asked === undefined) return;
    const { number } = this.#asked.layout.schema;
    for (const entry of stale) deleteEntry(store, number, entry, nowSeconds);
    stale.length = 0;
    try {
      store.apply();
    } catch (thrown) {
      // The answer is right without it; whoever reads next finds them again.
      if (!(thrown instanceof StatusError) || thrown.reason !== 'overloaded') throw thrown;
    }
  }
}

const filtersOf = (question: IndexQuestion): readonly (Filter & { readonly value: Uint8Array })[] =>
  question.kind === 'range' ? question.filters : [question.filter];

function termFor(question: Exclude<IndexQuestion, { kind: 'range' }>): Term {
  const { table, filter } = question;
  const { value } = filter;
  if (question.kind === 'equal') return termOf(table, value, 0, value.length);
  const { key } = question.filter;
  return termOf(table, key, 0, key.length, { bytes: value, from: 0, size: value.length });
}
function rangeWalkOf(
  question: Extract<IndexQuestion, { kind: 'range' }>,
  reader: TableReader,
  places: readonly ByteRange[],
  nowSeconds: number,
): RangeWalk {
  const { table } = question;
  let values: readonly ByteRange[] = [everything];
  let key: Uint8Array = none;
  for (const { operator, value } of question.filters) {
    const term = termOf(table, value, 0, value.length);
    key = term.key;
    const own = prefixRange(term.prefix);
    const beyond = own.to === undefined ? [] : [{ from: own.to, to: undefined }];
    const before = [{ from: none, to: own.from }];
    const side = operator.startsWith('>') ? beyond : before;
    values = intersection(values, operator.endsWith('=') ? union([...side, own]) : side);
  }
  return new RangeWalk(reader, table, key, values, places, nowSeconds);
}
function deleteEntry(store: TableStore, number: number, entry: Entry, nowSeconds: number): void {
  const { writer } = store;
  writer.begin(number, entry.term, 0, entry.term.length);
  writer.row(partOf(entry.ordered), partOf(entry.wire));
  writer.rowDeletion(entry.hi, entry.lo, nowSeconds);
  writer.endRow();
  writer.end();
}
const partOf = (bytes: Uint8Array): Part => ({ bytes, from: 0, size: bytes.length });
const following = (bytes: Uint8Array): ByteRange => ({ from: joined(bytes, zero), to: undefined });
const none = new Uint8Array(0);
const zero = new Uint8Array(1);
function tokenPlace(hi: number, lo: number): Uint8Array {
  const sink = new ByteSink(8);
  appendToken(sink, hi, lo);
  return sink.copy();
}
