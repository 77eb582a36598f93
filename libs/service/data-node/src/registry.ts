/**
 * Uploads under way in this process. One for each user and place may be resumed: its *holder*. One that begins anew while
 * the holder is at work is a *guest*; one that goes on from what is there takes over and fences the holder.
 */
import { type BlobId, StatusError } from '@skerry/kernel';
import type { Place } from '@skerry/domain-file-tree';
import { placeKey } from './parts.ts';

export type Slot = {
  readonly place: Place;
  readonly user: string;
  /** It has no stage, and nothing of it can be resumed. */
  readonly guest: boolean;
  /** Another upload of the user to the place ran beside it: what a cut leaves of it must not be resumed. */
  readonly superseded: boolean;
  /** It shall end: `fenced` or `shutting_down`. */
  readonly cut: StatusError | undefined;
  /** What `waiting` gives, or fails with {@link Slot.cut} when that comes first. One at a time. */
  unlessCut<T>(waiting: Promise<T>): Promise<T>;
  /** Its stage is in the log, or on the way there. */
  markStaged(): void;
  /** It takes nothing more: who comes now waits until it has left, and does not run beside it. */
  markLeaving(): void;
  /** Bytes that it has on disk and in no stage. */
  noteUnstaged(bytes: number): void;
  /** When it has left what it leaves: the stage is durable or gone. Idempotent. */
  release(): void;
};

/** One upload, as the registry knows it. */
class Held implements Slot {
  readonly place: Place;
  readonly user: string;
  readonly guest: boolean;
  readonly released: Promise<void>;
  cut: StatusError | undefined;
  // An AbortController and its listeners would cost as much as a small upload's own work here.
  #rejectWaiting: ((cut: StatusError) => void) | undefined;
  superseded = false;
  /** Its stage went into the log before it was superseded, so that the log does not know. */
  unmarked = false;
  leaving = false;
  unstagedBytes = 0;
  /** Resolves when the log knows that its stage is superseded. */
  superseding: Promise<void> | undefined;
  readonly #leave: (held: Held) => void;
  #markReleased: () => void = () => undefined;
  #here = true;

  constructor(user: string, place: Place, guest: boolean, leave: (held: Held) => void) {
    this.user = user;
    this.place = place;
    this.guest = guest;
    this.#leave = leave;
    this.released = new Promise((resolve) => (this.#markReleased = resolve));
  }
  end(cut: StatusError): void {
    this.cut ??= cut;
    this.#rejectWaiting?.(this.cut);
  }
  unlessCut<T>(waiting: Promise<T>): Promise<T> {
    if (this.cut !== undefined) {
      // Nobody hears of its own failure any more.
      waiting.catch(() => undefined);
      return Promise.reject(this.cut);
    }
    return new Promise((resolve, reject) => {
      this.#rejectWaiting = reject;
      waiting.then(resolve, reject);
    });
  }
  markStaged(): void {
    this.unmarked = !this.superseded;
  }
  markLeaving(): void {
    this.leaving = true;
  }
  noteUnstaged(bytes: number): void {
    this.unstagedBytes = bytes;
  }
  release(): void {
    if (!this.#here) return;
    this.#here = false;
    this.#leave(this);
    this.#markReleased();
  }
}

/** Writes into the log that the stage of user and place is superseded. */
export type Supersede = (user: string, place: Place) => Promise<void>;

export class UploadRegistry {
  readonly #holders = new Map<string, Held>();
  readonly #guests = new Map<string, Set<Held>>();
  readonly #atPlace = new Map<string, number>();
  readonly #countMax: number;
  readonly #supersede: Supersede;
  /** Blobs that are written but in no record yet: no orphans. */
  readonly blobs = new Set<BlobId>();
  #closing: StatusError | undefined;
  #count = 0;

  constructor(countMax: number, supersede: Supersede) {
    this.#countMax = countMax;
    this.#supersede = supersede;
  }
  get count(): number {
    return this.#count;
  }
  /** Somebody writes to the stage of user and place. */
  isUploading(user: string, place: { readonly directory: string; readonly name: string }): boolean {
    return this.#holders.has(`${place.directory}/${place.name}\0${user}`);
  }
  /** Uploads of the place, by anyone. */
  countAt(place: Place): number {
    return this.#atPlace.get(placeKey(place)) ?? 0;
  }
  /** What the user's guests have on disk, which no stage accounts for. */
  unstagedOf(user: string): { readonly stages: number; readonly stagedBytes: number } {
    let [stages, stagedBytes] = [0, 0];
    for (const guests of this.#guests.values())
      for (const guest of guests)
        if (guest.user === user) {
          stages += 1;
          stagedBytes += guest.unstagedBytes;
        }
    return { stages, stagedBytes };
  }

  /**
   * `anew`: from byte 0, whatever is there; it becomes a guest where a holder is at work. Else the holder is fenced, and
   * waited for. @throws StatusError `overloaded`, `shutting_down`, `fenced` by a newer one, or of the log.
   */
  async take(user: string, place: Place, anew: boolean): Promise<Slot> {
    const key = `${placeKey(place)}\0${user}`;
    let before = this.#holders.get(key);
    for (; before?.leaving === true; before = this.#holders.get(key)) await before.released;
    if (this.#closing !== undefined) throw this.#closing;
    if (this.#count >= this.#countMax)
      throw new StatusError('overloaded', `Cannot begin upload: ${this.#countMax} are under way; try again later`);
    return before !== undefined && anew
      ? this.#enterAsGuest(key, before)
      : this.#enterAsHolder(key, user, place, before);
  }

  async #enterAsGuest(key: string, holder: Held): Promise<Slot> {
    const guest = new Held(holder.user, holder.place, true, (held) => {
      const guests = this.#guests.get(key);
      guests?.delete(held);
      if (guests?.size === 0) this.#guests.delete(key);
      this.#add(held.place, -1);
    });
    this.#guests.set(key, (this.#guests.get(key) ?? new Set()).add(guest));
    this.#add(holder.place, 1);
    try {
      await this.#supersedeOnce(holder);
    } catch (thrown) {
      guest.release();
      throw thrown;
    }
    return guest;
  }
  /** A stage that comes into the log later carries the mark itself. */
  async #supersedeOnce(holder: Held): Promise<void> {
    holder.superseded = true;
    if (!holder.unmarked) return;
    holder.superseding ??= this.#supersede(holder.user, holder.place);
    try {
      await holder.superseding;
    } catch (thrown) {
      holder.superseding = undefined;
      throw thrown;
    }
  }

  async #enterAsHolder(key: string, user: string, place: Place, before: Held | undefined): Promise<Slot> {
    const holder = new Held(user, place, false, (held) => {
      if (this.#holders.get(key) === held) this.#holders.delete(key);
      this.#add(place, -1);
    });
    holder.superseded = this.#guests.has(key);
    this.#holders.set(key, holder);
    this.#add(place, 1);
    if (before === undefined) return holder;
    before.end(
      new StatusError('fenced', `Cannot go on with ${JSON.stringify(place.name)}: a newer upload of it took over`),
    );
    await before.released;
    if (holder.cut === undefined) return holder;
    holder.release();
    throw holder.cut;
  }
  #add(place: Place, by: number): void {
    const key = placeKey(place);
    const count = (this.#atPlace.get(key) ?? 0) + by;
    if (count === 0) this.#atPlace.delete(key);
    else this.#atPlace.set(key, count);
    this.#count += by;
  }

  /** Takes nothing new. */
  close(): void {
    this.#closing = new StatusError('shutting_down', 'Cannot begin upload: this node shuts down');
  }
  /** Cuts all; resolves when each has left its stage. */
  async cutAll(): Promise<void> {
    const all = [...this.#holders.values(), ...[...this.#guests.values()].flatMap((guests) => [...guests])];
    for (const each of all)
      each.end(new StatusError('shutting_down', 'Cannot go on with the upload: this node shuts down; resume it'));
    await Promise.all(all.map(({ released }) => released));
  }
}
