/** The other end of a push: whoever asks what is on disk is told, whenever it asks. */
import { expect, test } from '@jest/globals';
import { BlobId, crc32, crc32c } from '@skerry/kernel';
import type { copies } from '@skerry/proto';
import type { BlobWriter } from '@skerry/runtime-blobs';
import { type CallContext, chunkOf } from '@skerry/runtime-rpc';
import { content } from '../test-doubles.ts';
import { receive } from './receiver.ts';
import type { Shelf } from './shelf.ts';
import { quiet } from './test-clock.ts';

type Request = copies.PushRequest;
const requestOf = (part: Request['part']): Request => ({ header: undefined, part });
const blob = BlobId('a'.repeat(32));
const chunk = requestOf({ $case: 'chunk', value: chunkOf(content(10), crc32) });
const sync = requestOf({ $case: 'sync', value: {} });

/** A second question that many turns of promises after the first one's sync has ended. */
async function toldAfter(turns: number): Promise<number> {
  let [length, durableLength] = [0, 0];
  let synced = (): void => undefined;
  const firstSync = new Promise<void>((resolve) => (synced = resolve));
  const writer = {
    id: blob,
    write: async (bytes: Uint8Array) => void (length += bytes.length),
    sync: async () => {
      durableLength = length;
      synced();
      return durableLength;
    },
    get durableLength() {
      return durableLength;
    },
  } as unknown as BlobWriter;
  const shelf = {
    state: { get: () => undefined },
    claim: async () => ({ signal: new AbortController().signal, release: () => undefined }),
    held: async () => undefined,
    open: async () => writer,
    leave: async () => undefined,
  } as unknown as Shelf;
  let over = (): void => undefined;
  const untilOver = new Promise<void>((resolve) => (over = resolve));
  async function* requests(): AsyncGenerator<Request> {
    yield requestOf({ $case: 'start', value: { blob } });
    yield chunk;
    yield sync;
    await firstSync;
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    yield sync;
    await untilOver;
  }
  // What came between the questions.
  const counted = async function* (): AsyncGenerator<Request> {
    let syncs = 0;
    for await (const request of requests()) {
      if (request.part?.$case === 'sync' && (syncs += 1) === 2) length += 10;
      yield request;
    }
  };
  const parts = { shelf, checksums: { checksum: crc32c, crc32 }, received: () => undefined };
  const context = { signal: new AbortController().signal } as CallContext;
  let told = 0;
  const reading = (async () => {
    for await (const answer of receive(parts, counted(), context)) told = answer.length;
  })();
  await quiet();
  over();
  await reading;
  return told;
}

test('no question falls between the end of one sync and the beginning of the next', async () => {
  const told: number[] = [];
  for (let turns = 0; turns < 30; turns++) told.push(await toldAfter(turns));
  expect(told).toEqual(told.map(() => 20));
});
