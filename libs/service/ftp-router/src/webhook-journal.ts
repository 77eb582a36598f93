/**
 * Webhooks that wait, kept for the next life of the process: `webhook-lines.ts` in one file.
 *
 * Lines are written and synced in groups: while one group goes to the disk, the next gathers. What `settled` has told to be
 * on the disk survives a power cut. That a delivery is over is not synced by itself: it may be made once more, with its id.
 *
 * Assumes: one process; a path in the root of the disk.
 */
import { concatBytes, StatusError, utf8 } from '@skerry/kernel';
import type { Disk, DiskFile } from '@skerry/runtime-world';
import { type Delivery, overLine, readLines, waitingLine } from './webhook-lines.ts';

/** Bytes that wait for the disk; what comes on top is kept in memory alone, until the file is written anew. */
const aheadMaxBytes = 4 * 1024 * 1024;
/** Bytes of lines that are over, from which the file is written anew: it is never much longer than what waits. */
const slackMaxBytes = 1024 * 1024;

export class WebhookJournal {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #failed: (error: unknown) => void;
  /** Lines by address and id, in order. */
  readonly #waiting = new Map<string, Map<string, Uint8Array>>();
  #file: DiskFile | undefined;
  #fileBytes = 0;
  /** What the file holds is not what waits. */
  #stale = false;
  #buffer: Uint8Array[] = [];
  #bufferedBytes = 0;
  #waitingBytes = 0;
  /** Somebody relies on the lines since the last sync. */
  #unsynced = false;
  #writing: Promise<void> | undefined;
  #closed = false;
  /** The last write failed, which was told. */
  #broken = false;

  private constructor(disk: Disk, path: string, failed: (error: unknown) => void) {
    this.#disk = disk;
    this.#path = path;
    this.#failed = failed;
  }
  /**
   * Gives what waited in the life before, by address. `failed` hears of writes that fail: until the next one that does not,
   * webhooks are as durable as memory. @throws StatusError of the disk when the file cannot be read or written.
   */
  static async open(
    disk: Disk,
    path: string,
    failed: (error: unknown) => void,
  ): Promise<{ journal: WebhookJournal; before: ReadonlyMap<string, readonly Delivery[]> }> {
    const before = readLines(await readText(disk, path));
    const journal = new WebhookJournal(disk, path, failed);
    for (const [url, deliveries] of before) for (const delivery of deliveries) journal.#note(url, delivery);
    await journal.#writeAnew();
    return { journal, before };
  }
  add(url: string, delivery: Delivery): void {
    const line = this.#note(url, delivery);
    this.#unsynced = true;
    this.#append(line);
  }
  over(url: string, id: string): void {
    const lines = this.#waiting.get(url);
    this.#waitingBytes -= lines?.get(id)?.length ?? 0;
    lines?.delete(id);
    this.#append(utf8(overLine(url, id)));
  }
  /** True: all that was added so far survives a power cut. False: the disk failed, which `failed` was told. */
  async settled(): Promise<boolean> {
    while (this.#writing !== undefined) await this.#writing;
    return !this.#broken;
  }
  async close(): Promise<void> {
    this.#closed = true;
    await this.settled();
    await this.#file?.close();
    this.#file = undefined;
  }

  #note(url: string, delivery: Delivery): Uint8Array {
    const line = utf8(waitingLine(url, delivery));
    const lines = this.#waiting.get(url) ?? new Map<string, Uint8Array>();
    this.#waiting.set(url, lines.set(delivery.id, line));
    this.#waitingBytes += line.length;
    return line;
  }
  #append(line: Uint8Array): void {
    if (this.#closed) return;
    if (this.#bufferedBytes + line.length > aheadMaxBytes) return void (this.#stale = true);
    this.#buffer.push(line);
    this.#bufferedBytes += line.length;
    this.#writing ??= this.#write();
  }
  async #write(): Promise<void> {
    try {
      while (this.#buffer.length > 0) {
        const file = this.#file;
        const long = this.#fileBytes > this.#waitingBytes + slackMaxBytes;
        if (file === undefined || this.#stale || long) await this.#writeAnew();
        else await this.#writeOn(file);
        this.#broken = false;
      }
    } catch (error) {
      // What a failed sync left of the file nobody knows.
      this.#stale = true;
      if (!this.#broken) this.#failed(error);
      this.#broken = true;
    } finally {
      // At once: what came between the last look and a later turn would lie until the next.
      this.#writing = undefined;
    }
  }
  async #writeOn(file: DiskFile): Promise<void> {
    const sync = this.#unsynced;
    const lines = this.#taken();
    await file.write([lines], this.#fileBytes);
    this.#fileBytes += lines.length;
    if (sync) await file.sync();
  }
  async #writeAnew(): Promise<void> {
    this.#taken();
    this.#stale = false;
    const lines = concatBytes([...this.#waiting.values()].flatMap((each) => [...each.values()]));
    const next = `${this.#path}.new`;
    if ((await this.#disk.sizeBytes(next)) !== undefined) await this.#disk.remove(next);
    const file = await this.#disk.open(next, 'create');
    try {
      await file.write([lines], 0);
      await file.sync();
      await this.#disk.rename(next, this.#path);
      await this.#disk.syncDirectory('');
    } catch (thrown) {
      await file.close();
      throw thrown;
    }
    const before = this.#file;
    this.#file = file;
    this.#fileBytes = lines.length;
    await before?.close();
  }
  #taken(): Uint8Array {
    const lines = concatBytes(this.#buffer);
    this.#buffer = [];
    this.#bufferedBytes = 0;
    this.#unsynced = false;
    return lines;
  }
}

async function readText(disk: Disk, path: string): Promise<string> {
  let file: DiskFile;
  try {
    file = await disk.open(path, 'read');
  } catch (thrown) {
    if (thrown instanceof StatusError && thrown.reason === 'no_such_entry') return '';
    throw thrown;
  }
  try {
    const bytes = new Uint8Array(await file.sizeBytes());
    const count = await file.read(bytes, 0);
    // A line that is no text is no line, and must not take the others with it.
    return new TextDecoder().decode(bytes.subarray(0, count));
  } finally {
    await file.close();
  }
}
