/** Bulk over TCP: no copy on the way out, and memory that is used again on the way in. */
import { afterAll, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { concatBytes, equalBytes, NodeId } from '@skerry/kernel';
import { common, testing } from '@skerry/proto';
import { blocksKept, blocksKeptMax, formatAddress, giveBack, takeBlock } from '@skerry/runtime-world';
import { chunkOf, chunkSizeMaxBytes, verifiedBytes } from './chunk.ts';
import { bulkEncoder, Encoded } from './encoded.ts';
import { EchoServiceDefinition, makeNode, temporaryWorld } from './fixture.ts';
import { bulkFromBytes, MessageMemory, prefixSizeBytes } from './message-memory.ts';
import { messageSizeMaxBytes } from './limits.ts';

const framed = (size: number, fill: number): Buffer => {
  const bytes = Buffer.alloc(prefixSizeBytes + size, fill);
  bytes.writeUInt8(0, 0);
  bytes.writeUInt32BE(size, 1);
  return bytes;
};

describe('memory of messages', () => {
  const sizes = fc.constantFrom(
    0,
    1,
    5,
    4_000,
    70_000,
    bulkFromBytes - 1,
    bulkFromBytes,
    chunkSizeMaxBytes + 100,
    1_500_000,
  );
  test('gives each message whole, however the bytes were cut', () =>
    fc.assert(
      fc.property(fc.array(sizes, { maxLength: 5 }), fc.array(fc.integer({ min: 1, max: 40_000 })), (all, cuts) => {
        const messages = all.map((size, i) => framed(size, i + 1));
        const wire = Buffer.from(concatBytes(messages));
        const memory = new MessageMemory();
        const found: Buffer[] = [];
        for (let at = 0, turn = 0; at < wire.length; turn++) {
          const size = cuts[turn % Math.max(1, cuts.length)] ?? 16_384;
          for (const message of memory.write(wire.subarray(at, at + size))) found.push(Buffer.from(message));
          at += size;
        }
        expect(found.length).toBe(messages.length);
        expect(found.every((message, i) => message.equals(messages[i] as Buffer))).toBe(true);
      }),
      { numRuns: 40 },
    ));
  test('large ones come in blocks, which come back with the content of the chunk', () => {
    const message = Buffer.from(
      testing.ServerStreamResponse.encode({
        header: undefined,
        chunk: { data: new Uint8Array(bulkFromBytes), crc32c: 0 },
      }).finish(),
    );
    const wire = framed(message.length, 0);
    message.copy(wire, prefixSizeBytes);
    const memory = new MessageMemory();
    const [first] = memory.write(wire);
    const kept = blocksKept();
    const { chunk } = testing.ServerStreamResponse.decode((first as Buffer).subarray(prefixSizeBytes));
    const bytes = verifiedBytes(chunk as common.Chunk, { checksum: () => 0, crc32: () => 1 });
    expect(bytes.buffer).toBe((first as Buffer).buffer);
    giveBack(bytes);
    expect(blocksKept()).toBe(Math.min(blocksKeptMax, kept + 1));
  });
  test('a message that is too large is refused before memory is taken for it', () => {
    const prefix = framed(0, 0);
    prefix.writeUInt32BE(messageSizeMaxBytes + 1, 1);
    const memory = new MessageMemory();
    expect(memory.write(prefix)).toEqual([]);
    expect(() => memory.write(Buffer.alloc(1))).toThrow(/limit/);
  });
});

describe('encoded bulk', () => {
  const chunk = (data: Uint8Array): common.Chunk => ({ data, crc32c: 7 });
  test('is the very memory of the sender, and comes back when it was sent', () => {
    const block = takeBlock();
    const data = block.lend(0, 5_000);
    block.end();
    const encoded = bulkEncoder(common.Chunk)(chunk(data));
    expect(encoded.pieces.some((piece) => piece === data)).toBe(true);
    expect(equalBytes(concatBytes(encoded.pieces), common.Chunk.encode(chunk(data)).finish())).toBe(true);
    encoded.sent();
    expect(takeBlock().bytes).toBe(block.bytes);
  });
  test('as one buffer is what the generated code writes', () => {
    const data = new Uint8Array(9_000).fill(3);
    const bytes = bulkEncoder(common.Chunk)(chunk(data)).toBuffer();
    expect(bytes.equals(common.Chunk.encode(chunk(data)).finish())).toBe(true);
    expect(new Encoded([]).toBuffer()).toHaveLength(0);
  });
});

describe('bulk over TCP', () => {
  const { world, remove } = temporaryWorld();
  afterAll(remove);
  const count = 60;
  const pieceOf = (i: number): Uint8Array => new Uint8Array(chunkSizeMaxBytes - i).fill(i);
  const lentPiece = (i: number): Uint8Array => {
    const block = takeBlock();
    const view = block.lend(0, chunkSizeMaxBytes - i);
    block.end();
    view.fill(i);
    return view;
  };
  /** Takes chunks, and tells how many memories they came in. */
  async function take(chunks: AsyncIterable<{ chunk?: common.Chunk | undefined }>): Promise<number> {
    const memories = new Set<ArrayBufferLike>();
    let i = 0;
    for await (const { chunk } of chunks) {
      if (chunk === undefined) continue;
      const bytes = verifiedBytes(chunk, world);
      expect(equalBytes(bytes, pieceOf(i++))).toBe(true);
      memories.add(bytes.buffer);
      giveBack(bytes);
    }
    expect(i).toBe(count);
    return memories.size;
  }
  async function* give(): AsyncGenerator<{ chunk: common.Chunk }> {
    for (let i = 0; i < count; i++) yield { chunk: chunkOf(lentPiece(i), world.crc32) };
  }
  async function pair() {
    const server = makeNode('data_1', 'data', world);
    const caller = makeNode('processing_1', 'processing', world);
    let came = Number.NaN;
    const handlers = {
      unary: async () => ({}),
      serverStream: give,
      clientStream: async () => ({ count: 0, size: 0 }),
      async *bidi(requests: AsyncIterable<testing.BidiRequest>) {
        yield {};
        came = await take(requests);
        yield {};
      },
    };
    const access = { unary: 'any', serverStream: 'any', clientStream: 'any', bidi: 'any' } as const;
    server.rpc.serve(EchoServiceDefinition, handlers, access);
    const address = formatAddress(await server.rpc.listen({ host: '127.0.0.1', port: 0 }));
    const client = caller.rpc.client(EchoServiceDefinition, { nodeId: NodeId('data_1'), address });
    const close = async () => {
      await Promise.all([caller.rpc.close(0), server.rpc.close(0)]);
    };
    return { client, came: () => came, close };
  }
  /** Bulk that went by grpc-js's own way, with two copies: the first messages of a stream may. */
  async function copiedDuring(work: () => Promise<void>): Promise<number> {
    const spy = jest.spyOn(Encoded.prototype, 'toBuffer');
    await work();
    const copied = spy.mock.contexts.filter((message) => (message as Encoded).length >= bulkFromBytes).length;
    spy.mockRestore();
    return copied;
  }
  test('from server to client comes whole, in few memories, and is not copied to be sent', async () => {
    const { client, close } = await pair();
    const copied = await copiedDuring(async () => {
      expect(await take(client.serverStream({ count }))).toBeLessThan(count / 2);
    });
    expect(copied).toBeLessThanOrEqual(2);
    await close();
  });
  test('from client to server comes whole, in few memories, and is not copied to be sent', async () => {
    const { client, came, close } = await pair();
    async function* requests() {
      yield {};
      yield* give();
    }
    const copied = await copiedDuring(async () => {
      const answers = client.bidi(requests())[Symbol.asyncIterator]();
      await answers.next();
      await answers.next();
      expect((await answers.next()).done).toBe(true);
    });
    expect(came()).toBeLessThan(count / 2);
    expect(copied).toBeLessThan(count / 4);
    await close();
  });
});

describe('small messages of a stream over TCP', () => {
  const { world, remove } = temporaryWorld();
  afterAll(remove);
  const count = 1_500;
  const pieceOf = (i: number): Uint8Array => new Uint8Array(1 + (i % 2_500)).fill(i);
  const chunk = (i: number): { chunk: common.Chunk } => ({ chunk: chunkOf(pieceOf(i), world.crc32) });

  test('pass grpc-js once the first was answered, and come whole and in order, though either side is slow for a while', async () => {
    const [server, caller] = [makeNode('data_1', 'data', world), makeNode('processing_1', 'processing', world)];
    let pauses = 0;
    const slowNow = async (i: number): Promise<void> => {
      if (i % 500 !== 250) return;
      pauses += 1;
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    };
    server.rpc.serve(
      EchoServiceDefinition,
      {
        unary: async () => ({}),
        serverStream: () => Promise.reject(new Error('not called')) as never,
        clientStream: async () => ({ count: 0, size: 0 }),
        async *bidi(requests: AsyncIterable<testing.BidiRequest>) {
          let i = 0;
          for await (const { chunk: got } of requests) {
            await slowNow(i++);
            yield { chunk: got };
          }
        },
      },
      { unary: 'any', serverStream: 'any', clientStream: 'any', bidi: 'any' },
    );
    const address = formatAddress(await server.rpc.listen({ host: '127.0.0.1', port: 0 }));
    const client = caller.rpc.client(EchoServiceDefinition, { nodeId: NodeId('data_1'), address });
    async function* requests() {
      for (let i = 0; i < count; i++) yield chunk(i);
    }
    const spy = jest.spyOn(Encoded.prototype, 'toBuffer');
    let i = 0;
    for await (const { chunk: got } of client.bidi(requests())) {
      await slowNow(i);
      expect(equalBytes(got?.data ?? new Uint8Array(0), pieceOf(i++))).toBe(true);
    }
    const direct = spy.mock.calls.filter(([prefixed]) => prefixed === true).length;
    spy.mockRestore();
    expect(i).toBe(count);
    expect(pauses).toBe(6);
    // Some of the caller's go before the first answer comes, as many as the transport takes at once.
    expect(direct).toBeGreaterThan(1.5 * count);
    await Promise.all([caller.rpc.close(0), server.rpc.close(0)]);
  });
});
