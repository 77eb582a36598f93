/** What the log learns of one upload's stage, before it is a version or left. */
import { assert, type BlobId, toStatusError } from '@skerry/kernel';
import type { Extent, Quota } from '@skerry/domain-file-tree';
import { type Parts, propose } from './parts.ts';
import type { Slot } from './registry.ts';
import type { Ticket } from './tickets.ts';

type Opening = {
  readonly blob: BlobId;
  readonly blobLength: number;
  /** Token of the stage that it goes on from; 0: none. */
  readonly from: number;
  readonly prefix: readonly Extent[];
  readonly cut: boolean;
};

/** Every method throws StatusError of the log: `fenced`, `quota`, `stage_moved`, … */
export class StageRecords {
  readonly #parts: Parts;
  readonly #slot: Slot;
  readonly quota: Quota;

  constructor(parts: Parts, slot: Slot, { quotaBytes, quotaFiles }: Ticket) {
    this.#parts = parts;
    this.#slot = slot;
    this.quota = { bytes: quotaBytes, files: quotaFiles };
  }
  /** Gives the stage's token. */
  async open(opening: Opening): Promise<number> {
    const { quota } = this;
    this.#slot.markStaged();
    const { place, user, superseded } = this.#slot;
    const { token } = await propose(this.#parts, { kind: 'openStage', place, user, superseded, quota, ...opening });
    assert(token !== undefined, 'openStage gives a token');
    return token;
  }
  /** The stage is left as it is, but it is this upload's from here on. */
  async adopt(): Promise<void> {
    this.#slot.markStaged();
    const { place, user, superseded } = this.#slot;
    if (superseded) await propose(this.#parts, { kind: 'supersedeStage', place, user });
  }
  async extend(token: number, blobLength: number, cut: boolean): Promise<void> {
    const { place, user } = this.#slot;
    await propose(this.#parts, { kind: 'extendStage', place, user, token, blobLength, cut, quota: this.quota });
  }
  async drop(token: number): Promise<void> {
    const { place, user } = this.#slot;
    await propose(this.#parts, { kind: 'dropStage', place, user, token });
  }
  /** The same where it may be gone already, by DELE. */
  async dropIfThere(token: number): Promise<void> {
    try {
      await this.drop(token);
    } catch (thrown) {
      if (toStatusError(thrown).reason !== 'fenced') throw thrown;
    }
  }
}
