/** The state that the group replicates: keys with compare-and-set, each operation applied once, and a digest of all entries. */
import {
  compareBytes,
  Epoch,
  fromUtf8,
  Once,
  OperationId,
  present,
  utf8,
  type Applied,
  type KeyRange,
  type KeyValue,
  type OrderedWriter,
  type StateMachine,
} from '@skerry/kernel';
import { keyValueModel, type KeyValueInput, type KeyValueOutput } from '@skerry/testing/linearizability';
import type { Entry } from '../types.ts';

/** Never changed once made: disk and snapshots hold it as it is. */
export type State = { readonly index: number; readonly digest: number; readonly store: SharedStore };

/** An ordered store whose copies share what neither has changed. */
export class SharedStore implements OrderedWriter {
  #pairs: (readonly [Uint8Array, Uint8Array])[] = [];
  #shared = false;

  copy(): SharedStore {
    const other = new SharedStore();
    other.#pairs = this.#pairs;
    other.#shared = true;
    this.#shared = true;
    return other;
  }
  get(key: Uint8Array): Uint8Array | undefined {
    const pair = this.#pairs[this.#place(key)];
    return pair !== undefined && compareBytes(pair[0], key) === 0 ? pair[1] : undefined;
  }
  *range({ from, to, limit = Infinity }: KeyRange): Iterable<KeyValue> {
    const start = this.#place(from);
    const end = to === undefined ? this.#pairs.length : this.#place(to);
    for (const [key, value] of this.#pairs.slice(start, Math.min(end, start + limit))) yield [key, value];
  }
  put(key: Uint8Array, value: Uint8Array): void {
    this.#own();
    const place = this.#place(key);
    const found = this.#pairs[place];
    const isThere = found !== undefined && compareBytes(found[0], key) === 0;
    this.#pairs.splice(place, isThere ? 1 : 0, [key.slice(), value.slice()]);
  }
  delete(key: Uint8Array): void {
    if (this.get(key) === undefined) return;
    this.#own();
    this.#pairs.splice(this.#place(key), 1);
  }
  #own(): void {
    if (this.#shared) this.#pairs = [...this.#pairs];
    this.#shared = false;
  }
  #place(key: Uint8Array): number {
    let low = 0;
    let high = this.#pairs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareBytes((this.#pairs[middle] as readonly [Uint8Array, Uint8Array])[0], key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** What the clients ask for, as entries carry it: `operation` is the same when it is tried again. */
export type Command = { readonly operation: number; readonly input: KeyValueInput };
export const encodeCommand = (command: Command): Uint8Array => utf8(JSON.stringify(command));
const textOf = (bytes: Uint8Array): string => present(fromUtf8(bytes), 'text');
const decodeCommand = (body: Uint8Array): Command => JSON.parse(textOf(body)) as Command;

const keyPrefix = 'key/';
const keyValues: StateMachine<never> = {
  initialise: () => undefined,
  apply: ({ command }, state): Applied<never> => {
    const { input } = decodeCommand(command);
    const key = utf8(keyPrefix + input.key);
    const found = state.get(key);
    const before = found === undefined ? undefined : textOf(found);
    const { state: after, output } = keyValueModel.apply(before, input);
    if (after !== undefined && after !== before) state.put(key, utf8(after));
    return { result: utf8(JSON.stringify(output)), effects: [] };
  },
};
/** What goes on from a state, for whoever asks first: states are shared, and one of these is for one of them. */
const machines = new WeakMap<SharedStore, Once<never>>();
const epoch = Epoch('0'.repeat(32));

export const emptyState = (): State => ({ index: 0, digest: 0, store: new SharedStore() });
export function valueOf({ store }: State, key: string): string | undefined {
  const found = store.get(utf8(keyPrefix + key));
  return found === undefined ? undefined : textOf(found);
}

/** `answer`: of a command. */
export function applyEntry(
  { digest, store }: State,
  entry: Entry,
): { readonly state: State; readonly answer: KeyValueOutput | undefined } {
  const { index } = entry;
  const next = { index, digest: digestOf(digest, entry) };
  if (entry.kind !== 'command') return { state: { ...next, store }, answer: undefined };
  const operationId = OperationId(decodeCommand(entry.body).operation.toString(16).padStart(32, '0'));
  const changed = store.copy();
  const time = { wallMs: index, counter: 0 };
  const record = { epoch, term: entry.term, index, operationId, time, command: entry.body };
  const once = machines.get(store) ?? new Once(keyValues);
  machines.delete(store);
  const { result } = once.apply(record, changed);
  machines.set(changed, once);
  // Also of the answer: what the operations did must be the same everywhere.
  const state = { index, digest: digestBytes(next.digest, result), store: changed };
  return { state, answer: JSON.parse(textOf(result)) as KeyValueOutput };
}
/** For a mutant: as a snapshot would be that leaves them out. */
export function withoutOperations({ index, digest, store }: State): State {
  const bare = store.copy();
  for (const [key] of store.range({ from: utf8('once/'), to: utf8('once0') })) bare.delete(key);
  return { index, digest, store: bare };
}
export const operationOf = ({ kind, body }: Entry): number | undefined =>
  kind === 'command' ? decodeCommand(body).operation : undefined;

const digestOf = (digest: number, { term, kind, body }: Entry): number =>
  digestBytes(Math.imul(digest ^ term, 0x01000193) ^ kind.length, body);

function digestBytes(digest: number, bytes: Uint8Array): number {
  let hash = digest;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
