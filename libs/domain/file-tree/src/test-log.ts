/** For tests: a log of one replica, with short ways to write its commands. */
import { BlobId, Epoch, LogIndex, MemoryStore, Once, OperationId, Term } from '@skerry/kernel';
import type { Entry, StateMachine } from '@skerry/kernel';
import { encodeCommand } from './command-codec.ts';
import type { Combine, FileTreeCommand, FileTreeEffect, OpenStage, Put, Quota } from './command.ts';
import { FileTree } from './file-tree.ts';
import { EntryId, type Place, rootDirectory } from './ids.ts';
import { decodeOutcome, type Outcome } from './outcome.ts';
import { lookup } from './read.ts';

const hex = (value: number, first: string): string => first + value.toString(16).padStart(31, '0');
export const blob = (n: number): BlobId => BlobId(hex(n, 'b'));
export const id = (n: number): EntryId => EntryId(hex(n, 'e'));
export const operation = (n: number): OperationId => OperationId(hex(n, 'c'));
export const epoch = Epoch(hex(7, 'a'));
export const startMs = 1_700_000_000_000;
export const noQuota: Quota = { bytes: undefined, files: undefined };
export const inRoot = (name: string): Place => ({ directory: rootDirectory, name });

export class TestLog {
  readonly store = new MemoryStore();
  readonly entries: Entry[] = [];
  effects: readonly FileTreeEffect[] = [];
  readonly #machine: StateMachine<FileTreeEffect> = new Once(new FileTree());
  #nextId = 1_000;

  constructor() {
    this.store.transaction((writer) => this.#machine.initialise(writer));
  }
  get index(): number {
    return this.entries.length;
  }
  nextId(): number {
    return this.#nextId++;
  }
  /** `index` n has the time `startMs + n` and, unless told, an operation of its own. */
  apply(command: FileTreeCommand, operationId?: OperationId): Outcome {
    const index = this.entries.length + 1;
    const entry: Entry = {
      epoch,
      term: Term(1),
      index: LogIndex(index),
      operationId: operationId ?? operation(index),
      time: { wallMs: startMs + index, counter: 0 },
      command: encodeCommand(command),
    };
    this.entries.push(entry);
    return this.replay(entry);
  }
  replay(entry: Entry): Outcome {
    const applied = this.store.transaction((writer) => this.#machine.apply(entry, writer));
    this.effects = applied.effects;
    return decodeOutcome(applied.result);
  }
  place(path: string): Place {
    const found = lookup(this.store, path);
    if (found.kind === 'root') throw new Error(`no place: ${path}`);
    if (found.kind === 'unreachable') throw found.error;
    return found.place;
  }
  mkdir(path: string): Outcome {
    const { directory, name } = this.place(path);
    const more = { parents: false, user: 'ada', group: 'staff', mode: 0o755 };
    return this.apply({ kind: 'makeDirectory', directory, names: [name], ids: [id(this.nextId())], ...more });
  }
  put(path: string, size: number, over: Partial<Put> = {}): Outcome {
    return this.apply(putOf(this.place(path), blob(this.nextId()), size, { fileId: id(this.nextId()), ...over }));
  }
  openStage(path: string, over: Partial<OpenStage> = {}): Outcome {
    const more = {
      user: 'ada',
      from: 0,
      prefix: [],
      blob: blob(this.nextId()),
      blobLength: 0,
      cut: false,
      superseded: false,
      quota: noQuota,
    };
    return this.apply({ kind: 'openStage', place: this.place(path), ...more, ...over });
  }
  rename(from: string, to: string): Outcome {
    return this.apply({ kind: 'rename', from: this.place(from), to: this.place(to), user: 'ada' });
  }
  combine(path: string, parts: readonly string[], over: Partial<Combine> = {}): Outcome {
    const more = { user: 'ada', group: 'staff', mode: 0o644, fileId: id(this.nextId()), quota: noQuota };
    const places = parts.map((part) => this.place(part));
    return this.apply({ kind: 'combine', place: this.place(path), parts: places, ...more, ...over });
  }
  remove(path: string): Outcome {
    return this.apply({ kind: 'removeFile', place: this.place(path), user: 'ada' });
  }
}

export function putOf(place: Place, content: BlobId, size: number, over: Partial<Put> = {}): Put {
  return {
    kind: 'put',
    place,
    user: 'ada',
    group: 'staff',
    mode: 0o644,
    fileId: id(1),
    condition: { kind: 'any' },
    quota: noQuota,
    prefix: [],
    tail: size === 0 ? { kind: 'none' } : { kind: 'inline', blob: content, bytes: new Uint8Array(size).fill(size) },
    token: undefined,
    ...over,
  };
}

/** `ok`, or the reason of the failure. */
export const verdict = (outcome: Outcome): string => (outcome.ok ? 'ok' : outcome.error.reason);
