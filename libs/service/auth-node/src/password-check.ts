/**
 * Is this the user's password? The slow hash once, then from memory for a while: an FTP client opens a session for
 * each file or each of ten parallel transfers, and the hash is made to cost 80 ms.
 */
import { createHmac } from 'node:crypto';
import { decoyHash, verifyPassword } from '@skerry/runtime-security';
import type { WorkerPool } from '@skerry/runtime-workers';
import type { World } from '@skerry/runtime-world';

/** How long a password found right is remembered, in ms: what a memory dump could reveal stays little. */
export const rememberedForMs = 5 * 60_000;
/** Users whose password is remembered; the oldest is forgotten for the newest. Some 200 bytes each. */
export const rememberedMax = 2_000;
type Remembered = { readonly digest: string; readonly untilMs: number };

export class PasswordCheck {
  readonly #world: World;
  readonly #workers: WorkerPool;
  /** Of this process only: digests are worth nothing without it. */
  readonly #key: Uint8Array;
  readonly #right = new Map<string, Remembered>();
  /** Bounded by the worker pool's own queue, which says `overloaded`. */
  readonly #underWay = new Map<string, Promise<boolean>>();

  constructor(world: World, workers: WorkerPool) {
    this.#world = world;
    this.#workers = workers;
    this.#key = world.random(32);
  }

  /**
   * `hash` undefined or empty: no such user; takes as long as a real check, and says no. @throws StatusError
   * `overloaded`.
   */
  async matches(password: string, hash: string | undefined): Promise<boolean> {
    if (hash === undefined || hash === '') {
      await verifyPassword(this.#workers, password, decoyHash);
      return false;
    }
    const digest = this.#digest(password, hash);
    const remembered = this.#right.get(hash);
    if (remembered?.digest === digest && this.#world.clock.monotonicMs() < remembered.untilMs) return true;
    const running = this.#underWay.get(digest);
    if (running !== undefined) return running;
    const check = verifyPassword(this.#workers, password, hash);
    this.#underWay.set(digest, check);
    try {
      const right = await check;
      if (right) this.#remember(hash, digest);
      return right;
    } finally {
      this.#underWay.delete(digest);
    }
  }

  #digest(password: string, hash: string): string {
    return createHmac('sha256', this.#key).update(hash).update('\0').update(password).digest('base64');
  }
  // By hash, not by user: a new password has another hash, so nothing need be forgotten.
  #remember(hash: string, digest: string): void {
    this.#right.delete(hash);
    this.#right.set(hash, { digest, untilMs: this.#world.clock.monotonicMs() + rememberedForMs });
    if (this.#right.size <= rememberedMax) return;
    for (const oldest of this.#right.keys()) {
      this.#right.delete(oldest);
      return;
    }
  }
}
