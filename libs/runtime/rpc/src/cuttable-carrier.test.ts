import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { StatusError } from '@skerry/kernel';
import { LinkFilter } from '@skerry/runtime-world';
import { chunkOf } from './chunk.ts';
import { startPair, until, type Pair } from './fixture.ts';

const nobody = { nodes: [], addresses: [] };
/** Long enough for what is on its way over loopback to arrive, were it sent. */
const quietMs = 150;
const quiet = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, quietMs));

let links: LinkFilter;
let pair: Pair;
beforeEach(async () => {
  links = new LinkFilter();
  pair = await startPair({ links });
});
afterEach(() => pair.close());
const cut = (): void => links.set({ nodes: ['data_1'], addresses: [] });
const failureOf = (call: Promise<unknown>): Promise<StatusError> =>
  call.then(
    () => Promise.reject(new Error('it succeeded')),
    (error: StatusError) => error,
  );

describe('a link that is cut', () => {
  test('a new call is not sent, and hangs until its deadline', async () => {
    cut();
    expect(await failureOf(pair.client.unary({}, { deadlineMs: 100 }))).toMatchObject({ reason: 'deadline' });
    expect(pair.seen.unary).toBe(0);
  });
  test('so does one to an address alone', async () => {
    links.set({ nodes: [], addresses: [pair.target.address] });
    expect(await failureOf(pair.client.unary({}, { deadlineMs: 50 }))).toMatchObject({ reason: 'deadline' });
    expect(pair.seen.unary).toBe(0);
  });
  test('others are not cut', async () => {
    links.set({ nodes: ['data_2'], addresses: ['127.0.0.1:1'] });
    expect(await pair.client.unary({ text: 'hi' })).toMatchObject({ text: 'hi' });
  });
  test('the answer to a call under way does not arrive', async () => {
    const call = failureOf(pair.client.unary({ delayMs: 50 }, { deadlineMs: 400 }));
    await until(() => pair.seen.unary === 1);
    cut();
    expect(await call).toMatchObject({ reason: 'deadline' });
  });
  test('an abort ends the call here, and is not told there', async () => {
    const abort = new AbortController();
    const call = failureOf(pair.client.unary({ delayMs: 3_000 }, { signal: abort.signal }));
    await until(() => pair.seen.unary === 1);
    cut();
    abort.abort();
    expect(await call).toMatchObject({ reason: 'cancelled' });
    await quiet();
    expect(pair.seen.aborted).toEqual([]);
  });
  test('a stream: nothing goes out, nothing comes in, and its end is not told', async () => {
    const chunk = chunkOf(new Uint8Array(10), pair.world.crc32);
    let give: (more: boolean) => void = () => undefined;
    const requests = async function* (): AsyncGenerator<{ chunk: typeof chunk }> {
      while (await new Promise<boolean>((resolve) => (give = resolve))) yield { chunk };
    };
    const abort = new AbortController();
    const responses = pair.client.bidi(requests(), { signal: abort.signal })[Symbol.asyncIterator]();
    const first = responses.next();
    await until(() => give.name !== 'give');
    give(true);
    expect((await first).done).toBe(false);
    cut();
    const second = failureOf(responses.next());
    give(true);
    await quiet();
    abort.abort();
    expect(await second).toMatchObject({ reason: 'cancelled' });
    await quiet();
    expect(pair.seen).toMatchObject({ cleanedUp: 0, aborted: [] });
    links.set(nobody);
    await until(() => pair.seen.cleanedUp === 1);
  });
  test('a stream that is silent for too long is given up, as over any connection', async () => {
    cut();
    const responses = pair.client.serverStream({ count: 1, size: 1 }, { progressDeadlineMs: 60 });
    expect(await failureOf(responses[Symbol.asyncIterator]().next())).toMatchObject({ reason: 'stalled' });
    expect(pair.seen.produced).toBe(0);
  });
});

describe('when it is mended', () => {
  test('calls that hang fail at once as over a lost connection, and the next ones succeed', async () => {
    cut();
    const calls = [
      failureOf(pair.client.unary({})),
      failureOf(pair.client.serverStream({ count: 1, size: 1 })[Symbol.asyncIterator]().next()),
    ];
    links.set(nobody);
    for (const failure of await Promise.all(calls)) expect(failure).toMatchObject({ reason: 'connection_lost' });
    expect(await pair.client.unary({ text: 'again' })).toMatchObject({ text: 'again' });
  });
  test('a retry of an idempotent call goes through', async () => {
    cut();
    const call = pair.client.unary({ text: 'late' }, { idempotent: true });
    links.set(nobody);
    expect(await call).toMatchObject({ text: 'late' });
  });
  test('a connection that was to be forgotten is closed then', async () => {
    await pair.client.unary({});
    cut();
    pair.caller.rpc.disconnect(pair.target);
    links.set(nobody);
    expect(await pair.client.unary({ text: 'new' })).toMatchObject({ text: 'new' });
  });
});
