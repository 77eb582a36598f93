/** For the conformance corpus: the engine of a node over a real store in a folder, without sockets. Time moves by itself. */
import { fromHex, present, Prng, StatusError } from '@skerry/kernel';
import { literalText, typeName } from '@skerry/domain-values';
import { BodyReader, encodeColumns, readColumns, type WireColumn } from '@skerry/protocol-cql';
import { nodeWorld } from '@skerry/runtime-node';
import { createWorkerPool, type WorkerPool } from '@skerry/runtime-workers';
import { findKeyspace, findTable, virtualTables, type Outcome } from '../catalog/index.ts';
import {
  CqlFault,
  invalid,
  type Execution,
  type Plan,
  type ResultColumn,
  type ResultSink,
  type SchemaChange,
} from '../engine/contract.ts';
import { StatementEngine } from '../engine/engine.ts';
import type { Builds } from '../engine/index/builds.ts';
import { World } from '../engine/function-world.ts';
import type { TurnLimits } from '../engine/select/index.ts';
import { nodeFacts } from '../facts.ts';
import { digest, openParts, sealWith, storedLayouts, type NodeParts } from '../node-parts.ts';
import { InternalStatements } from '../roles/internal-statements.ts';
import { ensureFirstRole } from '../roles/password-authenticator.ts';
import { PermissionAuthorizer } from '../roles/permission-authorizer.ts';
import { allTables, resourceText } from '../roles/resources.ts';
import { RoleTable } from '../roles/role-table.ts';
import { errorBodyOf } from '../server/faults.ts';
import { settings, type CassandraConfig } from '../settings.ts';

const mebibyte = 1024 * 1024;
/** Each setting's own default, but for these. */
const config = {
  ...(Object.fromEntries(
    Object.entries(settings).map(([name, setting]) => [name, setting.default]),
  ) as unknown as CassandraConfig),
  host: '127.0.0.1',
  clusterName: 'Corpus',
  memtableMaxBytes: 4 * mebibyte,
};

/** As a driver learns of them: what is frozen is not told. */
function asSent(columns: readonly ResultColumn[]): readonly WireColumn[] {
  const encoded = present(encodeColumns(columns, 5), 'columns of a corpus fit');
  const reader = new BodyReader();
  reader.reset(encoded.bytes, 0, encoded.bytes.length);
  return readColumns(reader, encoded.flags, encoded.columnCount);
}
const typedNames = (columns: readonly ResultColumn[]): string =>
  asSent(columns)
    .map(({ name, type }) => `${name} ${typeName(type)}`)
    .join(' | ');

/** Rows as lines: names, then values as CQL writes them. */
class TextSink implements ResultSink {
  readonly lines: string[] = [];
  readonly sizeBytes = 0;
  readonly client = { isGone: false };
  /** Of a result that came in a later turn. */
  warnings: readonly string[] | undefined;
  keyspace: string | undefined;
  more: Uint8Array | undefined;
  readonly #typed: boolean;
  #columns: readonly ResultColumn[] = [];
  #row: string[] = [];
  constructor(typed: boolean) {
    this.#typed = typed;
  }
  void(): void {}
  aside(warnings: string[], keeps: boolean): this {
    this.warnings = warnings;
    if (!keeps) this.lines.length = 0;
    return this;
  }
  setKeyspace(name: string): void {
    this.keyspace = name;
  }
  schemaChange({ change, target, keyspace, name }: SchemaChange): void {
    this.lines.push([change, target, name === undefined ? keyspace : `${keyspace}.${name}`].join(' '));
  }
  beginRows(columns: readonly ResultColumn[]): void {
    this.#columns = columns;
    this.lines.push(this.#typed ? typedNames(columns) : columns.map(({ name }) => name).join(' | '));
  }
  cell(bytes: Uint8Array, from: number, size: number): void {
    const { type } = present(this.#columns[this.#row.length], 'a column for each cell');
    this.#row.push(literalText(type, size < 0 ? undefined : bytes.slice(from, from + size)));
  }
  cells(bytes: Uint8Array, from: number, size: number): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = from; at < from + size;) {
      const length = view.getInt32(at);
      this.cell(bytes, at + 4, length);
      at += 4 + Math.max(0, length);
    }
  }
  endRow(): void {
    // A blank line would end the output in a scenario file.
    this.lines.push(this.#row.join(' | ').replaceAll(/\n+/g, '\n') || '(empty)');
    this.#row = [];
  }
  endRows(pagingState: Uint8Array | undefined): void {
    this.more = pagingState;
  }
}

const noValues: Execution['values'] = boundValues('');
/** Of `0x00000001|null|unset`. */
function boundValues(text: string): Execution['values'] {
  const values = text === '' ? [] : text.split('|');
  const bytes = values.map((value) => fromHex(/^0x(.*)$/.exec(value)?.[1] ?? '') ?? new Uint8Array(0));
  const buffer = new Uint8Array(bytes.reduce((sum, { length }) => sum + length, 0));
  const starts = new Int32Array(values.length);
  let at = 0;
  for (const [i, each] of bytes.entries()) {
    starts[i] = at;
    buffer.set(each, at);
    at += each.length;
  }
  const lengths = Int32Array.from(values, (value, i) =>
    value === 'null' ? -1 : value === 'unset' ? -2 : (bytes[i]?.length ?? 0),
  );
  return { buffer, starts, lengths, first: 0, count: values.length };
}
/** What PREPARE tells: variables, the partition key's indexes among them, columns. */
const preparedText = ({ markers, partitionKeyMarkers, columns = [] }: Plan): string =>
  [typedNames(markers), partitionKeyMarkers.join(' '), typedNames(columns)].map((line) => line || '(none)').join('\n');

export class CorpusEngine {
  readonly #parts: NodeParts;
  readonly #engine: StatementEngine;
  readonly #roles: RoleTable;
  readonly #workers: WorkerPool;
  readonly #authorizer: PermissionAuthorizer;
  readonly #time: { micros: number };
  #keyspace: string | undefined;
  #role: string | undefined;

  private constructor(
    parts: NodeParts,
    workers: WorkerPool,
    tombstones: readonly [warn: number, fail: number],
    time: { micros: number },
    limits: TurnLimits | undefined,
  ) {
    this.#parts = parts;
    this.#time = time;
    this.#workers = workers;
    const prng = new Prng(1);
    const random = (count: number): Uint8Array<ArrayBuffer> => Uint8Array.from(prng.bytes(count));
    const { catalog, store, identity } = parts;
    this.#roles = new RoleTable(
      new InternalStatements({
        plan: (text, keyspace) => this.#engine.plan(text, keyspace),
        now: () => ({ ...this.#now(), ms: this.#time.micros / 1000 }),
        written: () => store.endTurn(),
      }),
    );
    this.#authorizer = new PermissionAuthorizer(this.#roles);
    const facts = nodeFacts(config, identity, { host: '127.0.0.1', port: 9042 }, 1_700_000_000_000);
    this.#engine = new StatementEngine({
      host: {
        catalog,
        context: ({ keyspace }) => ({
          keyspace,
          nowMicros: this.#time.micros,
          random,
          dataCenters: new Map([['datacenter1', 1]]),
        }),
        installed: ({ snapshot }: Outcome) => {
          for (const table of storedLayouts(snapshot)) store.setTable(table);
        },
        settle: async ({ dropped, change }) => {
          for (const number of dropped) await store.dropTable(number);
          if (change?.change !== 'DROPPED' || change.target === 'TYPE') return;
          for (const kind of ['data', 'functions'])
            await this.#roles.forgetResource(
              [kind, change.keyspace, ...(change.name === undefined ? [] : [change.name])].join('/'),
            );
        },
        truncate: (tables) => store.truncate(tables),
        describeContext: (keyspace, withInternals) => ({
          keyspace,
          withInternals,
          clusterName: facts.clusterName,
          partitioner: facts.partitioner,
          rangeOwnership: () => new Map(),
        }),
      },
      roles: {
        table: this.#roles,
        workers,
        random,
        authenticates: true,
        authorizes: true,
        checkResource: (name) => {
          const [kind, keyspace = '', table] = name.split('/');
          if (kind !== 'data' || keyspace === '') return;
          const { snapshot } = catalog;
          const found =
            table === undefined || table === allTables
              ? findKeyspace(snapshot, keyspace)
              : findTable(snapshot, keyspace, table);
          if (found === undefined) throw invalid(`Resource ${resourceText(name)} doesn't exist`);
        },
      },
      store,
      world: new World(random, digest),
      seal: sealWith(identity.secret),
      virtual: virtualTables(() => catalog.snapshot, {
        facts: () => facts,
        peers: () => [],
        clients: () => [],
        settings: () => new Map([['cluster_name', facts.clusterName]]),
        prepared: () => [],
        estimates: () => [],
        isBuilt: (number) => this.#engine.builds.isBuilt(number),
      }),
      guardrails: { tombstonesWarn: tombstones[0], tombstonesFail: tombstones[1] },
      nowMs: () => this.#time.micros / 1000,
      clock: nodeWorld('.').clock,
      buildFailed: (error) => {
        throw error;
      },
      hostId: new Uint8Array(16).fill(7),
      timeouts: { readMs: 5_000, rangeMs: 10_000 },
      ...(limits === undefined ? {} : { turnLimits: limits }),
    });
  }
  /** @param micros since 1970, where time begins. @param tombstones at which a read warns, and is refused. */
  static async open(
    folder: string,
    micros?: number,
    tombstones: readonly [warn: number, fail: number] = [20, 100],
    limits?: TurnLimits,
  ): Promise<CorpusEngine> {
    const time = { micros: micros ?? 1_700_000_000_000_000 };
    const world = nodeWorld(folder);
    const { clock } = world;
    const parts = await openParts(config, {
      // The store forgets what has expired: it must not think that it is much later than the statements do.
      world: {
        ...world,
        clock: {
          monotonicMs: () => clock.monotonicMs(),
          wallMs: () => time.micros / 1000,
          setTimer: (delayMs, callback) => clock.setTimer(delayMs, callback),
        },
      },
      dataDirectory: folder,
      fatal: (error) => {
        throw error;
      },
    });
    const engine = new CorpusEngine(parts, createWorkerPool(), tombstones, time, limits);
    engine.#engine.builds.begin();
    await engine.#roles.load();
    await ensureFirstRole(engine.#roles, engine.#workers, (count) => new Uint8Array(count));
    engine.#role = 'cassandra';
    await engine.handle(`CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`);
    await engine.handle('USE ks');
    return engine;
  }
  get micros(): number {
    return this.#time.micros;
  }
  get builds(): Builds {
    return this.#engine.builds;
  }
  flush(): Promise<void> {
    return this.#parts.store.flush();
  }
  async close(): Promise<void> {
    await this.#engine.builds.stop();
    await this.#parts.close();
    await this.#workers.close();
  }

  /**
   * A statement, or `later SECONDS`, `as ROLE`, `page ROWS STATEMENT` (all pages, a line of `--` between two), `types STATEMENT`
   * (columns with their types), `bind VALUE|VALUE… STATEMENT` (bytes in hex, null or unset), `prepare STATEMENT`.
   */
  async handle(command: string): Promise<string> {
    const typed = command.startsWith('types ');
    const [, word, argument = '', rest = ''] =
      /^(later|as|page|bind) (\S+) ?(.*)$/.exec(command) ?? /^(types|prepare)( )(.*)$/.exec(command) ?? [];
    if (word === 'later') {
      this.#time.micros += Number(argument) * 1_000_000;
      return 'ok';
    }
    if (word === 'as') {
      this.#role = argument;
      return 'ok';
    }
    const lines: string[] = [];
    let state: Uint8Array | undefined;
    do {
      const execution = this.#execution(
        word === 'page' ? Number(argument) : -1,
        state,
        word === 'bind' ? boundValues(argument) : noValues,
      );
      const sink = new TextSink(typed);
      try {
        const plan = this.#engine.plan(word === undefined ? command : rest, this.#keyspace);
        if (word === 'prepare') return preparedText(plan);
        this.#authorizer.check(this.#role ?? '', plan);
        if (plan.markers.length !== execution.values.count) throw invalid('Invalid amount of bind variables');
        await plan.execute(execution, sink);
        await this.#parts.store.endTurn();
      } catch (thrown) {
        return faultText(thrown);
      }
      this.#keyspace = sink.keyspace ?? this.#keyspace;
      if (state !== undefined) lines.push('--');
      lines.push(...(state === undefined ? sink.lines : sink.lines.slice(1)));
      lines.push(...(sink.warnings ?? execution.warnings).map((warning) => `warning: ${warning}`));
      state = sink.more;
    } while (state !== undefined);
    return lines.join('\n');
  }
  #now(): { hi: number; lo: number } {
    this.#time.micros += 1_000;
    return { hi: Math.floor(this.#time.micros / 2 ** 32) | 0, lo: (this.#time.micros % 2 ** 32) | 0 };
  }
  #execution(pageSize: number, pagingState: Uint8Array | undefined, values: Execution['values']): Execution {
    const { hi, lo } = this.#now();
    return {
      values,
      consistency: 1,
      serialConsistency: -1,
      pageSize,
      pagingState,
      skipMetadata: false,
      timestampHi: hi,
      timestampLo: lo,
      nowSeconds: Math.floor(this.#time.micros / 1e6),
      nowMs: this.#time.micros / 1000,
      version: 5,
      keyspace: this.#keyspace,
      role: this.#role,
      warnings: [],
      trace: undefined,
    };
  }
}

/** What is a bug of ours fails the test. */
function faultText(thrown: unknown): string {
  if (!(thrown instanceof CqlFault) && !(thrown instanceof StatusError)) throw thrown;
  const body = errorBodyOf(thrown);
  return `${body?.kind ?? 'bug'}: ${thrown.message}`;
}
