import { describe, expect, it } from '@jest/globals';
import { Prng } from '@skerry/kernel';
import fc from 'fast-check';
import { checkLinearizable } from './check.ts';
import type { Model, Operation } from './history.ts';
import {
  appendListModel,
  keyValueModel,
  registerModel,
  type KeyValueInput,
  type KeyValueOutput,
  type ListInput,
  type RegisterInput,
} from './models.ts';

/** One line for each client; `w1` writes, `r1` reads 1, `r-` reads nothing, `w1?` has no answer. Columns are times. */
function register(...lines: readonly string[]): readonly Operation<RegisterInput, string | undefined>[] {
  return lines.flatMap((line, client) =>
    [...line.matchAll(/\[(w|r)(\w|-)(\?)? *(\])?/g)].map(({ 0: text, 1: kind, 2: value, 3: open, index }) => ({
      client: `c${client}`,
      calledAt: index,
      input: kind === 'r' ? { kind: 'read' as const } : { kind: 'write' as const, value: value! },
      returned:
        open === undefined
          ? { at: index + text.length, output: kind === 'r' && value !== '-' ? value : undefined }
          : undefined,
    })),
  );
}

describe('a register', () => {
  it.each([
    ['one after the other', true, ['[w1] [r1] [w2] [r2]']],
    ['nothing before the first write', true, ['[r-] [w1]']],
    ['a value that was never written', false, ['[w1] [r2]']],
    ['a stale read after the write returned', false, ['[w1] [w2]     ', '          [r1]']],
    ['either value while the write runs', true, ['[w1] [w2      ]', '      [r1]     ']],
    ['either value while the write runs, the other', true, ['[w1] [w2      ]', '      [r2]     ']],
    ['new, then old', false, ['[w1] [w2          ]', '      [r2] [r1]    ']],
    ['old, then new', true, ['[w1] [w2          ]', '      [r1] [r2]    ']],
    [
      'two readers who disagree on the order',
      false,
      ['[w1      ]', '[w2      ]', '          [r1] [r2]', '          [r2] [r1]'],
    ],
    ['no answer, and it happened', true, ['[w1] [w2?', '            [r1] [r2]']],
    ['no answer, and it did not happen', true, ['[w1] [w2?', '            [r1] [r1]']],
    ['no answer, and it happened and unhappened', false, ['[w1] [w2?', '            [r2] [r1]']],
    ['no answer, seen before it was called', false, ['[w1]      [w2?', '     [r2]']],
    ['two without an answer, in either order', true, ['[w1?', '[w2?', '      [r2] [r1]']],
  ])('%s', (_, wanted, lines) => {
    expect(checkLinearizable(register(...lines), registerModel).kind).toBe(wanted ? 'linearizable' : 'violated');
  });
});

describe('keys with compare-and-set', () => {
  const get = (key: string, value: string | undefined): [KeyValueInput, KeyValueOutput] => [
    { kind: 'get', key },
    { value, done: false },
  ];
  const cas = (
    expected: string | undefined,
    value: string,
    was: string | undefined,
  ): [KeyValueInput, KeyValueOutput] => [
    { kind: 'compareAndSet', key: 'k', expected, value },
    { value: was, done: was === expected },
  ];
  const inOrder = (...steps: readonly [KeyValueInput, KeyValueOutput][]): Operation<KeyValueInput, KeyValueOutput>[] =>
    steps.map(([input, output], n) => ({ client: 'a', calledAt: 2 * n, input, returned: { at: 2 * n + 1, output } }));
  it.each([
    ['set when it was as expected', true, inOrder(cas(undefined, '1', undefined), get('k', '1'))],
    ['not set when it was not', true, inOrder(cas('9', '1', undefined), get('k', undefined))],
    ['set twice by the same condition', false, inOrder(cas(undefined, '1', undefined), cas(undefined, '2', undefined))],
    ['keys do not touch each other', true, inOrder(cas(undefined, '1', undefined), get('other', undefined))],
  ])('%s', (_, wanted, history) => {
    expect(checkLinearizable(history, keyValueModel).kind).toBe(wanted ? 'linearizable' : 'violated');
  });
  it('names the key and the operation that cannot be', () => {
    const verdict = checkLinearizable(inOrder(cas(undefined, '1', undefined), get('k', '7')), keyValueModel);
    expect(verdict).toMatchObject({ kind: 'violated', key: 'k', explanation: expect.stringContaining('"value":"7"') });
  });
});

describe('lists that grow', () => {
  const append = (at: number, value: string, until: number | undefined): Operation<ListInput, readonly string[]> => ({
    client: value,
    calledAt: at,
    input: { kind: 'append', key: 'l', value },
    returned: until === undefined ? undefined : { at: until, output: [] },
  });
  const list = (at: number, ...values: readonly string[]): Operation<ListInput, readonly string[]> => ({
    client: 'reader',
    calledAt: at,
    input: { kind: 'list', key: 'l' },
    returned: { at: at + 1, output: values },
  });
  it.each([
    ['overlapping appends in either order', true, [append(0, 'a', 5), append(1, 'b', 5), list(6, 'b', 'a')]],
    ['an append that is lost', false, [append(0, 'a', 1), append(2, 'b', 3), list(6, 'b')]],
    ['an append that happened twice', false, [append(0, 'a', undefined), list(6, 'a', 'a')]],
    [
      'one without an answer that came late',
      true,
      [append(0, 'a', undefined), list(6), append(8, 'b', 9), list(10, 'b', 'a')],
    ],
    ['an order that changes', false, [append(0, 'a', 5), append(1, 'b', 5), list(6, 'b', 'a'), list(8, 'a', 'b')]],
  ])('%s', (_, wanted, history) => {
    expect(checkLinearizable(history, appendListModel).kind).toBe(wanted ? 'linearizable' : 'violated');
  });
});

/** Tries every order, with and without each operation that has no answer. */
function byForce<State, Input, Output>(
  history: readonly Operation<Input, Output>[],
  model: Model<State, Input, Output>,
  state = model.initial,
): boolean {
  if (history.every(({ returned }) => returned === undefined)) return true;
  return history.some((operation, place) => {
    const rest = history.toSpliced(place, 1);
    if (rest.some(({ returned }) => returned !== undefined && returned.at < operation.calledAt)) return false;
    const after = model.apply(state, operation.input);
    const fits = operation.returned === undefined || model.sameOutput(operation.returned.output, after.output);
    return fits && byForce(rest, model, after.state);
  });
}

describe('any history', () => {
  const value = fc.constantFrom('1', '2');
  const input: fc.Arbitrary<KeyValueInput> = fc.oneof(
    fc.record({ kind: fc.constant('get' as const), key: fc.constant('k') }),
    fc.record({ kind: fc.constant('put' as const), key: fc.constant('k'), value }),
    fc.record({
      kind: fc.constant('compareAndSet' as const),
      key: fc.constant('k'),
      expected: fc.option(value, { nil: undefined }),
      value,
    }),
  );
  const operation = fc
    .record({
      input,
      calledAt: fc.nat(12),
      length: fc.integer({ min: 1, max: 8 }),
      answered: fc.integer({ min: 0, max: 4 }).map((n) => n > 0),
      seen: fc.option(value, { nil: undefined }),
    })
    .map(({ input: asked, calledAt, length, answered, seen }): Operation<KeyValueInput, KeyValueOutput> => {
      // An answer that the model could give in some state, or the search would have nothing to do.
      const { output } = keyValueModel.apply(seen, asked);
      return {
        client: 'c',
        calledAt,
        input: asked,
        returned: answered ? { at: calledAt + length, output } : undefined,
      };
    });
  it('is judged as by trying every order', () => {
    let good = 0;
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 6 }), (history) => {
        const wanted = byForce(history, keyValueModel);
        if (wanted) good += 1;
        expect(checkLinearizable(history, keyValueModel).kind).toBe(wanted ? 'linearizable' : 'violated');
      }),
      { numRuns: 2_000, seed: 4 },
    );
    expect(good).toBeGreaterThan(200);
    expect(good).toBeLessThan(1_800);
  });
});

/** What `clients` see of one key when each operation takes effect at a random instant between call and return. */
function history(count: number, clients: number, lost: number): Operation<KeyValueInput, KeyValueOutput>[] {
  const random = new Prng(7);
  const free = Array.from({ length: clients }, () => 0);
  const planned = Array.from({ length: count }, (_, n) => {
    const client = n % clients;
    const calledAt = free[client]! + random.between(1, 10);
    const at = calledAt + random.between(1, 20);
    const returnAt = at + random.between(1, 20);
    free[client] = returnAt;
    const put = random.chance(0.5);
    const input: KeyValueInput = put ? { kind: 'put', key: 'k', value: `v${n}` } : { kind: 'get', key: 'k' };
    return { client: `c${client}`, calledAt, at, returnAt, input, answered: !put || !random.chance(lost) };
  });
  let state: string | undefined;
  return planned
    .toSorted((a, b) => a.at - b.at)
    .map(({ client, calledAt, returnAt, input, answered }) => {
      const { state: next, output } = keyValueModel.apply(state, input);
      state = next;
      return { client, calledAt, input, returned: answered ? { at: returnAt, output } : undefined };
    });
}

describe('long histories', () => {
  it.each([
    ['of one key', 10_000, 8, 0],
    ['of one key, with lost answers', 10_000, 8, 0.01],
    ['of one key, with 16 clients at once', 2_000, 16, 0],
  ])('%s', (_, count, clients, lost) => {
    const seen = history(count, clients, lost);
    expect(checkLinearizable(seen, keyValueModel).kind).toBe('linearizable');
    const last = seen.findLastIndex(({ input }) => input.kind === 'get');
    const { calledAt } = seen[last]!;
    const stale = seen.with(last, {
      ...seen[last]!,
      returned: { at: calledAt + 1, output: { value: 'v0', done: false } },
    });
    expect(checkLinearizable(stale, keyValueModel).kind).not.toBe('linearizable');
  });
});
