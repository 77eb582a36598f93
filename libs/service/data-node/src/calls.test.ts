import { beforeEach, describe, expect, it } from '@jest/globals';
import { EntryId } from '@skerry/domain-file-tree';
import { equalBytes, utf8 } from '@skerry/kernel';
import { data } from '@skerry/proto';
import { access } from './handlers.ts';
import { context, reasonOf, sealer, type TestClient, text } from './test-client.ts';
import { content } from './test-doubles.ts';
import { TestNode } from './test-node.ts';

let node: TestNode;
let ada: TestClient;
beforeEach(() => {
  node = new TestNode();
  ada = node.client();
});
const { Operation } = data;

describe('a ticket', () => {
  const statWith = (ticket: Uint8Array): Promise<string> =>
    reasonOf(node.data.handlers().stat({ ticket }, context()) as Promise<unknown>);
  it('opens the call that it is for', async () => {
    expect(await statWith(ada.ticket(Operation.STAT, { path: '/' }))).toBe('none');
  });
  it.each<[string, () => Uint8Array, string]>([
    ['that is not sealed by this cluster', () => new Uint8Array(100), 'token_invalid'],
    ['sealed for another purpose', () => sealer.seal('grant', new Uint8Array(4)), 'token_invalid'],
    ['that is no message', () => sealer.seal('ticket', new Uint8Array([0xff, 0xff])), 'malformed'],
    ['for another operation', () => ada.ticket(Operation.LIST, { path: '/' }), 'access_denied'],
    ['that expired', () => ada.ticket(Operation.STAT, { path: '/', expiresAtMs: 1 }), 'token_expired'],
    ['without an operation id', () => ada.ticket(Operation.STAT, { path: '/', operationId: 'x' }), 'malformed'],
    ['with a relative path', () => ada.ticket(Operation.STAT, { path: 'a' }), 'path_invalid'],
    ['with ".." in its path', () => ada.ticket(Operation.STAT, { path: '/a/../b' }), 'path_invalid'],
    ['with a name of 256 bytes', () => ada.ticket(Operation.STAT, { path: `/${'x'.repeat(256)}` }), 'name_too_long'],
  ])('%s is refused', async (_, ticket, reason) => {
    expect(await statWith(ticket())).toBe(reason);
  });
  it('opens one stream, also after a restart', async () => {
    const operationId = 'ab'.repeat(16);
    await ada.put('/f', utf8('x'), { operationId });
    expect(await reasonOf(ada.put('/f', utf8('y'), { operationId }))).toBe('ticket_used');
    node.restart();
    ada = node.client();
    expect(await reasonOf(ada.put('/f', utf8('y'), { operationId }))).toBe('ticket_used');
    expect(text(await ada.get('/f'))).toBe('x');
  });
  it('gives the same answer when its change is asked for again', async () => {
    await ada.put('/f', utf8('x'));
    const operationId = 'cd'.repeat(16);
    await ada.remove('/f', { operationId });
    await ada.put('/f', utf8('y'));
    await ada.remove('/f', { operationId });
    expect(text(await ada.get('/f'))).toBe('y');
  });
});

describe('the tree', () => {
  it('is listed: the directory itself, then its entries in order, over several batches', async () => {
    await ada.mkdir('/a/b', true);
    await node.fill('/a', 1_001);
    const messages = [];
    const ticket = ada.ticket(Operation.LIST, { path: '/a' });
    for await (const message of node.data.handlers().list({ ticket, recursive: false }, context()))
      messages.push(message);
    expect(messages.map(({ entries }) => entries?.length)).toEqual([0, 1_000, 2]);
    expect(messages[0]?.self).toMatchObject({ name: 'a', kind: data.EntryKind.DIRECTORY, mode: 0o755, owner: 'ada' });
    const names = await ada.names('/a');
    expect(names).toEqual(names.toSorted());
    expect(new Set(names).size).toBe(1_002);
  });
  it.each<[change: string, act: () => Promise<unknown>]>([
    ['a file comes', () => ada.put('/a/new', utf8('x'))],
    ['a file is replaced', () => ada.put('/a/file', utf8('longer than before'))],
    ['a file goes', () => ada.remove('/a/file')],
    ['a directory comes', () => ada.mkdir('/a/new')],
    ['a name changes', () => ada.rename('/a/file', '/a/renamed')],
    ['a name leaves for another directory', () => ada.rename('/a/file', '/elsewhere')],
    ['a name comes from another directory', () => ada.rename('/b', '/a/b')],
  ])('a listing that was kept tells it when %s', async (_, act) => {
    await ada.mkdir('/a', true);
    await node.fill('/a', 600);
    await ada.put('/a/file', utf8('x'));
    await ada.put('/b', utf8('b'));
    const entries = async (): Promise<unknown[]> => {
      const all = [];
      const ticket = ada.ticket(Operation.LIST, { path: '/a' });
      for await (const message of node.data.handlers().list({ ticket, recursive: false }, context()))
        all.push(...(message.entries ?? []));
      return all;
    };
    const before = await entries();
    expect(await entries()).toEqual(before);
    const id = EntryId((await ada.stat('/a')).entry?.id ?? '');
    const { state } = node.replica;
    expect(node.listings.get(id, state)).toBeDefined();
    await act();
    const after = await entries();
    expect(after).not.toEqual(before);
    expect(node.listings.get(id, state)?.flat()).toEqual(after);
    node.listings.begin(id);
    expect(after).toEqual(await entries());
  });
  it('a kept listing tells what changed while it was read', async () => {
    await ada.mkdir('/a', true);
    await node.fill('/a', 1_200);
    const ticket = ada.ticket(Operation.LIST, { path: '/a' });
    let seen = 0;
    for await (const { entries } of node.data.handlers().list({ ticket, recursive: false }, context())) {
      seen += entries?.length ?? 0;
      if (seen === 1_000) await ada.put('/a/0', utf8('first of all'));
    }
    expect(await ada.names('/a')).toContain('0');
  });
  it('shows a file as itself, and the root as "/"', async () => {
    await ada.put('/f', utf8('abc'));
    expect(await ada.names('/f')).toEqual([]);
    expect((await ada.stat('/')).entry).toMatchObject({ name: '/', kind: data.EntryKind.DIRECTORY });
    expect((await ada.stat('/f')).entry).toMatchObject({ name: 'f', size: 3 });
    expect((await ada.stat('/f/g')).entry).toBeUndefined();
    expect((await ada.stat('/no')).entry).toBeUndefined();
  });
  it('changes by name', async () => {
    await ada.mkdir('/d');
    await ada.put('/d/f', utf8('abc'));
    await ada.rename('/d/f', '/g');
    await ada.rmdir('/d');
    expect(await ada.names('/')).toEqual(['g']);
    const ticket = ada.ticket(Operation.SET_ATTRIBUTES, { path: '/g' });
    const { entry } = await node.data.handlers().setAttributes({ ticket, modifiedAtMs: 1_000, mode: 0o600 }, context());
    expect(entry).toMatchObject({ name: 'g', modifiedAtMs: 1_000, mode: 0o600, size: 3 });
  });
  it.each<[string, () => Promise<unknown>, string]>([
    ['the root cannot be removed', () => ada.rmdir('/'), 'access_denied'],
    ['the root cannot be made', () => ada.mkdir('/'), 'entry_exists'],
    ['the root is there as a parent', () => ada.mkdir('/', true), 'none'],
    ['nothing is stored at the root', () => ada.put('/', utf8('x')), 'access_denied'],
    ['nothing is stored where no directory is', () => ada.put('/no/f', utf8('x')), 'no_such_entry'],
    ['a directory is not sent', () => ada.get('/'), 'is_a_directory'],
    ['what is not there is not sent', () => ada.get('/f'), 'no_such_entry'],
    ['what is not there is not listed', () => ada.names('/f'), 'no_such_entry'],
  ])('%s', async (_, act, reason) => {
    expect(await reasonOf(act())).toBe(reason);
  });
});

describe('a download', () => {
  const bytes = content(300_000);
  it.each<[string, number, number | undefined, number, number]>([
    ['from the beginning', 0, undefined, 0, 300_000],
    ['from a byte on', 250_000, undefined, 250_000, 300_000],
    ['some bytes', 99_999, 100_002, 99_999, 200_001],
    ['at the end: nothing', 300_000, undefined, 300_000, 300_000],
  ])('%s', async (_, offset, length, from, to) => {
    await ada.put('/f', bytes.subarray(0, 100_000));
    await ada.append('/f', bytes.subarray(100_000));
    const got = await ada.get('/f', { offset }, length);
    expect([got.length, equalBytes(got, bytes.subarray(from, to))]).toEqual([to - from, true]);
    const small = await ada.getSmall('/f', { offset }, length);
    expect(small === undefined ? got.length > 65_536 : equalBytes(small, got)).toBe(true);
  });
  it('beyond the end is refused', async () => {
    await ada.put('/f', bytes);
    expect(await reasonOf(ada.get('/f', { offset: 300_001 }))).toBe('offset_past_end');
  });
  it('of damaged content fails, is reported, and gives no damaged byte', async () => {
    await ada.put('/f', bytes);
    for (const id of node.blobs.held.keys()) node.blobs.damaged.add(id);
    expect(await reasonOf(ada.get('/f', { offset: 7 }))).toBe('corrupt');
    expect(node.events.find(({ event }) => event === 'content_damaged')).toMatchObject({
      path: '/f',
      offset: 7,
      level: 'error',
    });
    expect(node.blobs.pins.size).toBe(0);
  });
});

it('only routers move bytes, only processors change names', () => {
  expect([access.store, access.retrieve]).toEqual([['routing'], ['routing']]);
  for (const method of ['makeDirectory', 'removeDirectory', 'removeFile', 'rename', 'setAttributes'] as const)
    expect(access[method]).toEqual(['processing']);
});
