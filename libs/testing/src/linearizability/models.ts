/** Sequential objects that histories are checked against. */
import type { Model } from './history.ts';

/** FNV-1a over UTF-16 units. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let place = 0; place < text.length; place++) hash = Math.imul(hash ^ text.charCodeAt(place), 0x01000193);
  return hash;
}

export type RegisterInput = { readonly kind: 'read' } | { readonly kind: 'write'; readonly value: string };

/** A write answers undefined, a read the value; undefined before the first write. */
export const registerModel: Model<string | undefined, RegisterInput, string | undefined> = {
  initial: undefined,
  apply: (state, input) =>
    input.kind === 'read' ? { state, output: state } : { state: input.value, output: undefined },
  isRead: ({ kind }) => kind === 'read',
  sameOutput: Object.is,
  sameState: Object.is,
  hash: (state) => (state === undefined ? 0 : hashOf(state)),
};

export type KeyValueInput =
  | { readonly kind: 'get'; readonly key: string }
  | { readonly kind: 'put'; readonly key: string; readonly value: string }
  /** Puts `value` if the key has `expected`; undefined: if it is not there. */
  | {
      readonly kind: 'compareAndSet';
      readonly key: string;
      readonly expected: string | undefined;
      readonly value: string;
    };
/** `value`: of a get, and of a compare-and-set what was there; `done`: whether it was put. */
export type KeyValueOutput = { readonly value: string | undefined; readonly done: boolean };

/** Keys are checked apart: the state is that of one. */
export const keyValueModel: Model<string | undefined, KeyValueInput, KeyValueOutput> = {
  initial: undefined,
  apply: (state, input) => {
    switch (input.kind) {
      case 'get':
        return { state, output: { value: state, done: false } };
      case 'put':
        return { state: input.value, output: { value: undefined, done: true } };
      case 'compareAndSet': {
        const done = state === input.expected;
        return { state: done ? input.value : state, output: { value: state, done } };
      }
    }
  },
  isRead: ({ kind }) => kind === 'get',
  sameOutput: (a, b) => a.value === b.value && a.done === b.done,
  sameState: Object.is,
  hash: (state) => (state === undefined ? 0 : hashOf(state)),
  keyOf: ({ key }) => key,
};

export type ListInput =
  | { readonly kind: 'append'; readonly key: string; readonly value: string }
  | { readonly kind: 'list'; readonly key: string };
type List = {
  readonly before: List | undefined;
  readonly value: string;
  readonly length: number;
  readonly hash: number;
};

const toArray = (list: List | undefined): readonly string[] => {
  const values: string[] = [];
  for (let at = list; at !== undefined; at = at.before) values.push(at.value);
  return values.toReversed();
};
function sameList(a: List | undefined, b: List | undefined): boolean {
  let [left, right] = [a, b];
  for (; left !== right; left = left.before, right = right.before) {
    if (left === undefined || right === undefined) return false;
    if (left.length !== right.length || left.hash !== right.hash || left.value !== right.value) return false;
  }
  return true;
}

/** An append answers nothing, a list all that was appended, in order: what one misses, or sees twice, shows at once. */
export const appendListModel: Model<List | undefined, ListInput, readonly string[]> = {
  initial: undefined,
  apply: (state, input) => {
    if (input.kind === 'list') return { state, output: toArray(state) };
    const hash = Math.imul((state?.hash ?? 0) ^ hashOf(input.value), 0x01000193);
    return { state: { before: state, value: input.value, length: (state?.length ?? 0) + 1, hash }, output: [] };
  },
  isRead: ({ kind }) => kind === 'list',
  sameOutput: (a, b) => a.length === b.length && a.every((value, place) => value === b[place]),
  sameState: sameList,
  hash: (state) => state?.hash ?? 0,
  keyOf: ({ key }) => key,
};
