/** While a transfer runs: the commands that do not wait for its end, one after the other. */
import type { Clock, Timer } from '@skerry/runtime-world';
import type { Command, CommandQueue } from './command-queue.ts';
import type { TransferSlot } from './transfer-slot.ts';

/** How long a transfer must rest after QUIT, in ms, before QUIT is answered and not the transfer. */
const quitPatienceMs = 300;

export type PassingOwner = {
  readonly clock: Clock;
  readonly queue: CommandQueue;
  readonly slot: TransferSlot;
  readonly open: () => boolean;
  /** Never rejects. */
  readonly perform: (command: Command) => Promise<void>;
};

export class PassingCommands {
  readonly #owner: PassingOwner;
  #passing: Promise<void> | undefined;
  #quitTimer: Timer | undefined;

  constructor(owner: PassingOwner) {
    this.#owner = owner;
  }
  /** The one under way; undefined: none. */
  get underWay(): Promise<void> | undefined {
    return this.#passing;
  }
  /** A transfer began, or something was queued while it runs. */
  look(): void {
    if (this.#passing !== undefined) return;
    const command = this.#owner.queue.pollPassing();
    if (command === undefined) return this.#watchQuit();
    this.#pass(command);
  }
  #pass(command: Command): void {
    const { slot, perform } = this.#owner;
    this.#passing = perform(command).then(() => {
      this.#passing = undefined;
      if (slot.taken) this.look();
    });
  }
  /**
   * QUIT waits for the transfer, and its reply comes last. But who says it in the middle and then moves no more bytes
   * waits for 221 before it closes its data connection (PyFilesystem): that comes first then, and the transfer ends as it will.
   */
  #watchQuit(): void {
    const { clock, queue, slot, open } = this.#owner;
    if (this.#quitTimer !== undefined || !queue.headIs('QUIT')) return;
    const before = slot.state.transferredBytes;
    this.#quitTimer = clock.setTimer(quitPatienceMs, () => {
      this.#quitTimer = undefined;
      if (!open() || !slot.taken || this.#passing !== undefined) return;
      if (slot.state.transferredBytes !== before) return this.#watchQuit();
      const quit = queue.pollPassing(true);
      if (quit !== undefined) this.#pass(quit);
    });
  }
}
