/** Many small appends become one piece, behind the clients' backs: same bytes, same version. */
import { BlobId, BoundedQueue, concatBytes, randomId } from '@skerry/kernel';
import {
  compactableFrom,
  compactAboveExtentCount,
  entryAt,
  type Extent,
  inlineSizeMaxBytes,
  lengthOf,
  type Place,
  type PutTail,
} from '@skerry/domain-file-tree';
import { compactionQueueMax, extentCountToWait } from './limits.ts';
import { type Parts, placeKey, propose } from './parts.ts';
import { pinAll, readContent } from './reads.ts';
import type { UploadRegistry } from './registry.ts';

export class Compactor {
  readonly #parts: Parts;
  readonly #registry: UploadRegistry;
  readonly #queue = new BoundedQueue<Place>(compactionQueueMax);
  /** One at a time: it must not take the disk from the clients. */
  readonly #running = new Map<string, Promise<void>>();
  #worker: Promise<void> | undefined;
  #closed = false;

  constructor(parts: Parts, registry: UploadRegistry) {
    this.#parts = parts;
    this.#registry = registry;
  }

  /** After a commit: takes note of the place when its version has become ragged. */
  consider(place: Place): void {
    const count = entryAt(this.#parts.replica.state, place)?.extents.length ?? 0;
    if (this.#closed || count <= compactAboveExtentCount || !this.#queue.offer(place)) return;
    this.#worker ??= this.#work();
  }
  async #work(): Promise<void> {
    for (let place = this.#queue.poll(); place !== undefined && !this.#closed; place = this.#queue.poll())
      await this.#compact(place, 0);
    // In the same turn as the last look into the queue: what comes next begins anew.
    this.#worker = undefined;
  }

  /**
   * Before an upload looks at the place: no piece that it shares may go. A version near the limit is compacted first.
   */
  async settle(place: Place): Promise<void> {
    for (
      let running = this.#running.get(placeKey(place));
      running !== undefined;
      running = this.#running.get(placeKey(place))
    )
      await running;
    if ((entryAt(this.#parts.replica.state, place)?.extents.length ?? 0) >= extentCountToWait)
      await this.#compact(place, 1);
  }

  async #compact(place: Place, uploadsMax: number): Promise<void> {
    const key = placeKey(place);
    if (this.#running.has(key)) return;
    const run = this.#replace(place, uploadsMax).catch((error: unknown) =>
      this.#parts.telemetry.emit({ event: 'compaction_failed', level: 'warn', name: place.name, error }),
    );
    this.#running.set(key, run);
    await run;
    this.#running.delete(key);
  }

  /** @param uploadsMax uploads of the place that may be there: those that have not looked at its pieces yet. */
  async #replace(place: Place, uploadsMax: number): Promise<void> {
    const entry = entryAt(this.#parts.replica.state, place);
    if (entry === undefined || entry.kind !== 'file') return;
    const first = compactableFrom(entry.extents);
    const replaced = entry.extents.slice(first);
    if (replaced.length < 2) return;
    const release = pinAll(this.#parts, replaced);
    const blob = BlobId(randomId(this.#parts.world.random));
    this.#registry.blobs.add(blob);
    try {
      const tail = await this.#copy(blob, replaced);
      let replacedThem = false;
      try {
        // An upload that began meanwhile shares the pieces; the next append leads here again.
        if (this.#registry.countAt(place) > uploadsMax) return;
        await propose(this.#parts, { kind: 'compact', place, version: entry.version, first, replaced, tail });
        replacedThem = true;
      } finally {
        if (!replacedThem && tail.kind === 'blob') await propose(this.#parts, { kind: 'forget', blobs: [blob] });
      }
    } finally {
      this.#registry.blobs.delete(blob);
      release();
    }
  }

  async #copy(blob: BlobId, extents: readonly Extent[]): Promise<PutTail> {
    const length = lengthOf(extents);
    if (length <= inlineSizeMaxBytes) {
      const content: Uint8Array[] = [];
      for await (const bytes of readContent(this.#parts, extents)) content.push(bytes);
      return { kind: 'inline', blob, bytes: concatBytes(content) };
    }
    const writer = await this.#parts.blobs.create(blob);
    try {
      for await (const bytes of readContent(this.#parts, extents)) await writer.write(bytes);
      await writer.publish();
    } catch (thrown) {
      await writer.discard();
      throw thrown;
    }
    return { kind: 'blob', blob, length };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#queue.clear();
    await Promise.all([this.#worker, ...this.#running.values()]);
  }
}
