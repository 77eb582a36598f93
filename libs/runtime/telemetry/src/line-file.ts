/**
 * A file of lines that never holds up whoever writes them: a bounded queue in memory, one writer, rotation by size.
 *
 * Also fit for logrotate: after {@link LineFile.reopen} the next line goes to whatever stands at the path then.
 * Lines are synced in groups, {@link lineSyncMs} after the first of them at the latest, and when a file is closed or put aside:
 * a power cut takes a second of lines at most, and no line costs a sync of its own.
 */
import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises';

/** Lines that wait for the disk, in bytes in all; what comes on top is dropped and counted. */
export const lineQueueMaxBytes = 8 * 1024 * 1024;
/** From a line's write until it is synced, at most, in ms: what a power cut may take. */
export const lineSyncMs = 1_000;
/** Owner writes, group reads: names and addresses are nobody else's business. */
const fileMode = 0o640;

export type LineFileOptions = {
  readonly path: string;
  /** A file that has so many bytes is put aside as `path.1`. */
  readonly sizeMaxBytes: number;
  /** Files put aside that are kept. At least 1. */
  readonly keepCount: number;
  /** Default: {@link lineQueueMaxBytes}. */
  readonly queueMaxBytes?: number;
  /** Default: {@link lineSyncMs}. */
  readonly syncMs?: number;
  /** Once for each trouble, not for each line: a write failed, or the queue is full (no error then). */
  readonly troubled: (trouble: { readonly error?: unknown; readonly dropped: number }) => void;
};

export class LineFile {
  readonly #options: LineFileOptions;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #handle: FileHandle | undefined;
  #sizeBytes = 0;
  #writing: Promise<void> | undefined;
  /** Runs while lines are written and not synced. */
  #syncTimer: NodeJS.Timeout | undefined;
  #syncDue = false;
  #reopen = false;
  /** A failed write may have left half a line. */
  #torn = false;
  #failing = false;
  #full = false;
  #dropped = 0;

  constructor(options: LineFileOptions) {
    this.#options = options;
  }
  /** Lines lost so far. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Without its line end. Returns at once. */
  write(line: string): void {
    const bytes = Buffer.byteLength(line) + 1;
    if (this.#waitingBytes + bytes > (this.#options.queueMaxBytes ?? lineQueueMaxBytes)) {
      this.#dropped += 1;
      if (!this.#full) this.#options.troubled({ dropped: this.#dropped });
      this.#full = true;
      return;
    }
    this.#waiting.push(line);
    this.#waitingBytes += bytes;
    this.#start();
  }
  /** Before the next line: the file is closed, and opened anew. */
  reopen(): void {
    this.#reopen = true;
  }
  /** Resolves when what was given so far is written, or lost. */
  async flush(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }
  async close(): Promise<void> {
    await this.flush();
    await this.#closeHandle();
  }

  #start(): void {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
      if (this.#waiting.length > 0 || this.#syncDue) this.#start();
    });
  }
  async #writeAll(): Promise<void> {
    // One turn later: the lines of one turn go out together.
    await Promise.resolve();
    if (this.#waiting.length > 0) await this.#writeLines();
    if (this.#syncDue) await this.#sync();
  }
  async #writeLines(): Promise<void> {
    const lines = this.#waiting;
    const bytes = this.#waitingBytes;
    this.#waiting = [];
    try {
      const handle = await this.#opened();
      await handle.appendFile(`${this.#torn ? '\n' : ''}${lines.join('\n')}\n`);
      this.#sizeBytes += bytes;
      this.#torn = false;
      this.#failing = false;
      this.#syncTimer ??= setTimeout(() => this.#syncNow(), this.#options.syncMs ?? lineSyncMs).unref();
    } catch (error) {
      this.#torn = true;
      this.#dropped += lines.length;
      this.#failed(error);
    } finally {
      // Not before: what is being written is memory as well.
      this.#waitingBytes -= bytes;
      this.#full = false;
    }
  }
  #failed(error: unknown): void {
    if (!this.#failing) this.#options.troubled({ error, dropped: this.#dropped });
    this.#failing = true;
    this.#reopen = true;
  }
  #syncNow(): void {
    this.#syncDue = true;
    this.#start();
  }
  /** What was written so far survives a power cut afterwards. */
  async #sync(): Promise<void> {
    this.#syncDue = false;
    if (this.#syncTimer === undefined) return;
    clearTimeout(this.#syncTimer);
    this.#syncTimer = undefined;
    try {
      await this.#handle?.datasync();
    } catch (error) {
      this.#failed(error);
    }
  }
  async #opened(): Promise<FileHandle> {
    const { path, sizeMaxBytes } = this.#options;
    if (this.#reopen || this.#sizeBytes >= sizeMaxBytes) await this.#closeHandle();
    this.#reopen = false;
    if (this.#handle !== undefined) return this.#handle;
    const there = await stat(path).catch(() => undefined);
    if ((there?.size ?? 0) >= sizeMaxBytes) await this.#putAside();
    this.#handle = await open(path, 'a', fileMode);
    this.#sizeBytes = (await this.#handle.stat()).size;
    return this.#handle;
  }
  /** `path.1` is the newest of those put aside. */
  async #putAside(): Promise<void> {
    const { path, keepCount } = this.#options;
    await rm(`${path}.${keepCount}`, { force: true });
    for (let number = keepCount - 1; number >= 1; number--)
      await rename(`${path}.${number}`, `${path}.${number + 1}`).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      });
    await rename(path, `${path}.1`);
  }
  async #closeHandle(): Promise<void> {
    await this.#sync();
    const handle = this.#handle;
    this.#handle = undefined;
    this.#sizeBytes = 0;
    await handle?.close();
  }
}
