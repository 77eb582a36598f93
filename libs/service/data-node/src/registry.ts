/** Uploads under way in this process: one for each user and place; a newer one takes over and fences the older. */
import { type BlobId, StatusError } from '@skerry/kernel';
import type { Place } from '@skerry/domain-file-tree';
import { placeKey } from './parts.ts';

export type Slot = {
  readonly place: Place;
  readonly user: string;
  /** Aborts with a StatusError: `fenced` or `shutting_down`. */
  readonly signal: AbortSignal;
  /** When it has left what it leaves: the stage is durable or gone. Idempotent. */
  release(): void;
};
type Held = { readonly slot: Slot; readonly abort: AbortController; readonly released: Promise<void> };

export class UploadRegistry {
  readonly #held = new Map<string, Held>();
  readonly #atPlace = new Map<string, number>();
  readonly #countMax: number;
  /** Blobs that are written but in no record yet: no orphans. */
  readonly blobs = new Set<BlobId>();
  #closing: StatusError | undefined;
  #count = 0;

  constructor(countMax: number) {
    this.#countMax = countMax;
  }
  get count(): number {
    return this.#count;
  }
  isUploading(user: string, place: { readonly directory: string; readonly name: string }): boolean {
    return this.#held.has(`${place.directory}/${place.name}\0${user}`);
  }
  /** Uploads of the place, by anyone. */
  countAt(place: Place): number {
    return this.#atPlace.get(placeKey(place)) ?? 0;
  }

  /**
   * Fences who was there and waits until it has left. @throws StatusError `overloaded`, `shutting_down`, or `fenced`
   * by a newer one.
   */
  async take(user: string, place: Place): Promise<Slot> {
    if (this.#closing !== undefined) throw this.#closing;
    if (this.#count >= this.#countMax)
      throw new StatusError('overloaded', `Cannot begin upload: ${this.#countMax} are under way; try again later`);
    const key = `${placeKey(place)}\0${user}`;
    const before = this.#held.get(key);
    const held = this.#hold(key, user, place);
    if (before !== undefined) {
      before.abort.abort(
        new StatusError('fenced', `Cannot go on with ${JSON.stringify(place.name)}: a newer upload of it took over`),
      );
      await before.released;
      if (held.slot.signal.aborted) {
        held.slot.release();
        throw held.slot.signal.reason;
      }
    }
    return held.slot;
  }

  #hold(key: string, user: string, place: Place): Held {
    const abort = new AbortController();
    let resolve = (): void => undefined;
    const released = new Promise<void>((done) => (resolve = done));
    let here = true;
    const release = (): void => {
      if (!here) return;
      here = false;
      if (this.#held.get(key) === held) this.#held.delete(key);
      this.#addAtPlace(placeKey(place), -1);
      this.#count -= 1;
      resolve();
    };
    const held: Held = { slot: { user, place, signal: abort.signal, release }, abort, released };
    this.#held.set(key, held);
    this.#addAtPlace(placeKey(place), 1);
    this.#count += 1;
    return held;
  }
  #addAtPlace(key: string, by: number): void {
    const count = (this.#atPlace.get(key) ?? 0) + by;
    if (count === 0) this.#atPlace.delete(key);
    else this.#atPlace.set(key, count);
  }

  /** Takes nothing new. */
  close(): void {
    this.#closing = new StatusError('shutting_down', 'Cannot begin upload: this node shuts down');
  }
  /** Cuts all; resolves when each has left its stage. */
  async cutAll(): Promise<void> {
    const all = [...this.#held.values()];
    for (const { abort } of all)
      abort.abort(new StatusError('shutting_down', 'Cannot go on with the upload: this node shuts down; resume it'));
    await Promise.all(all.map(({ released }) => released));
  }
}
