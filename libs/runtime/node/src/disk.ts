import { close, constants, fsync, mkdir, open, readdir, rename, rmdir, stat, unlink } from 'node:fs';
import { join, resolve } from 'node:path';
import { StatusError } from '@skerry/kernel';
import { parseDiskPath, type Disk, type DiskFile } from '@skerry/runtime-world';
import { called, NodeDiskFile } from './disk-file.ts';
import { diskError, systemCode } from './errors.ts';

/** The data of a node is its owner's alone: it holds keys and password hashes. */
const fileMode = 0o600;
const directoryMode = 0o700;

const openFlags = {
  create: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL,
  write: constants.O_RDWR,
  read: constants.O_RDONLY,
} as const;

/** The files under one directory of this machine. The directory itself need not be there before the first `makeDirectory`. */
export class NodeDisk implements Disk {
  readonly #root: string;

  constructor(rootDirectory: string) {
    this.#root = resolve(rootDirectory);
  }
  #path(path: string): string {
    return join(this.#root, ...parseDiskPath(path));
  }
  async open(path: string, mode: 'create' | 'write' | 'read'): Promise<DiskFile> {
    const full = this.#path(path);
    return attempt(`open "${path}"`, mode !== 'read', async () => {
      const fd = await called<number>((done) => open(full, openFlags[mode], fileMode, done));
      return new NodeDiskFile(fd, path);
    });
  }
  async rename(from: string, to: string): Promise<void> {
    const [fullFrom, fullTo] = [this.#path(from), this.#path(to)];
    return attempt(`rename "${from}" to "${to}"`, true, () =>
      called((done) => rename(fullFrom, fullTo, (e) => done(e))),
    );
  }
  async remove(path: string): Promise<void> {
    const full = this.#path(path);
    return attempt(`remove "${path}"`, true, async () => {
      try {
        await called((done) => unlink(full, (error) => done(error)));
      } catch (thrown) {
        if (systemCode(thrown) !== 'EISDIR' && systemCode(thrown) !== 'EPERM') throw thrown;
        await called((done) => rmdir(full, (error) => done(error)));
      }
    });
  }
  async list(directory: string): Promise<readonly string[]> {
    const full = this.#path(directory);
    return attempt(`list "${directory}"`, false, async () => {
      const names = await called<string[]>((done) => readdir(full, done));
      return names.sort();
    });
  }
  async makeDirectory(path: string): Promise<void> {
    const full = this.#path(path);
    return attempt(`make directory "${path}"`, true, () =>
      called((done) => mkdir(full, { recursive: true, mode: directoryMode }, (error) => done(error))),
    );
  }
  async syncDirectory(path: string): Promise<void> {
    const full = this.#path(path);
    return attempt(`sync directory "${path}"`, true, async () => {
      const fd = await called<number>((done) => open(full, constants.O_RDONLY | constants.O_DIRECTORY, done));
      try {
        await called((done) => fsync(fd, (error) => done(error)));
      } finally {
        await called((done) => close(fd, (error) => done(error ?? null)));
      }
    });
  }
  async sizeBytes(path: string): Promise<number | undefined> {
    const full = this.#path(path);
    try {
      return await attempt(`measure "${path}"`, false, async () => {
        const { size } = await called<{ readonly size: number }>((done) => stat(full, done));
        return size;
      });
    } catch (thrown) {
      if (thrown instanceof StatusError && thrown.reason === 'no_such_entry') return undefined;
      throw thrown;
    }
  }
}

async function attempt<T>(action: string, writing: boolean, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (thrown) {
    throw diskError(action, thrown, writing);
  }
}
