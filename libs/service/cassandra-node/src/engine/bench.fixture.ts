/** For tests: an engine over a store in memory. Statements go in as texts, answers come out as texts. */
import { createHash } from 'node:crypto';
import {
  BlockCache,
  BlockCodec,
  layersOver,
  MemoryBlocks,
  Memtable,
  MutationWriter,
  PartitionReader,
  type RowTarget,
  type TableLayout,
  type TableReader,
  type TableStore,
} from '@skerry/domain-table';
import { literalText, type ValueType } from '@skerry/domain-values';
import { crc32c, present, Prng } from '@skerry/kernel';
import { parse } from '@skerry/protocol-cql';
import { findKeyspace, findTable } from '../catalog/catalog.ts';
import { toCqlFault } from '../catalog/cql-fault.ts';
import { emptySnapshot, execute, isDdl } from '../catalog/execute.ts';
import { indexesOf, type Snapshot } from '../catalog/state.ts';
import { CqlFault, type Execution, type Plan, type ResultColumn, type ResultSink } from './contract.ts';
import { Environment } from './environment.ts';
import { World } from './function-world.ts';
import { executeBatch, planBatch, planModification, type BatchKind } from './modify/index.ts';
import { buildSteps, numberOf, type Build } from './index/build-steps.ts';
import { storedLayouts } from '../node-parts.ts';
import { Markers, type Planning } from './planning.ts';
import { LongReads, planSelect, TurnTime, type SelectScope } from './select/index.ts';

class MemoryTables implements TableStore {
  readonly writer = new MutationWriter();
  readonly #layouts = new Map<number, TableLayout>();
  readonly #layers = layersOver(new Memtable(65_536, this.#layouts));
  readonly #blocks = new MemoryBlocks();
  applied = 0;

  apply(): void {
    const { bytes, view, length } = this.writer.sink;
    if (length > 0) this.#layers.active.applyAll(bytes, view, 0, length);
    this.applied += length;
    this.writer.sink.length = 0;
  }
  reader(): TableReader {
    return new PartitionReader(this.#layers, new BlockCodec(crc32c), () => this.#blocks.reader(), new BlockCache());
  }
  setTable(table: TableLayout): void {
    this.#layouts.set(table.schema.number, table);
  }
  room(): undefined {
    return undefined;
  }
  endTurn(): undefined {
    return undefined;
  }
  dropTable(): Promise<void> {
    return Promise.resolve();
  }
  truncate(): Promise<void> {
    return Promise.resolve();
  }
  flush(): Promise<void> {
    return Promise.resolve();
  }
  snapshot(): Promise<void> {
    return Promise.resolve();
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

export type Value = Uint8Array | null | undefined;
export const hash = (algorithm: string, bytes: Uint8Array): Uint8Array =>
  createHash(algorithm.replace('-', '').toLowerCase()).update(bytes).digest();

/** A buffer that grows, a little at a time. */
class CopiedRows implements RowTarget {
  buffer = new Uint8Array(64);
  view = new DataView(this.buffer.buffer);
  at = 0;
  room(sizeBytes: number): boolean {
    const { buffer } = this;
    if (this.at + sizeBytes <= buffer.length) return true;
    this.buffer = new Uint8Array(this.at + sizeBytes);
    this.view = new DataView(this.buffer.buffer);
    this.buffer.set(buffer.subarray(0, this.at));
    return true;
  }
}

/** Of one row: `name=literal` for each column. */
export class Answer implements ResultSink {
  readonly rows: (Uint8Array | null)[][] = [];
  columns: readonly ResultColumn[] = [];
  isVoid = false;
  sizeBytes = 0;
  /** Of the rows, those that were copied as they lie. */
  copied = 0;
  pagingState: Uint8Array | undefined;
  readonly client = { isGone: false };
  #row: (Uint8Array | null)[] = [];
  readonly #isCopied: boolean;

  /** @param isCopied whether rows may be copied as they lie. */
  constructor(isCopied = true) {
    this.#isCopied = isCopied;
  }
  aside(_warnings: string[], keeps: boolean): this {
    if (!keeps) this.rows.length = 0;
    return this;
  }
  void(): void {
    this.isVoid = true;
  }
  setKeyspace(): void {}
  schemaChange(): void {}
  beginRows(columns: readonly ResultColumn[]): void {
    this.columns = columns;
  }
  cell(bytes: Uint8Array, from: number, size: number): void {
    this.#row.push(size < 0 ? null : bytes.slice(from, from + size));
  }
  cells(bytes: Uint8Array, from: number, size: number): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    for (let at = from; at < from + size;) {
      const length = view.getInt32(at);
      this.cell(bytes, at + 4, length);
      at += 4 + Math.max(0, length);
    }
  }
  endRow(): void {
    this.rows.push(this.#row);
    this.#row = [];
  }
  readonly #copies = new CopiedRows();
  get rowTarget(): RowTarget | undefined {
    return this.#isCopied ? this.#copies : undefined;
  }
  wroteRows(count: number): void {
    const { buffer, view } = this.#copies;
    let from = 0;
    for (let row = 0; row < count; row++) {
      let to = from;
      for (let column = 0; column < this.columns.length; column++) to += 4 + Math.max(0, view.getInt32(to));
      this.cells(buffer, from, to - from);
      this.endRow();
      from = to;
    }
    if (from !== this.#copies.at) throw new Error('what was copied is not so many rows');
    this.copied += count;
    this.#copies.at = 0;
  }
  endRows(pagingState: Uint8Array | undefined): void {
    this.pagingState = pagingState;
  }
  /** Rows as text: values between commas; with `named` the columns' names too. */
  texts(named = false): readonly string[] {
    return this.rows.map((row) =>
      row
        .map((value, i) => {
          const { name, type } = present(this.columns[i], 'a column for each cell');
          const text = literalText(type, value ?? undefined);
          return named ? `${name}=${text}` : text;
        })
        .join(', '),
    );
  }
}

export class Bench {
  readonly store = new MemoryTables();
  /** Indexes that SELECT may not ask. */
  readonly unbuilt = new Set<number>();
  readonly environment: Environment;
  readonly world: World;
  snapshot: Snapshot;
  keyspace: string | undefined;
  /** Microseconds since 1970; each statement comes a millisecond later. */
  micros = 1_700_000_000_000_000;
  readonly warnings: string[] = [];

  constructor() {
    const prng = new Prng(1);
    this.world = new World((count) => prng.bytes(count), hash);
    this.environment = new Environment(
      this.store,
      Uint8Array.from({ length: 16 }, (_, i) => i + 1),
    );
    this.snapshot = emptySnapshot((bytes) => hash('md5', bytes));
    this.run(`CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`);
    this.keyspace = 'ks';
  }
  plan(text: string): Plan {
    const parsed = parse(text);
    if (!parsed.ok) throw new CqlFault({ kind: 'syntax' }, parsed.error.message);
    const { statement, markers } = parsed.value;
    const planning: Planning = {
      schema: this.snapshot,
      keyspace: this.keyspace,
      markers: new Markers(markers),
      world: this.world,
      nowMs: this.micros / 1000,
    };
    switch (statement.kind) {
      case 'insert':
      case 'update':
      case 'delete':
        return planModification(planning, this.environment, statement);
      case 'batch':
        return planBatch(planning, this.environment, statement);
      case 'select':
        return planSelect(this.#scope(text, planning), statement);
      default:
        throw new Error(`no plan for ${statement.kind}`);
    }
  }
  #scope(text: string, planning: Planning): SelectScope {
    return {
      planning,
      relations: {
        hasKeyspace: (name) => findKeyspace(this.snapshot, name) !== undefined,
        find: (keyspace, name) => {
          const table = findTable(this.snapshot, keyspace, name);
          const of = findKeyspace(this.snapshot, keyspace);
          if (table === undefined || of === undefined) return undefined;
          return { kind: 'stored', layout: this.environment.layout(table), indexes: indexesOf(of, name) };
        },
      },
      reader: () => this.store.reader(),
      indexes: { store: this.store, isBuilt: (number) => !this.unbuilt.has(number), isThere: () => true },
      seal: (bytes) => bytes.slice(0, 8),
      guardrails: { tombstonesWarn: 1000, tombstonesFail: 100_000 },
      // All of it in one turn.
      time: new TurnTime(() => 0, { turnMs: 1, rowsBetweenLooks: 128 }),
      long: { reads: new LongReads(() => 0), timeouts: { readMs: 1, rangeMs: 1 }, isThere: () => true },
      text,
      again: () => {
        throw new Error('all of it is answered in one turn');
      },
    };
  }
  /** What a statement answers. Values are given as their bytes; undefined: unset. */
  run(text: string, values: readonly Value[] = [], over: Partial<Execution> = {}): Answer {
    const answer = new Answer();
    const parsed = parse(text);
    if (parsed.ok && isDdl(parsed.value.statement)) {
      const prng = new Prng(2);
      const context = {
        keyspace: this.keyspace,
        nowMicros: this.micros,
        random: (count: number) => prng.bytes(count),
        dataCenters: new Map([['datacenter1', 1]]),
      };
      const done = execute(this.snapshot, parsed.value.statement, context, (bytes) => hash('md5', bytes));
      if (!done.ok) throw toCqlFault(done.error);
      this.snapshot = done.value.snapshot;
      for (const table of storedLayouts(this.snapshot)) this.store.setTable(table);
      return answer;
    }
    const done = this.plan(text).execute(this.execution(values, over), answer);
    if (done !== undefined) throw new Error('what is in memory is answered at once');
    return answer;
  }
  /** Rows of a SELECT, or of a conditional statement with the columns' names. */
  rows(text: string, values: readonly Value[] = [], over: Partial<Execution> = {}): readonly string[] {
    return this.run(text, values, over).texts(!text.startsWith('SELECT'));
  }
  /** The error's text. */
  fault(text: string, values: readonly Value[] = [], over: Partial<Execution> = {}): string {
    try {
      this.run(text, values, over);
    } catch (thrown) {
      if (thrown instanceof Error && 'fault' in thrown) return thrown.message;
      if (thrown instanceof CqlFault) return thrown.message;
      throw thrown;
    }
    return 'no fault';
  }
  /** Statements of a BATCH message. */
  batch(
    kind: BatchKind,
    statements: readonly (readonly [text: string, values: readonly Value[]])[],
    over: Partial<Execution> = {},
  ): Answer {
    const answer = new Answer();
    const counts = Int32Array.from(statements, ([, values]) => values.length);
    const firsts = counts.map((_, i) => counts.subarray(0, i).reduce((sum, each) => sum + each, 0));
    const plans = statements.map(([text]) => this.plan(text));
    const parts = { plans, firsts, counts, count: plans.length };
    const execution = this.execution(
      statements.flatMap(([, values]) => values),
      over,
    );
    executeBatch(this.environment, kind, parts, execution, answer);
    return answer;
  }
  /** Fills a view, or an index, that was made after its table had rows. @returns in how many steps. */
  fill(table: string, name: string): number {
    const of = present(findKeyspace(this.snapshot, 'ks'), 'keyspace');
    const planning: Planning = {
      schema: this.snapshot,
      keyspace: 'ks',
      markers: new Markers([]),
      world: this.world,
      nowMs: 0,
    };
    const base = present(of.tables.get(table), 'table');
    const view = of.views.get(name);
    const build: Build =
      view === undefined
        ? { kind: 'index', base, index: present(of.indexes.get(name), 'view or index') }
        : { kind: 'view', base, view };
    let steps = 0;
    for (const _ of buildSteps(planning, this.environment, build, () => this.micros / 1000)) steps += 1;
    this.unbuilt.delete(numberOf(build));
    return steps;
  }
  execution(values: readonly Value[], over: Partial<Execution> = {}): Execution {
    this.micros += 1000;
    const starts = new Int32Array(values.length);
    const lengths = new Int32Array(values.length);
    const buffer = new Uint8Array(values.reduce((size, value) => size + 4 + (value?.length ?? 0), 0));
    const view = new DataView(buffer.buffer);
    let at = 0;
    for (const [i, value] of values.entries()) {
      const length = value === null ? -1 : value === undefined ? -2 : value.length;
      // As in a frame: each behind its size.
      view.setInt32(at, length);
      at += 4;
      starts[i] = at;
      lengths[i] = length;
      buffer.set(value ?? [], at);
      at += value?.length ?? 0;
    }
    this.warnings.length = 0;
    return {
      values: { buffer, starts, lengths, first: 0, count: values.length },
      consistency: 1,
      serialConsistency: -1,
      pageSize: -1,
      pagingState: undefined,
      skipMetadata: false,
      timestampHi: Math.floor(this.micros / 2 ** 32) | 0,
      timestampLo: (this.micros % 2 ** 32) | 0,
      nowSeconds: Math.floor(this.micros / 1e6),
      nowMs: this.micros / 1000,
      version: 4,
      keyspace: this.keyspace,
      role: undefined,
      warnings: this.warnings,
      trace: undefined,
      ...over,
    };
  }
}
export const typeOf = (plan: Plan, marker: number): ValueType => present(plan.markers[marker], 'marker').type;
