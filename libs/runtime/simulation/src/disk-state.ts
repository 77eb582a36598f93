/**
 * What a disk holds: for each file and directory what a reader sees now, and what a power failure would leave.
 *
 * A crash keeps a random subset of the 512-byte sectors that were written and not synced, and of each directory a random
 * prefix of its changes that were not synced. Source: T. Pillai et al., "All File Systems Are Not Created Equal", OSDI 2014.
 */
import { StatusError, type Prng } from '@skerry/kernel';

/** The unit that a disk writes whole, in bytes. */
export const sectorSizeBytes = 512;

export class FileNode {
  readonly kind = 'file';
  #now = new Uint8Array(0);
  #size = 0;
  #durable = new Uint8Array(0);
  #durableSize = 0;
  /** Sectors written since the last sync. */
  #dirty = new Set<number>();

  get size(): number {
    return this.#size;
  }
  read(into: Uint8Array, offset: number): number {
    const count = Math.max(0, Math.min(into.length, this.#size - offset));
    into.set(this.#now.subarray(offset, offset + count));
    return count;
  }
  write(bytes: Uint8Array, offset: number): void {
    if (bytes.length === 0) return;
    const end = offset + bytes.length;
    this.#now = withCapacity(this.#now, end);
    this.#now.set(bytes, offset);
    this.#size = Math.max(this.#size, end);
    this.#touch(offset, end);
  }
  resize(sizeBytes: number): void {
    if (sizeBytes < this.#size) {
      this.#now.fill(0, sizeBytes, this.#size);
      this.#touch(sizeBytes, this.#size);
    } else this.#now = withCapacity(this.#now, sizeBytes);
    this.#size = sizeBytes;
  }
  #touch(from: number, end: number): void {
    for (let sector = Math.floor(from / sectorSizeBytes); sector * sectorSizeBytes < end; sector++)
      this.#dirty.add(sector);
  }
  #keep(sector: number): void {
    const from = sector * sectorSizeBytes;
    this.#durable = withCapacity(this.#durable, from + sectorSizeBytes);
    const bytes = this.#now.subarray(from, from + sectorSizeBytes);
    this.#durable.fill(0, from + bytes.length, from + sectorSizeBytes);
    this.#durable.set(bytes, from);
  }
  sync(): void {
    for (const sector of this.#dirty) this.#keep(sector);
    this.#dirty.clear();
    this.#setDurableSize(this.#size);
  }
  /** What a failed fsync leaves: the pages count as clean, so that no later sync writes them. */
  loseUnsynced(): void {
    this.#dirty.clear();
  }
  #setDurableSize(sizeBytes: number): void {
    this.#durable = withCapacity(this.#durable, sizeBytes);
    this.#durable.fill(0, sizeBytes);
    this.#durableSize = sizeBytes;
  }
  crash(prng: Prng): void {
    for (const sector of this.#dirty) if (prng.chance(0.5)) this.#keep(sector);
    const grown = this.#size > this.#durableSize ? prng.between(this.#durableSize, this.#size) : this.#size;
    this.#setDurableSize(prng.pick([this.#durableSize, this.#size, grown]));
    this.#dirty.clear();
    this.#now = this.#durable.slice();
    this.#size = this.#durableSize;
  }
  /** Turns one random bit over, on the disk and for readers. False when the file is empty. */
  rot(prng: Prng): boolean {
    if (this.#size === 0) return false;
    const at = prng.below(this.#size);
    const flip = 1 << prng.below(8);
    this.#now[at] = (this.#now[at] ?? 0) ^ flip;
    if (at < this.#durableSize) this.#durable[at] = (this.#durable[at] ?? 0) ^ flip;
    return true;
  }
}

/** One change of a directory: these names now mean these nodes, all at once. */
type Change = {
  readonly directory: DirectoryNode;
  readonly names: readonly (readonly [name: string, node: DiskNode | undefined])[];
  /** Durable before this one, so that a move between directories loses nothing. */
  readonly requires?: Change | undefined;
};
export type DiskNode = FileNode | DirectoryNode;

export class DirectoryNode {
  readonly kind = 'directory';
  entries = new Map<string, DiskNode>();
  #durable = new Map<string, DiskNode>();
  #pending: Change[] = [];

  change(names: Change['names'], requires?: Change): Change {
    const change: Change = { directory: this, names, requires };
    for (const [name, node] of names)
      if (node === undefined) this.entries.delete(name);
      else this.entries.set(name, node);
    this.#pending.push(change);
    return change;
  }
  /** Makes the changes up to and with this one durable. */
  keep(change: Change): void {
    const count = this.#pending.indexOf(change) + 1;
    for (const { names, requires } of this.#pending.splice(0, count)) {
      requires?.directory.keep(requires);
      for (const [name, node] of names)
        if (node === undefined) this.#durable.delete(name);
        else this.#durable.set(name, node);
    }
  }
  sync(): void {
    const last = this.#pending.at(-1);
    if (last !== undefined) this.keep(last);
  }
  /** Chooses which changes a crash keeps; for all directories, before any is restored. */
  crash(prng: Prng): void {
    const last = this.#pending[prng.below(this.#pending.length + 1) - 1];
    if (last !== undefined) this.keep(last);
  }
  restore(): void {
    this.entries = new Map(this.#durable);
    this.#pending = [];
  }
}

export class DiskState {
  readonly root = new DirectoryNode();
  readonly #prng: Prng;
  /** How much all files may hold, in bytes. */
  capacityBytes = Infinity;
  readOnly = false;
  /** Nothing completes before this virtual time, in milliseconds. */
  stalledUntilMs = 0;
  /** So many of the next syncs of files fail. */
  failingSyncCount = 0;
  /** With this probability any sync of a file fails. */
  syncFailureProbability = 0;

  constructor(prng: Prng) {
    this.#prng = prng;
  }
  get prng(): Prng {
    return this.#prng;
  }
  /** @throws StatusError `no_such_entry`; `disk_failed` when a parent is a file. */
  find(names: readonly string[], path: string): DiskNode {
    let node: DiskNode = this.root;
    for (const name of names) {
      if (node.kind === 'file') throw failed(path, `"${name}" is below a file`);
      const next = node.entries.get(name);
      if (next === undefined) throw new StatusError('no_such_entry', `Cannot find "${path}": there is no "${name}"`);
      node = next;
    }
    return node;
  }
  directory(names: readonly string[], path: string): DirectoryNode {
    const node = this.find(names, path);
    if (node.kind === 'file') throw failed(path, 'it is a file');
    return node;
  }
  /** @throws StatusError `read_only_disk`, or `disk_full` when the files would grow by so much over the capacity. */
  requireWritable(growthBytes = 0): void {
    if (this.readOnly) throw new StatusError('read_only_disk', 'Cannot write: the disk is read-only');
    if (growthBytes > 0 && this.capacityBytes !== Infinity && this.usedBytes() + growthBytes > this.capacityBytes)
      throw new StatusError(
        'disk_full',
        `Cannot write ${growthBytes} bytes more: the disk holds ${this.capacityBytes}`,
      );
  }
  usedBytes(): number {
    return allNodes(this.root).reduce((sum, node) => (node.kind === 'file' ? sum + node.size : sum), 0);
  }
  syncFile(file: FileNode): void {
    const failing = this.failingSyncCount > 0 || this.#prng.chance(this.syncFailureProbability);
    if (!failing) return file.sync();
    if (this.failingSyncCount > 0) this.failingSyncCount -= 1;
    file.loseUnsynced();
    throw new StatusError('disk_failed', 'Cannot sync: input/output error');
  }
  /** Power failure. Files that are open and have no name any more are gone. */
  crash(): void {
    // A directory that is only reachable before or only after the crash counts too.
    const before = allNodes(this.root);
    for (const node of before) if (node.kind === 'directory') node.crash(this.#prng);
    const restored = new Set<DiskNode>();
    const restore = (node: DiskNode): void => {
      if (restored.has(node)) return;
      restored.add(node);
      if (node.kind === 'file') return node.crash(this.#prng);
      node.restore();
      for (const child of node.entries.values()) restore(child);
    };
    restore(this.root);
  }
}

export const failed = (path: string, why: string): StatusError =>
  new StatusError('disk_failed', `Cannot use "${path}": ${why}`);

function allNodes(node: DiskNode): readonly DiskNode[] {
  if (node.kind === 'file') return [node];
  return [node, ...[...node.entries.values()].flatMap(allNodes)];
}

function withCapacity(bytes: Uint8Array<ArrayBuffer>, sizeBytes: number): Uint8Array<ArrayBuffer> {
  if (sizeBytes <= bytes.length) return bytes;
  const grown = new Uint8Array(Math.max(sizeBytes, 2 * bytes.length));
  grown.set(bytes);
  return grown;
}
