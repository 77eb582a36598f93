/**
 * Writes on their way into the wal, in order, never more than one group of them there: what the wal refuses, it refuses
 * whole, and nothing behind it has reached it.
 */
import { assert, StatusError, toStatusError } from '@skerry/kernel';
import { groupSizeMaxBytes, type Wal } from '@skerry/runtime-wal';
import { pendingSizeMaxBytes } from './types.ts';

/** What the wal adds to a record, at most: its own header, and padding. */
const recordOverheadBytes = 32;
/** Turns of microtasks in which those just answered may join the next group. */
const joinTurns = 4;

/** A write, or a part of one that is larger than a group. */
type Piece = {
  readonly records: readonly Uint8Array[];
  readonly position: number;
  readonly sizeBytes: number;
  /** Only of a write's last piece. */
  readonly end: { readonly resolve: () => void; readonly reject: (error: StatusError) => void } | undefined;
};
/** Where the first of the records will lie, and when all of them do. */
export type Queued = { readonly position: number; readonly durable: Promise<void> };

export class WalQueue {
  readonly #wal: Wal;
  #waiting: Piece[] = [];
  #nextPosition: number;
  #pendingBytes = 0;
  #pumping: Promise<void> | undefined;
  #failure: StatusError | undefined;

  readonly #onDurable: () => void;

  constructor(wal: Wal, onDurable: () => void) {
    this.#wal = wal;
    this.#onDurable = onDurable;
    this.#nextPosition = wal.lastPosition + 1;
  }
  get pendingBytes(): number {
    return this.#pendingBytes;
  }
  /** Why nothing more is taken, see `RaftLog`. */
  get failure(): StatusError | undefined {
    return this.#failure;
  }
  /** @throws StatusError {@link failure}. No records: waits for those before. */
  add(records: readonly Uint8Array[]): Queued {
    if (this.#failure !== undefined) throw this.#failure;
    let sizeBytes = records.length * recordOverheadBytes;
    for (const { length } of records) sizeBytes += length;
    if (this.#pendingBytes + sizeBytes > pendingSizeMaxBytes) throw this.#refuseTooMuch(sizeBytes);
    const position = this.#nextPosition;
    const durable = new Promise<void>((resolve, reject) => {
      const end = { resolve, reject };
      if (sizeBytes <= groupSizeMaxBytes) this.#push(records, sizeBytes, end);
      else
        for (const piece of split(records)) this.#push(piece.records, piece.sizeBytes, piece.isLast ? end : undefined);
    });
    this.#pumping ??= this.#pump();
    return { position, durable };
  }
  #push(records: readonly Uint8Array[], sizeBytes: number, end: Piece['end']): void {
    this.#waiting.push({ records, position: this.#nextPosition, sizeBytes, end });
    this.#nextPosition += records.length;
    this.#pendingBytes += sizeBytes;
  }
  #refuseTooMuch(sizeBytes: number): StatusError {
    this.#failure = new StatusError(
      'overloaded',
      `Cannot write ${sizeBytes} bytes to log: ${this.#pendingBytes} bytes wait for the disk, limit ${pendingSizeMaxBytes}`,
    );
    return this.#failure;
  }
  /** Ends what waits, and takes nothing more. */
  async close(): Promise<void> {
    this.#failure ??= new StatusError('shutting_down', 'Cannot write to log: it is closed');
    await this.#pumping;
  }

  async #pump(): Promise<void> {
    // Writes of the same turn join the first group.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      await this.#writeGroup(this.#takeGroup());
      for (let turn = 0; turn < joinTurns; turn++) await Promise.resolve();
    }
    this.#pumping = undefined;
  }
  #takeGroup(): readonly Piece[] {
    let sizeBytes = 0;
    let count = 0;
    for (const piece of this.#waiting) {
      if (count > 0 && sizeBytes + piece.sizeBytes > groupSizeMaxBytes) break;
      sizeBytes += piece.sizeBytes;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }
  async #writeGroup(group: readonly Piece[]): Promise<void> {
    const [first] = group;
    if (first === undefined) return;
    const records = group.length === 1 ? first.records : joined(group);
    try {
      if (records.length > 0) {
        const position = await this.#wal.appendAll(records);
        assert(position === first.position, 'somebody else writes to the wal');
      }
    } catch (thrown) {
      this.#refuse([...group, ...this.#waiting.splice(0)], toStatusError(thrown));
      return;
    }
    for (const { sizeBytes, end } of group) {
      this.#pendingBytes -= sizeBytes;
      end?.resolve();
    }
    this.#onDurable();
  }
  #refuse(pieces: readonly Piece[], error: StatusError): void {
    this.#failure = error;
    this.#pendingBytes = 0;
    for (const { end } of pieces) end?.reject(error);
  }
}

function joined(group: readonly Piece[]): readonly Uint8Array[] {
  const records: Uint8Array[] = [];
  for (const piece of group) for (const record of piece.records) records.push(record);
  return records;
}

type Part = { readonly records: readonly Uint8Array[]; readonly sizeBytes: number; readonly isLast: boolean };
/** Into what fits into a group each. */
function split(records: readonly Uint8Array[]): readonly Part[] {
  const parts: Part[] = [];
  let start = 0;
  let sizeBytes = 0;
  for (const [i, { length }] of records.entries()) {
    if (i > start && sizeBytes + length + recordOverheadBytes > groupSizeMaxBytes) {
      parts.push({ records: records.slice(start, i), sizeBytes, isLast: false });
      start = i;
      sizeBytes = 0;
    }
    sizeBytes += length + recordOverheadBytes;
  }
  return [...parts, { records: records.slice(start), sizeBytes, isLast: true }];
}
