/**
 * One upload, from its first byte to its version or its stage.
 *
 * Small content stays in memory and travels in the record that publishes it. What passes 64 KiB goes to a blob on disk,
 * and the log knows its stage, so that a crash leaves something to resume.
 */
import { assert, BlobId, concatBytes, emptyBytes, present, randomId, StatusError, toStatusError } from '@skerry/kernel';
import {
  EntryId,
  type Extent,
  inlineSizeMaxBytes,
  isReferenced,
  joinExtents,
  lengthOf,
  type NamedHead,
  type Put,
  type PutTail,
  stagedFault,
  usageOf,
} from '@skerry/domain-file-tree';
import type { BlobWriter } from '@skerry/runtime-blobs';
import { giveBack, type Timer } from '@skerry/runtime-world';
import { fileMode } from './changes.ts';
import { extendIntervalMs, extendStepBytes } from './limits.ts';
import { type Parts, propose } from './parts.ts';
import type { Plan } from './plan.ts';
import type { Slot, UploadRegistry } from './registry.ts';
import { StageRecords } from './stage-records.ts';
import type { Ticket } from './tickets.ts';

/** Failures after which what was sent is of no use: the client must begin anew. Others leave a stage to resume. */
const hopeless: ReadonlySet<string> = new Set([
  'quota',
  'disk_full',
  'version_conflict',
  'blob_dead',
  'entry_exists',
  'no_such_entry',
  'not_a_directory',
  'is_a_directory',
  'too_large',
  'offset_past_end',
]);

/** `token` of its stage; undefined: a guest's, which has none. */
type Disk = { readonly blob: BlobId; readonly writer: BlobWriter; readonly token: Promise<number | undefined> };

/** What lives on in the log's memory must not hold the whole block that it was read into. */
function kept(bytes: Uint8Array): Uint8Array {
  if (bytes.buffer.byteLength <= 2 * bytes.length) return bytes;
  const copy = new Uint8Array(bytes);
  giveBack(bytes);
  return copy;
}

export class Upload {
  readonly #parts: Parts;
  readonly #registry: UploadRegistry;
  readonly #slot: Slot;
  readonly #ticket: Ticket;
  readonly #plan: Plan;
  readonly #records: StageRecords;
  #prefix: readonly Extent[];
  /** Token of the stage that a new blob takes over; 0: none. */
  #from = 0;
  #small: Uint8Array[] = [];
  #smallLength = 0;
  #disk: Disk | undefined;
  /** Length of the blob as the log knows it. */
  #loggedLength = 0;
  #stepping: Promise<void> | undefined;
  /** When the log was told last, and the timer for the next time. */
  #steppedMs = Number.NEGATIVE_INFINITY;
  #stepLater: Timer | undefined;
  #failure: StatusError | undefined;
  #blobPublished = false;
  /** The log may have taken the commit, also when it did not say so. */
  #proposed = false;
  #state: 'receiving' | 'staged' | 'published' | 'left' = 'receiving';

  private constructor(parts: Parts, registry: UploadRegistry, slot: Slot, ticket: Ticket, plan: Plan) {
    this.#parts = parts;
    this.#registry = registry;
    this.#slot = slot;
    this.#ticket = ticket;
    this.#plan = plan;
    this.#prefix = plan.prefix;
    this.#records = new StageRecords(parts, slot, ticket);
  }

  /** Drops or takes over the stage that is there. @throws StatusError of the log or the disk. */
  static async begin(parts: Parts, registry: UploadRegistry, slot: Slot, ticket: Ticket, plan: Plan): Promise<Upload> {
    const upload = new Upload(parts, registry, slot, ticket, plan);
    // The stage that a guest finds is the holder's.
    if (slot.guest) return upload;
    // Gone meanwhile is as good: what a leader before this one, or a crash, left in the log may have dropped it.
    if (plan.dropped !== undefined) await upload.#records.dropIfThere(plan.dropped);
    if (plan.resumed !== undefined) await upload.#resume(plan.resumed);
    return upload;
  }

  get offset(): number {
    return this.#plan.offset;
  }
  /** Of the whole file as far as it was received, in bytes. */
  get length(): number {
    return lengthOf(this.#prefix) + (this.#disk?.writer.length ?? this.#smallLength);
  }

  // The log first, then the disk: a crash between them leaves a file that is longer than the log says, never a
  // shorter one.
  async #resume({ blob, blobLength, token: from }: NonNullable<Plan['resumed']>): Promise<void> {
    // The log knew the stage before the disk had its file, which a crash may have lost: a new blob takes over.
    if (blobLength === 0) {
      this.#from = from;
      return this.#records.adopt();
    }
    const token = await this.#records.open({ blob, blobLength, from, prefix: this.#prefix, cut: false });
    try {
      const writer = await this.#parts.blobs.resume(blob, blobLength);
      this.#disk = { blob, writer, token: Promise.resolve(token) };
      this.#loggedLength = blobLength;
    } catch (thrown) {
      // The blob was published before the cut, so it grows no more: its bytes are shared instead.
      if (toStatusError(thrown).reason !== 'no_such_entry') throw thrown;
      await this.#checkReadable(blob, blobLength);
      this.#prefix = joinExtents([...this.#prefix, { blob, offset: 0, length: blobLength }]);
      this.#from = token;
    }
  }
  async #checkReadable(blob: BlobId, length: number): Promise<void> {
    if (length === 0) return;
    for await (const _ of this.#parts.blobs.read(blob, { offset: length - 1, length: 1 })) return;
  }

  /**
   * Resolves when more may come. The bytes must not change afterwards. @throws StatusError `quota`, `disk_full`,
   * `fenced`, …
   */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#state !== 'receiving')
      throw new StatusError('malformed', 'Cannot take chunk: the upload was finished before');
    if (this.#failure !== undefined) throw this.#failure;
    const length = this.length + bytes.length;
    if (length > this.#plan.lengthMax)
      throw new StatusError(
        'quota',
        `Cannot store ${length} bytes: the quota of ${JSON.stringify(this.#slot.user)} leaves ${this.#plan.lengthMax}`,
      );
    if (this.#disk === undefined && this.#smallLength + bytes.length <= inlineSizeMaxBytes) {
      this.#small.push(kept(bytes));
      this.#smallLength += bytes.length;
      return;
    }
    const { writer } = this.#disk ?? (await this.#spill(false));
    await writer.write(bytes);
    if (this.#slot.guest) this.#accountForGuest(writer.length);
    else this.#step();
  }
  /** No record does it: what a user's guests have on disk counts as if it were staged. */
  #accountForGuest(length: number): void {
    const { user } = this.#slot;
    this.#slot.noteUnstaged(length);
    const usage = usageOf(this.#parts.replica.state, user);
    const fault = stagedFault(usage, user, this.#records.quota, this.#registry.unstagedOf(user));
    if (fault !== undefined) throw fault;
  }

  /** From memory to disk. The stage is logged beside the writing: no byte waits for it. */
  async #spill(cut: boolean): Promise<Disk> {
    const blob = BlobId(randomId(this.#parts.world.random));
    this.#registry.blobs.add(blob);
    let writer: BlobWriter;
    try {
      writer = await this.#fill(await this.#parts.blobs.create(blob), cut);
    } catch (thrown) {
      this.#registry.blobs.delete(blob);
      throw thrown;
    }
    this.#loggedLength = cut ? writer.durableLength : 0;
    const token = this.#slot.guest
      ? Promise.resolve(undefined)
      : this.#records.open({ blob, blobLength: this.#loggedLength, from: this.#from, prefix: this.#prefix, cut });
    this.#disk = { blob, writer, token };
    token.catch((thrown: unknown) => (this.#failure ??= toStatusError(thrown)));
    return this.#disk;
  }

  /** With what is in memory; a writer that cannot take it is discarded. */
  async #fill(writer: BlobWriter, cut: boolean): Promise<BlobWriter> {
    const content = this.#small;
    this.#small = [];
    this.#smallLength = 0;
    try {
      for (const bytes of content) await writer.write(bytes);
      if (cut) await writer.sync();
    } catch (thrown) {
      await writer.discard();
      throw thrown;
    }
    return writer;
  }

  /** Now and then the log learns how far the disk is, beside the writing. */
  #step(): void {
    const disk = this.#disk;
    if (disk === undefined || this.#stepping !== undefined || this.#stepLater !== undefined) return;
    if (this.#state !== 'receiving' || disk.writer.length - this.#loggedLength < extendStepBytes) return;
    const { clock } = this.#parts.world;
    const waitMs = this.#steppedMs + extendIntervalMs - clock.monotonicMs();
    if (waitMs > 0) {
      this.#stepLater = clock.setTimer(waitMs, () => {
        this.#stepLater = undefined;
        this.#step();
      });
      return;
    }
    this.#steppedMs = clock.monotonicMs();
    this.#stepping = this.#extend(disk, false)
      .catch((thrown: unknown) => {
        this.#failure ??= toStatusError(thrown);
      })
      .finally(() => (this.#stepping = undefined));
  }
  async #extend({ writer, token }: Disk, cut: boolean): Promise<void> {
    const blobLength = await writer.sync();
    await this.#records.extend(present(await token, 'token'), blobLength, cut);
    this.#loggedLength = blobLength;
  }

  /**
   * All bytes came: resolves with the file's length when they are durable, or small enough to be so with the record.
   */
  async finish(): Promise<number> {
    if (this.#state !== 'receiving') throw new StatusError('malformed', 'Cannot finish upload: it was finished before');
    const { announcedLength } = this.#ticket;
    const sent = this.length - this.#plan.offset;
    // ALLO before REST: some clients announce the file, some what is left of it.
    if (announcedLength !== undefined && announcedLength !== this.length && announcedLength !== sent)
      throw new StatusError(
        'cancelled',
        `Cannot publish upload: ${announcedLength} bytes were announced, ${this.length} came`,
      );
    if (this.#disk !== undefined) {
      this.#stepLater?.cancel();
      await this.#stepping;
      await Promise.all([this.#disk.writer.sync(), this.#disk.token]);
    }
    if (this.#failure !== undefined) throw this.#failure;
    this.#state = 'staged';
    return this.length;
  }

  /** The name appears, whole. @throws StatusError: `fenced`, `quota`, `version_conflict`, … */
  async commit(): Promise<NamedHead> {
    if (this.#state !== 'staged') throw new StatusError('malformed', 'Cannot commit upload: it is not finished');
    const disk = this.#disk;
    if (disk !== undefined) {
      await disk.writer.publish();
      this.#blobPublished = true;
    }
    const put = await this.#put(disk);
    this.#proposed = true;
    const done = await propose(this.#parts, put, this.#ticket.operationId);
    this.#state = 'published';
    this.#slot.markLeaving();
    assert(done.entry !== undefined, 'put gives an entry');
    return done.entry;
  }
  async #put(disk: Disk | undefined): Promise<Put> {
    const { place, user } = this.#slot;
    const ticket = this.#ticket;
    const random = this.#parts.world.random;
    return {
      kind: 'put',
      place,
      user,
      group: ticket.group,
      mode: fileMode,
      fileId: EntryId(randomId(random)),
      condition: this.#plan.condition,
      quota: this.#records.quota,
      prefix: this.#prefix,
      tail: disk === undefined ? this.#inlineTail() : { kind: 'blob', blob: disk.blob, length: disk.writer.length },
      token: disk === undefined ? this.#from || undefined : await disk.token,
    };
  }
  #inlineTail(): PutTail {
    if (this.#smallLength === 0) return { kind: 'none' };
    const bytes = this.#small.length === 1 ? (this.#small[0] ?? emptyBytes) : concatBytes(this.#small);
    return { kind: 'inline', blob: BlobId(randomId(this.#parts.world.random)), bytes };
  }

  /**
   * The end, whatever it was: after a commit nothing is left to do; else what came is kept as a stage, or dropped when
   * nothing can be made of it. Never throws: what cannot be kept is reported.
   */
  async leave(thrown: unknown): Promise<void> {
    const state = this.#state;
    if (state === 'left') return;
    this.#state = 'left';
    this.#stepLater?.cancel();
    this.#slot.markLeaving();
    this.#parts.metrics.received.add(Math.max(0, this.length - this.#plan.offset));
    const reason = thrown === undefined ? undefined : toStatusError(thrown).reason;
    try {
      await this.#stepping;
      if (state === 'published') return;
      if (reason !== undefined && hopeless.has(reason)) await this.#drop();
      else if (this.#slot.guest || this.#slot.superseded) await this.#leaveNothing(reason);
      else await this.#keep(reason);
    } catch (error) {
      const { path } = this.#ticket;
      this.#parts.telemetry.emit({ event: 'stage_lost', level: 'warn', path, user: this.#slot.user, reason, error });
    } finally {
      if (this.#disk !== undefined) this.#registry.blobs.delete(this.#disk.blob);
      this.#slot.release();
    }
  }

  /** Fenced in the log, not by a newer upload here: the stage was dropped (DELE), or is another node's. */
  #lostStage(reason: string | undefined): boolean {
    return reason === 'fenced' && this.#slot.cut === undefined;
  }
  async #leaveNothing(reason: string | undefined): Promise<void> {
    if (this.#lostStage(reason)) return this.#disk === undefined ? undefined : this.#giveUp(this.#disk);
    // The name may stand for the blob: the next start sees, and drops what nothing refers to.
    if (this.#proposed) return;
    await this.#drop();
  }
  async #keep(reason: string | undefined): Promise<void> {
    if (this.#disk !== undefined) {
      if (this.#lostStage(reason)) return this.#giveUp(this.#disk);
      if (!this.#blobPublished) await this.#disk.writer.suspend();
      await this.#extendCut(this.#disk);
      return;
    }
    if (this.#smallLength === 0) return;
    const { writer, token } = await this.#spill(true);
    await writer.suspend();
    await token;
  }
  async #giveUp({ blob, writer }: Disk): Promise<void> {
    if (isReferenced(this.#parts.replica.state, blob)) await writer.suspend();
    else await writer.discard();
  }
  async #extendCut({ writer, token }: Disk): Promise<void> {
    await this.#records.extend(present(await token, 'token'), writer.durableLength, true);
  }

  async #drop(): Promise<void> {
    const disk = this.#disk;
    if (disk === undefined) return this.#from === 0 ? undefined : this.#records.dropIfThere(this.#from);
    // The log first: a stage must not name a blob that is gone.
    const token = await disk.token.catch(() => undefined);
    try {
      if (token !== undefined) await this.#records.dropIfThere(token);
    } catch (thrown) {
      // The log may name the stage still. Its writer ends all the same, and with it what feeds others.
      await disk.writer.suspend();
      throw thrown;
    }
    await disk.writer.discard();
  }
}
