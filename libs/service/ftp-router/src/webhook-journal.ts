/**
 * Webhooks that wait, kept for the next life of the process: a line for each that began to wait and for each that is over.
 *
 *     {"url":"https://…","id":"…","kind":"upload","body":"…"}
 *     {"url":"https://…","over":"…"}
 *
 * Assumes: one process. Lines are not synced: what a power failure takes is lost, a killed process loses next to nothing.
 */
import { open, readFile, rename, type FileHandle } from 'node:fs/promises';
import { type HappeningKind, happeningKinds } from './happening.ts';

export type Delivery = { readonly id: string; readonly kind: HappeningKind; readonly body: string };

/** Bytes that wait for the disk; what comes on top is kept in memory alone. */
const aheadMaxBytes = 4 * 1024 * 1024;
/** Bytes of lines that are over, from which the file is written anew: it is never much longer than what waits. */
const slackMaxBytes = 1024 * 1024;

export class WebhookJournal {
  readonly #path: string;
  readonly #failed: (error: unknown) => void;
  /** Lines by address and id, in order. */
  readonly #waiting = new Map<string, Map<string, string>>();
  #file: FileHandle;
  #buffer: string[] = [];
  #bufferedBytes = 0;
  #fileBytes: number;
  #waitingBytes = 0;
  #writing: Promise<void> | undefined;
  #closed = false;
  /** The last write failed, which was told. */
  #broken = false;

  private constructor(path: string, file: FileHandle, failed: (error: unknown) => void) {
    this.#path = path;
    this.#file = file;
    this.#failed = failed;
    this.#fileBytes = 0;
  }
  /**
   * Gives what waited in the life before, by address. `failed` hears of writes that fail: then webhooks are as durable as
   * memory. @throws the file system's error when it cannot be opened.
   */
  static async open(
    path: string,
    failed: (error: unknown) => void,
  ): Promise<{ journal: WebhookJournal; before: ReadonlyMap<string, readonly Delivery[]> }> {
    const before = readLines(await readFile(path, 'utf8').catch(absentAsEmpty));
    const journal = new WebhookJournal(path, await open(`${path}.new`, 'w', 0o600), failed);
    for (const [url, deliveries] of before) for (const delivery of deliveries) journal.add(url, delivery);
    await journal.#flushed();
    await rename(`${path}.new`, path);
    return { journal, before };
  }
  add(url: string, { id, kind, body }: Delivery): void {
    const line = `${JSON.stringify({ url, id, kind, body })}\n`;
    const lines = this.#waiting.get(url) ?? new Map<string, string>();
    this.#waiting.set(url, lines.set(id, line));
    this.#waitingBytes += line.length;
    this.#append(line);
  }
  over(url: string, id: string): void {
    const lines = this.#waiting.get(url);
    this.#waitingBytes -= lines?.get(id)?.length ?? 0;
    lines?.delete(id);
    this.#append(`${JSON.stringify({ url, over: id })}\n`);
  }
  /** What was added is with the operating system. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#flushed();
    await this.#file.close();
  }
  #append(line: string): void {
    if (this.#closed || this.#bufferedBytes + line.length > aheadMaxBytes) return;
    this.#buffer.push(line);
    this.#bufferedBytes += line.length;
    this.#writing ??= this.#write();
  }
  async #flushed(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }
  async #write(): Promise<void> {
    try {
      while (this.#buffer.length > 0) {
        if (this.#fileBytes > this.#waitingBytes + slackMaxBytes) {
          await this.#writeAnew();
          continue;
        }
        await this.#writeAll(this.#file, this.#taken());
      }
    } catch (error) {
      if (!this.#broken) this.#failed(error);
      this.#broken = true;
    } finally {
      // At once: what came between the last look and a later turn would lie until the next.
      this.#writing = undefined;
    }
  }
  async #writeAnew(): Promise<void> {
    this.#taken();
    const lines = [...this.#waiting.values()].flatMap((each) => [...each.values()]).join('');
    const [file, before] = [await open(`${this.#path}.new`, 'w', 0o600), this.#file];
    this.#fileBytes = 0;
    this.#file = file;
    await before.close();
    await this.#writeAll(file, lines);
    await rename(`${this.#path}.new`, this.#path);
  }
  #taken(): string {
    const text = this.#buffer.join('');
    this.#buffer = [];
    this.#bufferedBytes = 0;
    return text;
  }
  async #writeAll(file: FileHandle, text: string): Promise<void> {
    await file.appendFile(text);
    this.#broken = false;
    this.#fileBytes += text.length;
  }
}

const absentAsEmpty = (error: NodeJS.ErrnoException): string => {
  if (error.code === 'ENOENT') return '';
  throw error;
};

function readLines(text: string): ReadonlyMap<string, readonly Delivery[]> {
  const found = new Map<string, Map<string, Delivery>>();
  for (const line of text.split('\n')) {
    const read = parsed(line);
    if (typeof read['url'] !== 'string') continue;
    const deliveries = found.get(read['url']) ?? new Map<string, Delivery>();
    found.set(read['url'], deliveries);
    const { id, body, over } = read;
    const kind = happeningKinds.find((each) => each === read['kind']);
    if (typeof over === 'string') deliveries.delete(over);
    else if (typeof id === 'string' && typeof body === 'string' && kind !== undefined)
      deliveries.set(id, { id, kind, body });
  }
  return new Map([...found].map(([url, deliveries]) => [url, [...deliveries.values()]]));
}
/** The last line of a process that was killed may be half of one. */
function parsed(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
