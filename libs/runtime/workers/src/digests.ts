/**
 * Checksums of content, on a thread of their own: a long file must neither hold the event loop nor the threads that
 * check passwords. All digests share it, piece by piece in turn; what is small is done at once, in line.
 */
import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { crc32 } from 'node:zlib';
import { concatBytes, present, StatusError } from '@skerry/kernel';
import { workerIdleMaxMs } from './pool.ts';

export type DigestName = 'crc32' | 'md5' | 'sha1' | 'sha256' | 'sha512';

/** One digest: pieces in order, one at a time. */
export interface Digest {
  /** Resolves when the next piece may come. @throws StatusError `unexpected` (the thread died), `shutting_down`. */
  update(bytes: Uint8Array): Promise<void>;
  /** @throws as {@link Digest.update}. */
  finish(): Promise<Uint8Array>;
  /** It is not wanted any more. Idempotent, also after the end. */
  abandon(): void;
}

/** Content up to this many bytes is digested in line: some 0.1 ms, as much as the way to a thread and back. */
export const digestInLineMaxBytes = 64 * 1024;

function digestNow(name: DigestName, bytes: Uint8Array): Uint8Array {
  if (name !== 'crc32') return Uint8Array.from(createHash(name).update(bytes).digest());
  const sum = crc32(bytes);
  return Uint8Array.of(sum >>> 24, sum >>> 16, sum >>> 8, sum);
}

/** Text for the reasons that `scrypt-worker.ts` gives. Without bytes: the end; without a name: forget it. */
const workerSource = `
'use strict';
const { parentPort } = require('node:worker_threads');
const { createHash } = require('node:crypto');
const { crc32 } = require('node:zlib');

class Crc32 {
  sum = 0;
  update(bytes) { this.sum = crc32(bytes, this.sum); }
  digest() { const out = Buffer.alloc(4); out.writeUInt32BE(this.sum); return out; }
}
const running = new Map();
parentPort.on('message', ({ id, name, bytes }) => {
  if (name === undefined) return void running.delete(id);
  try {
    let hash = running.get(id);
    if (hash === undefined) running.set(id, (hash = name === 'crc32' ? new Crc32() : createHash(name)));
    if (bytes !== undefined) {
      hash.update(bytes);
      return parentPort.postMessage({ id });
    }
    running.delete(id);
    parentPort.postMessage({ id, output: Uint8Array.from(hash.digest()) });
  } catch (error) {
    running.delete(id);
    parentPort.postMessage({ id, failure: String(error && error.message) });
  }
});
`;

type Reply = { readonly id: number; readonly output?: Uint8Array; readonly failure?: string };
type Waiting = { resolve(output: Uint8Array | undefined): void; reject(error: StatusError): void };

/** The thread: started when there is work, ended when there was none for a while, replaced when it died. */
export class DigestThread {
  readonly #source: string;
  readonly #idleMaxMs: number;
  readonly #waiting = new Map<number, Waiting>();
  readonly #running = new Set<number>();
  #worker: Worker | undefined;
  #idleTimer: NodeJS.Timeout | undefined;
  #closed = false;
  #ids = 0;

  /** `source`: tests give others. */
  constructor(options: { readonly idleMaxMs?: number; readonly source?: string } = {}) {
    this.#source = options.source ?? workerSource;
    this.#idleMaxMs = options.idleMaxMs ?? workerIdleMaxMs;
  }
  /** For tests and status. */
  get started(): boolean {
    return this.#worker !== undefined;
  }

  open(name: DigestName): Digest {
    const id = ++this.#ids;
    let small: Uint8Array[] | undefined = [];
    let smallLength = 0;
    const update = async (bytes: Uint8Array): Promise<void> => {
      if (small !== undefined && smallLength + bytes.length <= digestInLineMaxBytes) {
        small.push(bytes.slice());
        smallLength += bytes.length;
        return;
      }
      const first = small ?? [];
      small = undefined;
      for (const piece of first) await this.#ask(id, name, piece);
      await this.#ask(id, name, bytes);
    };
    const finish = async (): Promise<Uint8Array> =>
      small === undefined
        ? present(await this.#ask(id, name, undefined), 'digest')
        : digestNow(name, concatBytes(small));
    return { update, finish, abandon: () => this.#forget(id) };
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#idleTimer);
    const worker = this.#worker;
    this.#worker = undefined;
    this.#fail(new StatusError('shutting_down', 'Cannot digest content: the node stops'));
    await worker?.terminate();
  }

  #ask(id: number, name: DigestName, bytes: Uint8Array | undefined): Promise<Uint8Array | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw new StatusError('shutting_down', 'Cannot digest content: the node stops');
      clearTimeout(this.#idleTimer);
      const worker = (this.#worker ??= this.#start());
      worker.ref();
      this.#waiting.set(id, { resolve, reject });
      this.#running.add(id);
      if (bytes === undefined) return worker.postMessage({ id, name });
      // The caller's may be a piece of a larger buffer.
      const own = Uint8Array.from(bytes);
      worker.postMessage({ id, name, bytes: own }, [own.buffer]);
    });
  }
  #start(): Worker {
    const worker = new Worker(this.#source, { eval: true, execArgv: [], env: {} });
    let cause: unknown;
    worker.on('message', (reply: Reply) => this.#answered(reply));
    worker.on('error', (error: unknown) => (cause = error));
    worker.on('exit', (code: number) => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      this.#fail(new StatusError('unexpected', 'The thread for checksums died', { cause: cause ?? code }));
    });
    return worker;
  }
  #answered({ id, output, failure }: Reply): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (output !== undefined || failure !== undefined) this.#running.delete(id);
    if (failure === undefined) waiting?.resolve(output);
    else waiting?.reject(new StatusError('unexpected', `Checksum failed: ${failure}`));
    this.#rest();
  }
  #forget(id: number): void {
    if (!this.#running.delete(id)) return;
    this.#worker?.postMessage({ id });
    this.#waiting.get(id)?.reject(new StatusError('cancelled', 'The checksum is not wanted any more'));
    this.#waiting.delete(id);
    this.#rest();
  }
  /** Whoever waits for a digest keeps the process; an idle thread does not. */
  #rest(): void {
    const worker = this.#worker;
    if (worker === undefined || this.#waiting.size > 0) return;
    worker.unref();
    if (this.#running.size > 0 || this.#closed) return;
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => {
      this.#worker = undefined;
      void worker.terminate();
    }, this.#idleMaxMs).unref();
  }
  #fail(error: StatusError): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#running.clear();
    for (const { reject } of waiting) reject(error);
  }
}
