/** The rows of one owner, as one holder has them: a state of the owner's at some sequence number, and its news since. */
import { ownedSizeMaxBytes, rowSizeBytes, withdrawnMax } from './limits.ts';
import type { Delta, Owner, Row, ToldRow, Version } from './types.ts';

/** `atMs`: since when it is so, by our clock. */
type Held = { readonly value: Uint8Array | undefined; readonly sequence: number; readonly atMs: number };
export type Change = { readonly key: string; readonly value: Uint8Array | undefined };

export class Holding {
  readonly owner: Owner;
  /** In order of their sequence numbers; the withdrawn among them. */
  #rows = new Map<string, Held>();
  #sizeBytes = 0;
  #withdrawnCount = 0;
  #sequence = 0;
  /** Of what was withdrawn up to here not all is remembered: whoever knows less needs all rows. */
  #forgottenUpTo = 0;
  #beat: number;
  #heardMs: number;
  /** It is not there any more; what is remembered is only that. */
  gone = false;

  constructor(owner: Owner, { beat, quietMs }: Pick<Version, 'beat' | 'quietMs'>, nowMs: number) {
    this.owner = owner;
    this.#beat = beat;
    this.#heardMs = nowMs - quietMs;
  }
  get beat(): number {
    return this.#beat;
  }
  get sequence(): number {
    return this.#sequence;
  }
  /** Without the withdrawn. */
  get count(): number {
    return this.#rows.size - this.#withdrawnCount;
  }
  quietMs(nowMs: number): number {
    return Math.max(0, nowMs - this.#heardMs);
  }
  version(nowMs: number): Version {
    return { ...this.owner, sequence: this.#sequence, beat: this.#beat, quietMs: this.quietMs(nowMs) };
  }
  /** Returns whether this was news. */
  heard({ beat, quietMs }: Pick<Version, 'beat' | 'quietMs'>, nowMs: number): boolean {
    if (beat <= this.#beat) return false;
    this.#beat = beat;
    this.#heardMs = nowMs - quietMs;
    return true;
  }

  find(key: string, nowMs: number): Row | undefined {
    const held = this.#rows.get(key);
    return held?.value === undefined ? undefined : this.#row(key, held.value, held.atMs, nowMs);
  }
  *rows(nowMs: number): Generator<Row> {
    for (const [key, { value, atMs }] of this.#rows) if (value !== undefined) yield this.#row(key, value, atMs, nowMs);
  }
  #row(key: string, value: Uint8Array, atMs: number, nowMs: number): Row {
    return { ...this.owner, key, value, ageMs: Math.max(0, nowMs - atMs) };
  }

  /** The owner's own change. @returns keys of rows that gave way. */
  change(key: string, value: Uint8Array | undefined, nowMs: number): readonly string[] {
    this.#put(key, { value, sequence: this.#sequence + 1, atMs: nowMs });
    const dropped = this.#surplus();
    for (const oldest of dropped) this.#put(oldest, { value: undefined, sequence: this.#sequence + 1, atMs: nowMs });
    this.#forgetWithdrawn();
    return dropped;
  }
  /** Keys of the oldest rows, which the others have room without. */
  #surplus(): readonly string[] {
    let surplusBytes = this.#sizeBytes - ownedSizeMaxBytes;
    const keys: string[] = [];
    for (const [key, { value }] of this.#rows) {
      if (surplusBytes <= 0) break;
      if (value === undefined) continue;
      surplusBytes -= rowSizeBytes(key, value);
      keys.push(key);
    }
    return keys;
  }

  /** What a holder lacks that knows changes up to `sequence`. Undefined: nothing. */
  delta(sequence: number, nowMs: number): Delta | undefined {
    if (sequence >= this.#sequence) return undefined;
    const from = sequence >= this.#forgottenUpTo ? sequence : 0;
    const rows: ToldRow[] = [];
    for (const [key, held] of this.#rows)
      if (held.sequence > from && (from > 0 || held.value !== undefined))
        rows.push({ key, value: held.value, sequence: held.sequence, ageMs: Math.max(0, nowMs - held.atMs) });
    return { ...this.version(nowMs), from, rows };
  }

  /**
   * A delta that is old, or that follows on what is not known here, changes nothing: so in any order, and however often,
   * they give the owner's state at the highest number that was reached.
   */
  merge(delta: Delta, nowMs: number): readonly Change[] {
    const { from, sequence } = delta;
    if (sequence <= this.#sequence || from > this.#sequence) return [];
    const changes = from === 0 ? this.#replace(delta, nowMs) : this.#follow(delta, nowMs);
    // An owner keeps the bound itself; one of another version may have another.
    for (const key of this.#surplus()) this.#remove(key);
    return changes;
  }
  #follow({ rows, sequence }: Delta, nowMs: number): readonly Change[] {
    const fresh = rows.filter((row) => row.sequence > this.#sequence);
    for (const row of fresh) this.#put(row.key, { ...row, atMs: nowMs - row.ageMs });
    this.#sequence = sequence;
    this.#forgetWithdrawn();
    return fresh;
  }
  #replace({ rows, sequence }: Delta, nowMs: number): readonly Change[] {
    const before = this.#rows;
    this.clear();
    for (const row of rows) this.#put(row.key, { ...row, atMs: nowMs - row.ageMs });
    this.#sequence = sequence;
    this.#forgottenUpTo = sequence;
    const fresh = rows.filter(({ key, sequence: number }) => before.get(key)?.sequence !== number);
    const lost = [...before].filter(([key, { value }]) => value !== undefined && !this.#rows.has(key));
    return [...fresh, ...lost.map(([key]) => ({ key, value: undefined }))];
  }

  /** Nothing is known any more. */
  clear(): void {
    this.#rows = new Map();
    this.#sizeBytes = 0;
    this.#withdrawnCount = 0;
    this.#sequence = 0;
    this.#forgottenUpTo = 0;
  }

  #put(key: string, held: Held): void {
    this.#remove(key);
    // To the end: its number is the highest.
    this.#rows.set(key, held);
    this.#sequence = Math.max(this.#sequence, held.sequence);
    if (held.value === undefined) this.#withdrawnCount += 1;
    else this.#sizeBytes += rowSizeBytes(key, held.value);
  }
  #remove(key: string): void {
    const before = this.#rows.get(key);
    if (before === undefined) return;
    this.#rows.delete(key);
    if (before.value === undefined) this.#withdrawnCount -= 1;
    else this.#sizeBytes -= rowSizeBytes(key, before.value);
  }
  /** Half of them at once: each time all rows are looked through. */
  #forgetWithdrawn(): void {
    if (this.#withdrawnCount <= withdrawnMax) return;
    for (const [key, { value, sequence }] of this.#rows) {
      if (this.#withdrawnCount <= withdrawnMax / 2) return;
      if (value !== undefined) continue;
      this.#remove(key);
      this.#forgottenUpTo = sequence;
    }
  }
}
