import { concatBytes, StatusError } from '@skerry/kernel';
import { parseDiskPath, type Disk, type DiskFile } from '@skerry/runtime-world';
import { DirectoryNode, failed, FileNode, type DiskState } from './disk-state.ts';
import type { Process } from './process.ts';

/** Virtual milliseconds that operations take: from, to. */
const durations = { name: [0.05, 0.5], read: [0.05, 0.5], write: [0.02, 0.2], sync: [0.2, 4] } as const;
type Duration = keyof typeof durations;

/** A process's view of its node's {@link DiskState}. */
export class SimulatedDisk implements Disk {
  readonly #process: Process;
  readonly #state: DiskState;

  constructor(process: Process, state: DiskState) {
    this.#process = process;
    this.#state = state;
  }
  /** What a dead process still does changes nothing. */
  get alive(): boolean {
    return this.#process.alive;
  }
  /** Something that takes a while on this disk; `body` runs at its end. */
  async operation<T>(duration: Duration, label: string, body: () => T): Promise<T> {
    const [least, most] = durations[duration];
    const delayMs = least + (most - least) * this.#state.prng.next();
    const stalledMs = this.#state.stalledUntilMs - this.#process.nowMs;
    return this.#process.operation(Math.max(delayMs, stalledMs), `disk ${label}`, body);
  }
  async open(path: string, mode: 'create' | 'write' | 'read'): Promise<DiskFile> {
    const names = parseDiskPath(path);
    return this.operation('name', `open ${path}`, () => {
      if (mode === 'create') this.#create(names, path);
      const node = this.#state.find(names, path);
      if (node.kind === 'directory') throw failed(path, 'it is a directory');
      if (mode !== 'read') this.#state.requireWritable();
      return new SimulatedFile(this, this.#state, node, path, mode !== 'read');
    });
  }
  #create(names: readonly string[], path: string): void {
    const [directory, name] = this.#parent(names, path);
    this.#state.requireWritable();
    if (directory.entries.has(name)) throw new StatusError('entry_exists', `Cannot create "${path}": it is there`);
    directory.change([[name, new FileNode()]]);
  }
  #parent(names: readonly string[], path: string): [DirectoryNode, string] {
    const name = names.at(-1);
    if (name === undefined) throw failed(path, 'it is the root');
    return [this.#state.directory(names.slice(0, -1), path), name];
  }
  async rename(from: string, to: string): Promise<void> {
    const [fromNames, toNames] = [parseDiskPath(from), parseDiskPath(to)];
    return this.operation('name', `rename ${from} ${to}`, () => {
      const node = this.#state.find(fromNames, from);
      const [source, sourceName] = this.#parent(fromNames, from);
      const [target, targetName] = this.#parent(toNames, to);
      this.#state.requireWritable();
      const there = target.entries.get(targetName);
      if (there === node) return;
      if (there !== undefined && there.kind !== node.kind) throw failed(to, `it is a ${there.kind}`);
      if (there?.kind === 'directory' && there.entries.size > 0) throw failed(to, 'it is not empty');
      if (source === target)
        source.change([
          [sourceName, undefined],
          [targetName, node],
        ]);
      else source.change([[sourceName, undefined]], target.change([[targetName, node]]));
    });
  }
  async remove(path: string): Promise<void> {
    const names = parseDiskPath(path);
    return this.operation('name', `remove ${path}`, () => {
      const node = this.#state.find(names, path);
      const [directory, name] = this.#parent(names, path);
      this.#state.requireWritable();
      if (node.kind === 'directory' && node.entries.size > 0) throw failed(path, 'it is not empty');
      directory.change([[name, undefined]]);
    });
  }
  async list(directory: string): Promise<readonly string[]> {
    const names = parseDiskPath(directory);
    return this.operation('name', `list ${directory}`, () =>
      [...this.#state.directory(names, directory).entries.keys()].toSorted(),
    );
  }
  async makeDirectory(path: string): Promise<void> {
    const names = parseDiskPath(path);
    return this.operation('name', `make ${path}`, () => {
      let directory = this.#state.root;
      for (const name of names) {
        let next = directory.entries.get(name);
        if (next?.kind === 'file') throw new StatusError('entry_exists', `Cannot make "${path}": "${name}" is a file`);
        if (next === undefined) {
          this.#state.requireWritable();
          next = new DirectoryNode();
          directory.change([[name, next]]);
        }
        directory = next;
      }
    });
  }
  async syncDirectory(path: string): Promise<void> {
    const names = parseDiskPath(path);
    return this.operation('sync', `sync ${path}`, () => this.#state.directory(names, path).sync());
  }
  async sizeBytes(path: string): Promise<number | undefined> {
    const names = parseDiskPath(path);
    return this.operation('name', `measure ${path}`, () => {
      try {
        const node = this.#state.find(names, path);
        return node.kind === 'file' ? node.size : 0;
      } catch (thrown) {
        if (thrown instanceof StatusError && thrown.reason === 'no_such_entry') return undefined;
        throw thrown;
      }
    });
  }
}

class SimulatedFile implements DiskFile {
  readonly #disk: SimulatedDisk;
  readonly #state: DiskState;
  readonly #node: FileNode;
  readonly #path: string;
  readonly #writable: boolean;
  #closed = false;
  #failure: StatusError | undefined;
  #pending = 0;
  #idle: (() => void) | undefined;

  constructor(disk: SimulatedDisk, state: DiskState, node: FileNode, path: string, writable: boolean) {
    this.#disk = disk;
    this.#state = state;
    this.#node = node;
    this.#path = path;
    this.#writable = writable;
  }
  async read(into: Uint8Array, offset: number): Promise<number> {
    this.#requireUsable('read');
    return this.#run('read', 'read', () => this.#node.read(into, offset));
  }
  async readParts(into: readonly Uint8Array[], offset: number): Promise<number> {
    this.#requireUsable('read');
    return this.#run('read', 'read', () => {
      let count = 0;
      for (const part of into) {
        const got = this.#node.read(part, offset + count);
        count += got;
        if (got < part.length) break;
      }
      return count;
    });
  }
  async write(parts: readonly Uint8Array[], offset: number): Promise<void> {
    // The system has it at once; until the sync, or a crash, nobody knows how much of it is on disk.
    this.writeNow(parts, offset);
    return this.#run('write', 'write', () => undefined);
  }
  writeNow(parts: readonly Uint8Array[], offset: number): void {
    this.#requireWritable('write');
    if (!this.#disk.alive) return;
    const bytes = concatBytes(parts);
    this.#state.requireWritable(offset + bytes.length - this.#node.size);
    this.#node.write(bytes, offset);
  }
  async allocate(sizeBytes: number): Promise<void> {
    this.#requireWritable('allocate');
    return this.#run('sync', 'allocate', () => {
      if (sizeBytes <= this.#node.size) return;
      this.#state.requireWritable(sizeBytes - this.#node.size);
      this.#node.resize(sizeBytes);
      this.#sync();
    });
  }
  async truncate(sizeBytes: number): Promise<void> {
    this.#requireWritable('truncate');
    return this.#run('write', 'truncate', () => {
      this.#state.requireWritable(sizeBytes - this.#node.size);
      this.#node.resize(sizeBytes);
    });
  }
  async sync(): Promise<void> {
    this.#requireUsable('sync');
    return this.#run('sync', 'sync', () => this.#sync());
  }
  #sync(): void {
    try {
      this.#state.syncFile(this.#node);
    } catch (thrown) {
      if (thrown instanceof StatusError) this.#failure = thrown;
      throw thrown;
    }
  }
  async sizeBytes(): Promise<number> {
    this.#requireUsable('measure');
    return this.#run('name', 'measure', () => this.#node.size);
  }
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#pending > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
  }
  #requireUsable(action: string): void {
    if (this.#closed) throw new StatusError('cancelled', `Cannot ${action} "${this.#path}": the file was closed`);
    if (this.#failure !== undefined)
      throw new StatusError('disk_failed', `Cannot ${action} "${this.#path}": an earlier sync failed`, {
        cause: this.#failure,
      });
  }
  #requireWritable(action: string): void {
    this.#requireUsable(action);
    if (!this.#writable) throw failed(this.#path, `it was opened to read, not to ${action}`);
  }
  async #run<T>(duration: Duration, label: string, body: () => T): Promise<T> {
    this.#pending += 1;
    try {
      return await this.#disk.operation(duration, `${label} ${this.#path}`, body);
    } finally {
      this.#pending -= 1;
      if (this.#pending === 0) this.#idle?.();
    }
  }
}
