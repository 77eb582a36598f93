/** Checksums, joined files, listings of all that is below. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { utf8 } from '@skerry/kernel';
import { data } from '@skerry/proto';
import { digestCountMax, digestStepBytes, recursiveEntryCountMax } from './limits.ts';
import { context, reasonOf, type TestClient, text } from './test-client.ts';
import { content } from './test-doubles.ts';
import { TestNode } from './test-node.ts';

let node: TestNode;
let ada: TestClient;
beforeEach(() => {
  node = new TestNode();
  ada = node.client();
});
afterEach(() => node.data.digests.close());
const { DigestAlgorithm, Operation } = data;
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('a checksum', () => {
  const bytes = content(500_000);
  it.each([
    ['of the whole', 0, undefined],
    ['from an offset', 100_001, undefined],
    ['of a range', 99_999, 200_001],
    ['of nothing', 500_000, 0],
  ])('%s', async (_, offset, length) => {
    await ada.put('/f', bytes);
    const wanted = sha256(bytes.subarray(offset, length === undefined ? undefined : offset + length));
    expect(await ada.digest('/f', DigestAlgorithm.SHA256, { offset }, length)).toBe(wanted);
  });
  it('of a file in many pieces is that of its bytes', async () => {
    for (let at = 0; at < 50_000; at += 5_000) await ada.append('/f', bytes.subarray(at, at + 5_000));
    expect(await ada.digest('/f', DigestAlgorithm.SHA256)).toBe(sha256(bytes.subarray(0, 50_000)));
  });
  it.each([
    ['past the end', '/f', 5, undefined, 'offset_past_end'],
    ['over the end', '/f', 0, 5, 'offset_past_end'],
    ['of a directory', '/', 0, undefined, 'is_a_directory'],
    ['of nothing that is there', '/no', 0, undefined, 'no_such_entry'],
  ])('%s is refused', async (_, path, offset, length, reason) => {
    await ada.put('/f', utf8('four'));
    expect(await reasonOf(ada.digest(path, DigestAlgorithm.MD5, { offset }, length))).toBe(reason);
  });
  it('of an algorithm that is not known is refused', async () => {
    expect(await reasonOf(ada.digest('/', DigestAlgorithm.UNSPECIFIED))).toBe('malformed');
  });
  it('needs a ticket of its own', async () => {
    const ticket = ada.ticket(Operation.RETRIEVE, { path: '/' });
    const run = async (): Promise<void> => {
      const messages = node.data.handlers().digest({ ticket, algorithm: DigestAlgorithm.MD5, length: 0 }, context());
      for await (const _ of messages);
    };
    expect(await reasonOf(run())).toBe('access_denied');
  });
  it('of a large file tells that it goes on, and keeps the version that it began with', async () => {
    const large = content(digestStepBytes + 100_000);
    await ada.put('/f', large);
    const ticket = ada.ticket(Operation.DIGEST, { path: '/f' });
    const told = [];
    const request = { ticket, algorithm: DigestAlgorithm.SHA256, length: undefined };
    for await (const { digest, doneBytes } of node.data.handlers().digest(request, context())) {
      if (digest === undefined) await ada.put('/f', utf8('new'));
      told.push(digest === undefined ? doneBytes : Buffer.from(digest).toString('hex'));
    }
    expect(told).toHaveLength(2);
    expect(told[0]).toBeGreaterThanOrEqual(digestStepBytes);
    expect(told[1]).toBe(sha256(large));
  }, 20_000);
  it('is refused while too many are under way', async () => {
    await ada.put('/f', content(200_000));
    const start = () => {
      const ticket = ada.ticket(Operation.DIGEST, { path: '/f' });
      const request = { ticket, algorithm: DigestAlgorithm.MD5, length: undefined };
      return (node.data.handlers().digest(request, context()) as AsyncIterable<object>)[Symbol.asyncIterator]();
    };
    const running = Array.from({ length: digestCountMax }, start);
    const first = running.map((each) => each.next());
    expect(await reasonOf(start().next())).toBe('overloaded');
    await Promise.all(first);
    for (const each of running) await each.return?.();
    expect(await ada.digest('/f', DigestAlgorithm.MD5)).toHaveLength(32);
  });
});

describe('files that are combined', () => {
  it('are one, in their order; the parts are gone', async () => {
    for (const [name, bytes] of Object.entries({ whole: 'a', p1: 'b', p2: 'c' }))
      await ada.put(`/${name}`, utf8(bytes));
    await ada.combine('/whole', ['/p2', '/p1']);
    expect(text(await ada.get('/whole'))).toBe('acb');
    expect(await ada.names('/')).toEqual(['whole']);
    await ada.combine('/new', ['/whole']);
    expect(text(await ada.get('/new'))).toBe('acb');
  });
  it('again with the same operation: once', async () => {
    await ada.put('/p', utf8('b'));
    const operationId = 'ab'.repeat(16);
    await ada.combine('/whole', ['/p'], { operationId });
    await ada.put('/p', utf8('c'));
    await ada.combine('/whole', ['/p'], { operationId });
    expect(text(await ada.get('/whole'))).toBe('b');
    expect(await ada.names('/')).toEqual(['p', 'whole']);
  });
  it('one that is missing: nothing happens', async () => {
    await ada.put('/p', utf8('b'));
    expect(await reasonOf(ada.combine('/whole', ['/p', '/no']))).toBe('no_such_entry');
    expect(await ada.names('/')).toEqual(['p']);
  });
  it('many small ones are made one piece behind the client’s back', async () => {
    const names = Array.from({ length: 100 }, (_, i) => `/p${i}`);
    for (const [i, name] of names.entries()) await ada.put(name, content(10, i));
    await ada.combine('/whole', names);
    await node.data.compactor.close();
    const wanted = Buffer.concat(names.map((_, i) => content(10, i)));
    expect(Buffer.from(await ada.get('/whole')).equals(wanted)).toBe(true);
  });
});

describe('all that is below', () => {
  it('directory by directory; what is hidden is passed over', async () => {
    await ada.mkdir('/a/b/c', true);
    await ada.mkdir('/a/secret/x', true);
    await ada.put('/a/b/f', utf8('x'));
    await ada.put('/a/z', utf8('x'));
    expect(await ada.namesBelow('/a', { hiddenPaths: ['/a/secret'] })).toEqual([
      ...[':', '/b', '/secret', '/z'],
      ...['b:', 'b/c', 'b/f', 'b/c:'],
    ]);
    expect(await ada.namesBelow('/')).toHaveLength(1 + 1 + 4 + 3 + 1 + 2 + 1);
  });
  it('ends at its limit, and says so', async () => {
    await ada.mkdir('/a/b', true);
    await node.fill('/a', recursiveEntryCountMax - 1);
    expect((await ada.namesBelow('/a')).at(-1)).toBe('b:');
    await node.fill('/a/b', 1);
    const names = await ada.namesBelow('/a');
    expect(names.at(-1)).toBe('…');
    expect(names).toHaveLength(recursiveEntryCountMax + 3);
  }, 30_000);
});
