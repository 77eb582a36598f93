import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { expectReason } from '@skerry/testing';
import { type KeyValue, MemoryStore, type OrderedStore, StatusError, toHex, utf8 } from '@skerry/kernel';
import { type Kv, openKv } from './index.ts';
import { layerFlushesMax } from './lmdb-store.ts';

let directory = '';
let store: Kv;
const path = (): string => join(directory, 'store');
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-kv-'));
  store = await openKv({ path: path() });
});
afterEach(async () => {
  await store.close();
  await rm(directory, { recursive: true });
});
const put = (into: OrderedStore, key: string, value: string): void =>
  into.transaction((writer) => writer.put(utf8(key), utf8(value)));
const text = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString();
const rows = (found: Iterable<KeyValue>): string[] => [...found].map(([k, v]) => `${toHex(k)}=${toHex(v)}`);

describe('what is written', () => {
  test('is there after flush and reopening', async () => {
    put(store, 'a', '1');
    await store.flush();
    expect(store.statistics()).toMatchObject({ pendingBytes: 0, commits: 1 });
    await store.close();
    store = await openKv({ path: path() });
    expect(text(store.get(utf8('a')))).toBe('1');
  });
  test('is written to disk by close', async () => {
    put(store, 'a', '1');
    await store.close();
    store = await openKv({ path: path() });
    expect(text(store.get(utf8('a')))).toBe('1');
  });
  test('is readable while a flush runs, and stays hidden when deleted meanwhile', async () => {
    put(store, 'a', '1');
    put(store, 'b', '2');
    const flushed = store.flush();
    store.transaction((writer) => writer.delete(utf8('a')));
    expect(store.get(utf8('a'))).toBeUndefined();
    await flushed;
    expect(store.get(utf8('a'))).toBeUndefined();
    expect(rows(store.range({ from: utf8('a') }))).toEqual(['62=32']);
    await store.flush();
    expect(rows(store.range({ from: utf8('a') }))).toEqual(['62=32']);
  });
  test('a range begun before a flush still gives every row written before it began', async () => {
    for (let i = 0; i < 600; i++) put(store, `k${String(i).padStart(4, '0')}`, 'v');
    const walk = store.range({ from: utf8('k') })[Symbol.iterator]();
    walk.next();
    await store.flush();
    let count = 1;
    while (walk.next().done !== true) count += 1;
    expect(count).toBe(600);
  });
  test('goes to disk by itself when much is pending', async () => {
    await store.close();
    const flushBytes = 1_000;
    store = await openKv({ path: path(), flushBytes });
    for (let i = 0; i < 50; i++) put(store, `key${i}`, 'x'.repeat(100));
    const deadline = Date.now() + 5_000;
    while (store.statistics().pendingBytes >= flushBytes && Date.now() < deadline)
      await new Promise((resolve) => setImmediate(resolve));
    expect(store.statistics().pendingBytes).toBeLessThan(flushBytes);
    expect(store.statistics().commits).toBeGreaterThan(0);
  });
  test('a throw in a transaction leaves nothing', () => {
    put(store, 'a', '1');
    expect(() =>
      store.transaction((writer) => {
        writer.put(utf8('a'), utf8('2'));
        writer.put(utf8('b'), utf8('3'));
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(rows(store.range({ from: utf8('a') }))).toEqual(['61=31']);
  });
  test('a value does not change when the caller changes its buffer, nor by a later write', () => {
    const value = utf8('one');
    store.transaction((writer) => writer.put(utf8('a'), value));
    value.fill(0);
    const kept = store.get(utf8('a'));
    put(store, 'a', 'two');
    expect(text(kept)).toBe('one');
  });
});

describe('making durable', () => {
  test('what rows point at is made durable first; what is written meanwhile waits for the next commit', async () => {
    const order: string[] = [];
    store.beforeCommit?.(async () => {
      order.push(`before commit ${store.statistics().commits + 1}`);
      if (order.length === 1) put(store, 'late', '2');
      await Promise.resolve();
    });
    put(store, 'early', '1');
    await store.flush();
    expect(order).toEqual(['before commit 1']);
    expect(store.statistics().pendingKeys).toBe(1);
    await store.flush();
    expect(order).toEqual(['before commit 1', 'before commit 2']);
  });
  test('what gathers behind a slow disk is readable, and goes to it in parts of whole transactions', async () => {
    await store.close();
    const flushBytes = 2_000;
    store = await openKv({ path: path(), flushBytes });
    const model = new MemoryStore();
    const keys = Array.from({ length: 120 }, (_, i) => `key${i}`);
    for (const each of [store, model]) for (const key of keys) put(each, key, 'on disk');
    await store.flush();
    let release = (): void => undefined;
    const slow = new Promise<void>((resolve) => (release = resolve));
    const pendingAt: number[] = [];
    store.beforeCommit?.(() => {
      pendingAt.push(store.statistics().pendingBytes);
      return slow;
    });
    for (let i = 0; i < 300; i++)
      for (const each of [store, model])
        each.transaction((writer) => {
          writer.put(utf8(`key${i % 60}`), utf8(`value ${i}`));
          if (i % 7 === 0) writer.delete(utf8(`key${(i * 5) % 120}`));
        });
    const all = { from: utf8('key') };
    expect(rows(store.range(all))).toEqual(rows(model.range(all)));
    for (const key of keys) expect(text(store.get(utf8(key)))).toBe(text(model.get(utf8(key))));
    const gatheredBytes = store.statistics().pendingBytes;
    release();
    await store.flush();
    expect(rows(store.range(all))).toEqual(rows(model.range(all)));
    expect(store.statistics().commits).toBeGreaterThan(gatheredBytes / ((layerFlushesMax + 1) * flushBytes));
    // Each commit takes no more than a layer.
    const taken = pendingAt.slice(1).map((bytes, i) => (pendingAt[i] ?? 0) - bytes);
    for (const bytes of taken.slice(1)) expect(bytes).toBeLessThan((layerFlushesMax + 1) * flushBytes);
    await store.close();
    store = await openKv({ path: path() });
    expect(rows(store.range(all))).toEqual(rows(model.range(all)));
  });
  test('when that fails nothing is committed, and it is final unless the disk is full', async () => {
    let failure: StatusError | undefined = new StatusError('disk_full', 'ENOSPC');
    store.beforeCommit?.(() => (failure === undefined ? Promise.resolve() : Promise.reject(failure)));
    put(store, 'a', '1');
    await expectReason(store.flush(), 'disk_full');
    put(store, 'b', '2');
    failure = undefined;
    await store.flush();
    expect(store.statistics()).toMatchObject({ pendingBytes: 0, commits: 1 });
    failure = new StatusError('disk_failed', 'EIO');
    put(store, 'c', '3');
    await expectReason(store.flush(), 'disk_failed');
    expect(() => put(store, 'd', '4')).toThrow('EIO');
    await expectReason(store.close(), 'disk_failed');
    store = await openKv({ path: path() });
    expect(rows(store.range({ from: utf8('a') }))).toEqual(['61=31', '62=32']);
  });
  test('what did not fit is tried again together with what came since', async () => {
    let failure: StatusError | undefined = new StatusError('disk_full', 'ENOSPC');
    store.beforeCommit?.(() => (failure === undefined ? Promise.resolve() : Promise.reject(failure)));
    put(store, 'large', 'x'.repeat(10_000));
    put(store, 'kept', '1');
    await expectReason(store.flush(), 'disk_full');
    store.transaction((writer) => writer.delete(utf8('large')));
    expect(rows(store.range({ from: utf8('a') }))).toEqual([`${toHex(utf8('kept'))}=31`]);
    expect(store.statistics().pendingBytes).toBeLessThan(1_000);
    failure = undefined;
    await store.flush();
    expect(rows(store.range({ from: utf8('a') }))).toEqual([`${toHex(utf8('kept'))}=31`]);
  });
});

describe('damage', () => {
  test('a flipped bit of a value is found, store and key named', async () => {
    put(store, 'victim', 'A'.repeat(64));
    await store.close();
    const file = join(path(), 'data.mdb');
    const bytes = await readFile(file);
    const at = bytes.lastIndexOf('A'.repeat(64));
    expect(at).toBeGreaterThan(0);
    // Every copy of the value: LMDB may keep an older page.
    for (let from = 0; ;) {
      const found = bytes.indexOf('A'.repeat(64), from);
      if (found < 0) break;
      bytes[found + 5] = 0x42;
      from = found + 64;
    }
    await writeFile(file, bytes);
    store = await openKv({ path: path() });
    const message = new RegExp(`${path()}.*${toHex(utf8('victim'))}`);
    expect(() => store.get(utf8('victim'))).toThrow(message);
    expect(() => rows(store.range({ from: utf8('a') }))).toThrow(message);
    try {
      store.get(utf8('victim'));
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(StatusError);
      expect((thrown as StatusError).reason).toBe('corrupt');
    }
  });
  test('a newer format is refused and left as it is', async () => {
    await store.close();
    const file = join(path(), 'format.json');
    await writeFile(file, '{"format":"skerry-kv","version":99}');
    const before = await readFile(join(path(), 'data.mdb'));
    await expect(openKv({ path: path() })).rejects.toMatchObject({ reason: 'format_newer' });
    expect(await readFile(join(path(), 'data.mdb'))).toEqual(before);
    await writeFile(file, '{"format":"skerry-kv","version":1}');
    store = await openKv({ path: path() });
  });
});

describe('as the store in memory', () => {
  const key = fc.uint8Array({ minLength: 1, maxLength: 3, max: 3 });
  const operation = fc.oneof(
    fc.record({ kind: fc.constant('put' as const), key, value: fc.uint8Array({ maxLength: 700 }) }),
    fc.record({ kind: fc.constant('delete' as const), key }),
    fc.record({ kind: fc.constant('flush' as const) }),
    fc.record({ kind: fc.constant('start flush' as const) }),
    fc.record({
      kind: fc.constant('range' as const),
      from: fc.uint8Array({ maxLength: 3, max: 3 }),
      to: fc.option(fc.uint8Array({ maxLength: 3, max: 4 }), { nil: undefined }),
      reverse: fc.boolean(),
      limit: fc.option(fc.nat(6), { nil: Infinity }),
    }),
  );
  test('any mix of writes, flushes and ranges gives the same rows', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 40 }), fc.boolean(), async (operations, isSmall) => {
        const small = isSmall ? { flushBytes: 300 } : {};
        const opened = await openKv({ path: join(directory, `property-${run++}`), ...small });
        const model = new MemoryStore();
        try {
          for (const step of operations) {
            if (step.kind === 'put')
              for (const each of [opened, model]) each.transaction((writer) => writer.put(step.key, step.value));
            else if (step.kind === 'delete')
              for (const each of [opened, model]) each.transaction((writer) => writer.delete(step.key));
            else if (step.kind === 'flush') await opened.flush();
            else if (step.kind === 'start flush') opened.flush().catch(() => undefined);
            else expect(rows(opened.range(step))).toEqual(rows(model.range(step)));
          }
          expect(rows(opened.range({ from: utf8('') }))).toEqual(rows(model.range({ from: utf8('') })));
        } finally {
          await opened.close();
        }
      }),
      { numRuns: 60 },
    );
  });
});
