import { fdatasync, fstat, ftruncate, close, read, readv, write, writev, writeSync, writevSync } from 'node:fs';
import { StatusError } from '@skerry/kernel';
import type { DiskFile } from '@skerry/runtime-world';
import { diskError } from './errors.ts';

/** Most parts in one system call: Linux's IOV_MAX. */
const partCountMax = 1_024;
/** Zeros written in one call while a file is allocated, in bytes: large enough to be sequential, small beside the page cache. */
const allocationStepBytes = 1024 * 1024;
/** Part of {@link allocationStepBytes} that is really in memory; given several times in one writev. */
const zeros = new Uint8Array(64 * 1024);

type Callback<T> = (error: NodeJS.ErrnoException | null, value: T) => void;

/** A Node function with a callback, as a promise. */
export const called = <T = void>(start: (callback: Callback<T>) => void): Promise<T> =>
  new Promise((resolve, reject) => start((error, value) => (error === null ? resolve(value) : reject(error))));

/** The parts that are left after their first `skip` bytes. */
function behind(parts: readonly Uint8Array[], skip: number): readonly Uint8Array[] {
  let at = 0;
  for (; at < parts.length; at++) {
    const length = parts[at]?.length ?? 0;
    if (skip < length) break;
    skip -= length;
  }
  const [first, ...rest] = parts.slice(at);
  return first === undefined ? [] : [first.subarray(skip), ...rest];
}

/** One open file descriptor. After a failed sync it refuses everything but `close`: what the disk holds is not known. */
export class NodeDiskFile implements DiskFile {
  readonly #fd: number;
  readonly #path: string;
  #pending = 0;
  #closed = false;
  #failure: StatusError | undefined;
  #idle: (() => void) | undefined;

  constructor(fd: number, path: string) {
    this.#fd = fd;
    this.#path = path;
  }
  async read(into: Uint8Array, offset: number): Promise<number> {
    return this.#run('read', false, async () => {
      let count = 0;
      while (count < into.length) {
        const at = count;
        const got = await called<number>((done) => read(this.#fd, into, at, into.length - at, offset + at, done));
        if (got === 0) break;
        count += got;
      }
      return count;
    });
  }
  async readParts(into: readonly Uint8Array[], offset: number): Promise<number> {
    return this.#run('read', false, async () => {
      let left = behind(into, 0);
      let count = 0;
      while (left.length > 0) {
        const step = left.slice(0, partCountMax);
        const at = offset + count;
        const got = await called<number>((done) => readv(this.#fd, step, at, done));
        if (got === 0) break;
        count += got;
        left = behind(left, got);
      }
      return count;
    });
  }
  async write(parts: readonly Uint8Array[], offset: number): Promise<void> {
    return this.#run('write', true, () => this.#writeAll(parts, offset));
  }
  async #writeAll(parts: readonly Uint8Array[], offset: number): Promise<void> {
    let left = behind(parts, 0);
    let at = offset;
    while (left.length > 0) {
      const [first] = left;
      const step = left.slice(0, partCountMax);
      const count = await called<number>((done) => {
        if (left.length === 1 && first !== undefined) write(this.#fd, first, 0, first.length, at, done);
        else writev(this.#fd, step, at, done);
      });
      at += count;
      left = behind(left, count);
    }
  }
  writeNow(parts: readonly Uint8Array[], offset: number): void {
    this.#requireUsable('write');
    let left = behind(parts, 0);
    let at = offset;
    try {
      while (left.length > 0) {
        const [first] = left;
        const count =
          left.length === 1 && first !== undefined
            ? writeSync(this.#fd, first, 0, first.length, at)
            : writevSync(this.#fd, left.slice(0, partCountMax), at);
        at += count;
        left = behind(left, count);
      }
    } catch (thrown) {
      throw diskError(`write "${this.#path}"`, thrown, true);
    }
  }
  async allocate(sizeBytes: number): Promise<void> {
    return this.#run('allocate', true, async () => {
      let at = (await this.#stat()).size;
      if (at >= sizeBytes) return;
      while (at < sizeBytes) {
        const step = Math.min(allocationStepBytes, sizeBytes - at);
        const parts = Array.from({ length: Math.floor(step / zeros.length) }, () => zeros);
        const rest = step % zeros.length;
        await this.#writeAll(rest === 0 ? parts : [...parts, zeros.subarray(0, rest)], at);
        at += step;
      }
      await this.#sync();
    });
  }
  async truncate(sizeBytes: number): Promise<void> {
    return this.#run('truncate', true, () => called((done) => ftruncate(this.#fd, sizeBytes, (e) => done(e))));
  }
  async sync(): Promise<void> {
    return this.#run('sync', true, () => this.#sync());
  }
  async #sync(): Promise<void> {
    try {
      await called((done) => fdatasync(this.#fd, (error) => done(error)));
    } catch (thrown) {
      this.#failure = diskError(`sync "${this.#path}"`, thrown, true);
      throw this.#failure;
    }
  }
  async sizeBytes(): Promise<number> {
    return this.#run('measure', false, async () => (await this.#stat()).size);
  }
  #stat(): Promise<{ readonly size: number }> {
    return called((done) => fstat(this.#fd, done));
  }
  /** Waits for what is still going on: a descriptor closed too early would soon name another file. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#pending > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    try {
      await called((done) => close(this.#fd, (error) => done(error ?? null)));
    } catch (thrown) {
      throw diskError(`close "${this.#path}"`, thrown, true);
    }
  }
  #requireUsable(action: string): void {
    if (this.#closed) throw new StatusError('cancelled', `Cannot ${action} "${this.#path}": the file was closed`);
    if (this.#failure !== undefined)
      throw new StatusError('disk_failed', `Cannot ${action} "${this.#path}": an earlier sync failed`, {
        cause: this.#failure,
      });
  }
  async #run<T>(action: string, writing: boolean, body: () => Promise<T>): Promise<T> {
    this.#requireUsable(action);
    this.#pending += 1;
    try {
      return await body();
    } catch (thrown) {
      throw diskError(`${action} "${this.#path}"`, thrown, writing);
    } finally {
      this.#pending -= 1;
      if (this.#pending === 0) this.#idle?.();
    }
  }
}
