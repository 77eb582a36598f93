/**
 * Prepared statements of all connections: found by the first bytes of their ids without making anything, bounded by count
 * and by bytes of text, the least recently used forgotten first. Whoever asks for a forgotten one is told so, and prepares
 * it again.
 *
 * Source: the id is the MD5 of keyspace and text, the same on every node (Cassandra's QueryProcessor.computeId).
 */
import { createHash } from 'node:crypto';
import { toHex } from '@skerry/kernel';
import { encodeColumns, encodePrepared, type EncodedColumns, type ProtocolVersion } from '@skerry/protocol-cql';
import { CqlFault, type Plan, type ResultColumn } from '../engine/contract.ts';

/** Statements kept. */
export const preparedCountMax = 50_000;
/** Characters of their texts, together. */
export const preparedTextMax = 64 * 1024 * 1024;

export type Planner = {
  /** Another object whenever the schema changes. */
  readonly schema: object;
  plan(text: string, keyspace: string | undefined): Plan;
};

const versions = 6;

export class Prepared {
  readonly id: Uint8Array;
  readonly text: string;
  readonly keyspace: string | undefined;
  plan: Plan;
  /** The schema that the plan was made for. */
  schema: object;
  /** Of the result's metadata (v5): changes when the columns do. */
  resultId: Uint8Array;
  readonly #bodies: (Uint8Array | undefined)[] = Array.from({ length: versions }, () => undefined);
  #stale = false;
  /** Neighbour with the same first bytes. */
  next: Prepared | undefined;
  /** Counts uses of all; the least is the oldest. */
  used = 0;

  constructor(id: Uint8Array, text: string, keyspace: string | undefined, plan: Plan, schema: object) {
    this.id = id;
    this.text = text;
    this.keyspace = keyspace;
    this.plan = plan;
    this.schema = schema;
    this.resultId = resultIdOf(plan.columns);
  }
  /**
   * The plan for the schema of now.
   *
   * A statement that would answer other columns, or that makes no sense any more, is unprepared until somebody prepares it
   * again: a client below v5 has no other way to learn of new columns (Cassandra's StatementInvalidatingListener).
   * @throws CqlFault `unprepared`.
   */
  current(planner: Planner): Plan {
    if (this.schema === planner.schema) return this.plan;
    if (this.#stale || !this.#planned(planner)) {
      this.#stale = true;
      throw unprepared(this.id);
    }
    return this.plan;
  }
  #planned(planner: Planner): boolean {
    let plan: Plan;
    try {
      plan = planner.plan(this.text, this.keyspace);
    } catch (error) {
      if (error instanceof CqlFault) return false;
      throw error;
    }
    if (!same(resultIdOf(plan.columns), this.resultId)) return false;
    this.plan = plan;
    this.schema = planner.schema;
    this.#bodies.fill(undefined);
    return true;
  }
  /** @throws CqlFault when it makes no sense any more. */
  prepareAgain(planner: Planner): void {
    if (this.schema === planner.schema) return;
    this.plan = planner.plan(this.text, this.keyspace);
    this.schema = planner.schema;
    this.resultId = resultIdOf(this.plan.columns);
    this.#bodies.fill(undefined);
    this.#stale = false;
  }
  /** What PREPARE is answered, in bytes of one version. */
  body(version: ProtocolVersion): Uint8Array {
    const made = this.#bodies[version];
    if (made !== undefined) return made;
    const { plan, id, resultId } = this;
    const body = encodePrepared(
      {
        id,
        resultId,
        variables: plan.markers,
        partitionKey: plan.partitionKeyMarkers,
        columns: plan.columns ?? [],
      },
      version,
    );
    if (body === undefined) throw new CqlFault({ kind: 'invalid' }, 'Cannot prepare: its columns are too many');
    this.#bodies[version] = body;
    return body;
  }
}

const same = (a: Uint8Array, b: Uint8Array): boolean => a.every((byte, i) => byte === b[i]);
const resultIdOf = (columns: readonly ResultColumn[] | undefined): Uint8Array => {
  const encoded = columns === undefined ? undefined : encodeColumns(columns, 5);
  return md5([encoded?.bytes ?? new Uint8Array(0)]);
};
function md5(parts: readonly (Uint8Array | string)[]): Uint8Array {
  const hash = createHash('md5');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}
export const preparedId = (text: string, keyspace: string | undefined): Uint8Array => md5([keyspace ?? '', text]);

export class PreparedStatements {
  readonly #byFirst = new Map<number, Prepared>();
  readonly #countMax: number;
  readonly #textMax: number;
  #count = 0;
  #textSize = 0;
  #uses = 0;

  constructor(limits: { readonly countMax?: number; readonly textMax?: number } = {}) {
    this.#countMax = limits.countMax ?? preparedCountMax;
    this.#textMax = limits.textMax ?? preparedTextMax;
  }
  get count(): number {
    return this.#count;
  }

  find(buffer: Uint8Array, start: number, length: number): Prepared | undefined {
    if (length !== 16) return undefined;
    let prepared = this.#byFirst.get(firstOf(buffer, start));
    for (; prepared !== undefined; prepared = prepared.next) {
      const { id } = prepared;
      let i = 4;
      while (i < 16 && id[i] === buffer[start + i]) i++;
      if (i < 16) continue;
      this.#uses += 1;
      prepared.used = this.#uses;
      return prepared;
    }
    return undefined;
  }

  /** @throws CqlFault of the planner. */
  prepare(planner: Planner, text: string, keyspace: string | undefined): Prepared {
    const id = preparedId(text, keyspace);
    const found = this.find(id, 0, id.length);
    if (found !== undefined) {
      found.prepareAgain(planner);
      return found;
    }
    const prepared = new Prepared(id, text, keyspace, planner.plan(text, keyspace), planner.schema);
    this.#uses += 1;
    prepared.used = this.#uses;
    const first = firstOf(id, 0);
    prepared.next = this.#byFirst.get(first);
    this.#byFirst.set(first, prepared);
    this.#count += 1;
    this.#textSize += text.length;
    if (this.#count > this.#countMax || this.#textSize > this.#textMax) this.#forget();
    return prepared;
  }

  all(): readonly Prepared[] {
    const all: Prepared[] = [];
    for (let each of this.#byFirst.values() as Iterable<Prepared | undefined>)
      for (; each !== undefined; each = each.next) all.push(each);
    return all;
  }
  /** The older half, so that it is seldom done. */
  #forget(): void {
    const all = [...this.all()].sort((a, b) => b.used - a.used);
    this.#byFirst.clear();
    this.#count = 0;
    this.#textSize = 0;
    for (const prepared of all) {
      const full =
        this.#count > 0 &&
        (this.#count + 1 > this.#countMax / 2 || this.#textSize + prepared.text.length > this.#textMax / 2);
      if (full) break;
      const first = firstOf(prepared.id, 0);
      prepared.next = this.#byFirst.get(first);
      this.#byFirst.set(first, prepared);
      this.#count += 1;
      this.#textSize += prepared.text.length;
    }
  }
}

const firstOf = (id: Uint8Array, at: number): number =>
  ((id[at] as number) << 24) | ((id[at + 1] as number) << 16) | ((id[at + 2] as number) << 8) | (id[at + 3] as number);

export const unprepared = (id: Uint8Array): CqlFault =>
  new CqlFault(
    { kind: 'unprepared', id },
    `Prepared query with ID ${toHex(id)} not found (either the query was not prepared on this host (maybe the host has ` +
      'been restarted?) or you have prepared too many queries and it has been evicted from the internal cache)',
  );

/** Columns in bytes, made once for each version. The engine gives the same object for the same plan. */
export class ColumnBytes {
  readonly #made = new WeakMap<readonly ResultColumn[], (EncodedColumns | undefined)[]>();

  of(columns: readonly ResultColumn[], version: ProtocolVersion): EncodedColumns {
    let made = this.#made.get(columns);
    if (made === undefined) {
      made = Array.from({ length: versions }, () => undefined);
      this.#made.set(columns, made);
    }
    const found = made[version];
    if (found !== undefined) return found;
    const encoded = encodeColumns(columns, version);
    if (encoded === undefined) throw new CqlFault({ kind: 'invalid' }, 'Cannot answer: its columns are too many');
    made[version] = encoded;
    return encoded;
  }
}
