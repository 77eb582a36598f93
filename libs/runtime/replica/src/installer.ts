/** A leader's snapshot, from its offer to its state in place of this member's. */
import type { Message } from '@skerry/cluster-raft';
import type { SnapshotOffer } from '@skerry/runtime-raft-links';
import type { RaftLog } from '@skerry/runtime-raft-log';
import type { Applier } from './apply.ts';
import type { Applying } from './applying.ts';
import type { Slots } from './slots.ts';
import { SnapshotReceiver } from './snapshot-in.ts';
import type { ReplicaOptions } from './types.ts';

export type InstallerHost<Effect> = {
  readonly options: ReplicaOptions<Effect>;
  readonly slots: Slots;
  readonly applier: Applier<Effect>;
  readonly applying: Applying<Effect>;
  log(): RaftLog;
  /** As if the leader had said it: the state is here. */
  receive(message: Message): void;
  restored(): void;
};

export class Installer<Effect> {
  readonly #host: InstallerHost<Effect>;
  readonly #receiver: SnapshotReceiver<Effect>;
  /** The last that a leader made. */
  #offer: SnapshotOffer | undefined;

  constructor(host: InstallerHost<Effect>) {
    this.#host = host;
    const { group, store } = host.options;
    this.#receiver = new SnapshotReceiver(group, store, host.slots, host.applier);
  }
  begin(offer: SnapshotOffer): Promise<{ readonly nextChunk: number } | undefined> {
    this.#offer = offer;
    return this.#receiver.begin(offer);
  }
  chunk(id: string, number: number, bytes: Uint8Array): Promise<void> {
    return this.#receiver.chunk(id, number, bytes);
  }
  async end(id: string, chunkCount: number): Promise<void> {
    const mark = await this.#receiver.end(id, chunkCount);
    if (this.#offer?.id !== id) return;
    const { from, fromIncarnation, term } = this.#offer;
    const { node: to } = this.#host.options;
    const envelope = { from, fromIncarnation, to, toIncarnation: 0, term };
    this.#host.receive({ ...envelope, body: { kind: 'installSnapshot', mark } });
  }
  /** The log begins behind the snapshot by now; its state follows. Nothing is applied meanwhile. */
  async install(): Promise<void> {
    const { options, applying, log, restored } = this.#host;
    await applying.idle();
    const mark = log().snapshot;
    this.#receiver.install(mark);
    await options.store.flush();
    applying.resume();
    restored();
    options.telemetry.emit({ event: 'raft_snapshot_installed', group: options.group, index: mark.last.index });
    void this.#receiver.clear();
  }
  /** Removes what no snapshot needs. */
  clear(): Promise<void> {
    return this.#receiver.clear();
  }
  close(): Promise<void> {
    return this.#receiver.close();
  }
}
