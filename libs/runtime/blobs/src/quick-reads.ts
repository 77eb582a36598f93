/**
 * Small reads, at once where the system has the bytes in its memory: a hop to a thread and back costs ten times the read.
 *
 * Whether it has them nobody can ask. So the first read that took as long as a device takes sends those after it to a
 * thread, for a while: of a row of slow reads one holds up everybody else, and not all.
 */
import type { Clock, DiskFile } from '@skerry/runtime-world';

/** A read at once that took so long, in ms, came from the device. */
const slowReadMs = 1;
/** Reads that go to a thread after a slow one, before the next is tried at once. */
const threadedReadsMax = 256;

export class QuickReads {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  #threaded = 0;

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }
  /** As {@link DiskFile.read}. */
  async read(file: Pick<DiskFile, 'read' | 'readNow'>, into: Uint8Array, offset: number): Promise<number> {
    if (this.#threaded > 0) {
      this.#threaded -= 1;
      return file.read(into, offset);
    }
    const beganMs = this.#clock.monotonicMs();
    const count = file.readNow(into, offset);
    if (this.#clock.monotonicMs() - beganMs >= slowReadMs) this.#threaded = threadedReadsMax;
    return count;
  }
}
