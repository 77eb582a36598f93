/**
 * For tests: replica and blobs in memory, whose disk can be told to be full. The tests with a real disk are in
 * `disk.test.ts`.
 */
import { LogIndex, MemoryStore, Once, Prng, StatusError, Term, Epoch, HybridClock, NodeId } from '@skerry/kernel';
import type { BlobId, OperationId, OrderedWriter } from '@skerry/kernel';
import { FileTree, type FileTreeEffect } from '@skerry/domain-file-tree';
import type { Blobs, BlobWriter } from '@skerry/runtime-blobs';
import type { Replica } from '@skerry/runtime-replica';
import { ListedTree, type Listings } from './listings.ts';

export class MemoryReplica implements Replica {
  readonly state = new MemoryStore();
  readonly local = new MemoryStore();
  readonly isLeader = true;
  readonly isJoining = false;
  readonly leader = NodeId('data_1');
  appliedIndex = LogIndex(0);
  /** Thrown by the next proposals. */
  failure: StatusError | undefined;
  readonly commands: Uint8Array[] = [];
  readonly #machine: Once<FileTreeEffect>;
  readonly #clock = new HybridClock();
  readonly #blobs: MemoryBlobs;
  readonly #wallMs: () => number;

  constructor(blobs: MemoryBlobs, listings: Listings, wallMs: () => number) {
    this.#machine = new Once(new ListedTree(new FileTree(), listings));
    this.#blobs = blobs;
    this.#wallMs = wallMs;
    this.state.transaction((writer) => this.#machine.initialise(writer));
  }
  async propose(command: Uint8Array, operationId: OperationId): Promise<{ result: Uint8Array; index: LogIndex }> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.failure !== undefined) throw this.failure;
    const index = LogIndex(this.appliedIndex + 1);
    this.appliedIndex = index;
    this.commands.push(command);
    const time = this.#clock.tick(this.#wallMs());
    const entry = { epoch: Epoch('a'.repeat(32)), term: Term(1), index, operationId, time, command: command.slice() };
    const { result, effects } = this.state.transaction((writer) => this.#machine.apply(entry, writer));
    this.local.transaction((local) => effects.forEach((effect) => this.#perform(effect, local)));
    return { result, index };
  }
  #perform(effect: FileTreeEffect, local: OrderedWriter): void {
    if (effect.kind === 'content') this.#blobs.putSmall(effect.blob, effect.bytes, local);
    else if (effect.kind === 'forget') this.#blobs.forget(effect.blob, local);
  }
  remembered(id: OperationId): Uint8Array | undefined {
    return this.#machine.remembered(id, this.state);
  }
  onLeading(listener: () => void): () => void {
    if (this.isLeader) listener();
    return () => undefined;
  }
  readBarrier(): Promise<void> {
    return Promise.resolve();
  }
  now() {
    return this.#clock.tick(this.#wallMs());
  }
  changeLocal(body: (local: OrderedWriter) => void): void {
    this.local.transaction(body);
  }
  status(): ReturnType<Replica['status']> {
    const index = this.appliedIndex;
    return {
      group: 'data',
      epoch: '',
      term: 1,
      leader: true,
      leaderId: 'data_1',
      role: 'leader',
      standing: 'member',
      committed: index,
      applied: index,
      lag: 0,
      firstIndex: 1,
      lastIndex: index,
      voters: [NodeId('data_1')],
      outgoing: [],
      learners: [],
      failureTolerance: 0,
    };
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

type Held = { content: Uint8Array; published: boolean };

export class MemoryBlobs implements Blobs {
  readonly held = new Map<BlobId, Held>();
  readonly pins = new Map<BlobId, number>();
  readonly damaged = new Set<BlobId>();
  capacityBytes = Infinity;
  /** Of each piece that a read gives. */
  pieceBytes = 100_000;
  readonly #forgotten = new Set<BlobId>();

  get usedBytes(): number {
    return [...this.held.values()].reduce((sum, { content }) => sum + content.length, 0);
  }
  async create(id: BlobId): Promise<BlobWriter> {
    if (this.held.has(id)) throw new StatusError('entry_exists', `blob ${id} is there`);
    this.held.set(id, { content: new Uint8Array(0), published: false });
    return new MemoryWriter(id, this);
  }
  async resume(id: BlobId, length: number): Promise<BlobWriter> {
    const held = this.#find(id);
    if (held.published) throw new StatusError('no_such_entry', `no stage ${id}`);
    if (held.content.length < length) throw new StatusError('corrupt', `stage ${id} is short`);
    held.content = held.content.slice(0, length);
    return new MemoryWriter(id, this);
  }
  #find(id: BlobId): Held {
    const held = this.held.get(id);
    if (held === undefined) throw new StatusError('no_such_entry', `no blob ${id}`);
    return held;
  }
  async *read(
    id: BlobId,
    { offset, length }: { offset: number; length: number },
  ): AsyncGenerator<Uint8Array, void, undefined> {
    if (this.damaged.has(id)) throw new StatusError('corrupt', `blob ${id} is damaged at ${offset}`);
    for (let at = offset; at < offset + length; at += this.pieceBytes) {
      await new Promise((resolve) => setImmediate(resolve));
      yield this.#find(id).content.subarray(at, Math.min(at + this.pieceBytes, offset + length));
    }
  }
  pin(id: BlobId): () => void {
    this.pins.set(id, (this.pins.get(id) ?? 0) + 1);
    return () => {
      const left = (this.pins.get(id) ?? 1) - 1;
      if (left > 0) this.pins.set(id, left);
      else {
        this.pins.delete(id);
        if (this.#forgotten.has(id)) this.held.delete(id);
      }
    };
  }
  putSmall(id: BlobId, content: Uint8Array, _local?: OrderedWriter): void {
    this.held.set(id, { content: content.slice(), published: true });
  }
  forget(id: BlobId, _local?: OrderedWriter): void {
    if (this.pins.has(id)) this.#forgotten.add(id);
    else this.held.delete(id);
  }
  sync(): Promise<void> {
    return Promise.resolve();
  }
  async *list() {
    for (const [id, { content, published }] of this.held) yield { id, published, lengthBytes: content.length };
  }
  async *scrub() {}
  close(): Promise<void> {
    return Promise.resolve();
  }
}

class MemoryWriter implements BlobWriter {
  readonly id: BlobId;
  readonly #blobs: MemoryBlobs;
  durableLength: number;
  constructor(id: BlobId, blobs: MemoryBlobs) {
    this.id = id;
    this.#blobs = blobs;
    this.durableLength = this.length;
  }
  get length(): number {
    return this.#blobs.held.get(this.id)?.content.length ?? 0;
  }
  async write(bytes: Uint8Array): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#blobs.usedBytes + bytes.length > this.#blobs.capacityBytes)
      throw new StatusError('disk_full', 'disk is full');
    const held = this.#blobs.held.get(this.id);
    if (held === undefined) throw new StatusError('no_such_entry', 'stage was removed');
    const used = held.content.length;
    if (used + bytes.length > held.content.buffer.byteLength) {
      const grown = new Uint8Array(2 * (used + bytes.length));
      grown.set(held.content);
      held.content = grown.subarray(0, used);
    }
    held.content = new Uint8Array(held.content.buffer, 0, used + bytes.length);
    held.content.set(bytes, used);
  }
  async sync(): Promise<number> {
    await new Promise((resolve) => setImmediate(resolve));
    this.durableLength = this.length;
    return this.length;
  }
  async publish(): Promise<void> {
    await this.sync();
    const held = this.#blobs.held.get(this.id);
    if (held !== undefined) held.published = true;
  }
  async suspend(): Promise<void> {
    await this.sync();
  }
  async discard(): Promise<void> {
    this.#blobs.held.delete(this.id);
  }
}

/** A prime, so that no two chunks or pieces hold the same. */
const tileSizeBytes = 10_007;
/** Content that tells places apart. */
export function content(size: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(size);
  const tile = new Prng(seed).bytes(Math.min(size, tileSizeBytes));
  for (let at = 0; at < size; at += tile.length) bytes.set(tile.subarray(0, size - at), at);
  return bytes;
}
