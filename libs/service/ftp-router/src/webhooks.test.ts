import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { NodeId } from '@skerry/kernel';
import { readSettings } from '@skerry/runtime-config';
import type { ServiceEnvironment } from '@skerry/runtime-host';
import { nodeWorld } from '@skerry/runtime-node';
import { createTelemetry, type TelemetryEvent } from '@skerry/runtime-telemetry';
import type { Clock } from '@skerry/runtime-world';
import { eventually } from '@skerry/testing';
import { temporaryDirectory } from '@skerry/testing/node';
import { settings } from './settings.ts';
import { WebhookJournal } from './webhook-journal.ts';
import { signatureOf, Webhooks } from './webhooks.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

type Got = { readonly headers: IncomingMessage['headers']; readonly text: string; readonly body: { n: number } };
/** A receiver whose answer to its nth request (from 0) is `answer`. */
async function receiver(answer: (n: number, response: ServerResponse) => void): Promise<{ url: string; got: Got[] }> {
  const got: Got[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    request.on('end', () => {
      got.push({ headers: request.headers, text, body: JSON.parse(text) as { n: number } });
      answer(got.length - 1, response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?token=hidden`, got };
}
const reply =
  (status: number, headers: Record<string, string> = {}) =>
  (response: ServerResponse): void =>
    void response.writeHead(status, headers).end();
const fine = reply(204);

/** Fifty times as fast. */
const quick = (clock: Clock): Clock => ({
  ...clock,
  monotonicMs: () => clock.monotonicMs(),
  wallMs: () => clock.wallMs(),
  setTimer: (delayMs, callback) => clock.setTimer(delayMs / 50, callback),
});
async function opened(
  flags: Record<string, unknown>,
  dataDirectory = temporaryDirectory(),
): Promise<{ webhooks: Webhooks; events: TelemetryEvent[] }> {
  const world = nodeWorld(dataDirectory);
  const telemetry = createTelemetry({ nodeId: 'routing_1', role: 'routing', output: 'silent', processMetrics: false });
  const events: TelemetryEvent[] = [];
  telemetry.listen((event) => events.push(event));
  const environment = {
    telemetry,
    dataDirectory,
    identity: { nodeId: NodeId('routing_1') },
    world: { ...world, clock: quick(world.clock) },
  } as unknown as ServiceEnvironment;
  const webhooks = await Webhooks.open(readSettings(settings, { flags }), environment);
  closers.push(() => webhooks.close(0));
  return { webhooks, events };
}
const tell = (webhooks: Webhooks, n: number): void =>
  webhooks.tell({ kind: 'upload', fields: { n } }, 1_700_000_000_000);
const numbers = (got: readonly Got[]): number[] => got.map(({ body }) => body.n);

describe('webhooks', () => {
  test('an event arrives with its id, time and a signature that the secret proves', async () => {
    const secret = join(temporaryDirectory(), 'secret');
    writeFileSync(secret, 'correct horse battery staple\n');
    const { url, got } = await receiver((_, response) => fine(response));
    const { webhooks } = await opened({ webhook: url, webhookSecretFile: secret });
    tell(webhooks, 1);
    await eventually(() => got.length === 1);
    const [first] = got;
    if (first === undefined) throw new Error('nothing came');
    const { headers, text } = first;
    expect(JSON.parse(text)).toMatchObject({
      event: 'upload',
      node: 'routing_1',
      time: '2023-11-14T22:13:20.000Z',
      n: 1,
    });
    expect(headers).toMatchObject({ 'skerry-event': 'upload', 'content-type': 'application/json' });
    expect(headers['skerry-delivery']).toBe((JSON.parse(text) as { id: string }).id);
    const timestamp = String(headers['skerry-timestamp']);
    expect(headers['skerry-signature']).toBe(signatureOf('correct horse battery staple', timestamp, text));
  });
  test('one that is busy is asked again with the same id, and those behind wait in order', async () => {
    const { url, got } = await receiver((n, response) => (n < 2 ? reply(n === 0 ? 503 : 429) : fine)(response));
    const { webhooks } = await opened({ webhook: url });
    for (const n of [1, 2, 3]) tell(webhooks, n);
    await eventually(() => got.length === 5);
    expect(numbers(got)).toEqual([1, 1, 1, 2, 3]);
    expect(new Set(got.slice(0, 3).map(({ headers }) => headers['skerry-delivery'])).size).toBe(1);
    await eventually(() => webhooks.status()[0]?.['delivered'] === 3);
  });
  test.each([0, 1, 2])('one that comes %d microtasks after the last was over is not left lying', async (depth) => {
    const { url, got } = await receiver((_, response) => fine(response));
    const { webhooks } = await opened({ webhook: url });
    const original = Reflect.get(WebhookJournal.prototype, 'over');
    const spy = jest.spyOn(WebhookJournal.prototype, 'over').mockImplementation(function (this: WebhookJournal, ...of) {
      original.apply(this, of);
      const later = (left: number): void =>
        left > 0 ? queueMicrotask(() => later(left - 1)) : tell(webhooks, got.length + 1);
      if (got.length === 1) queueMicrotask(() => later(depth));
    });
    closers.push(async () => spy.mockRestore());
    tell(webhooks, 1);
    await eventually(() => got.length === 2);
    expect(numbers(got)).toEqual([1, 2]);
  });
  const refusals: readonly [rule: string, status: number, headers: Record<string, string>][] = [
    ['one that is refused for good', 400, {}],
    ['a redirect: the event goes nowhere else', 307, { location: 'http://127.0.0.1:1/' }],
  ];
  test.each(refusals)('%s is dropped at once, with an event that hides the token', async (_, status, headers) => {
    const { url, got } = await receiver((n, response) => (n === 0 ? reply(status, headers) : fine)(response));
    const { webhooks, events } = await opened({ webhook: url });
    for (const n of [1, 2]) tell(webhooks, n);
    await eventually(() => got.length === 2);
    expect(numbers(got)).toEqual([1, 2]);
    expect(events).toContainEqual(
      expect.objectContaining({ event: 'webhook_dropped', why: `status ${status}`, dropped: 1 }),
    );
    expect(JSON.stringify(events)).not.toContain('hidden');
  });
  test('one that does not answer in time is tried so often, then dropped', async () => {
    const { url, got } = await receiver(() => undefined);
    const { webhooks, events } = await opened({ webhook: url, webhookTimeoutMs: 1_000, webhookTriesMax: 3 });
    tell(webhooks, 1);
    await eventually(() => events.some(({ event }) => event === 'webhook_dropped'));
    expect(got).toHaveLength(3);
    expect(events).toContainEqual(expect.objectContaining({ tries: 3, why: 'no answer within 1000 ms' }));
  });
  test('a full queue drops its oldest that waits, counts it and says so once', async () => {
    let open: (() => void) | undefined;
    const { url, got } = await receiver((n, response) => (n === 0 ? (open = () => fine(response)) : fine(response)));
    const { webhooks, events } = await opened({ webhook: url, webhookQueueMax: 3, webhookTimeoutMs: 120_000 });
    for (const n of [1, 2, 3, 4, 5]) tell(webhooks, n);
    await eventually(() => open !== undefined);
    open?.();
    await eventually(() => got.length === 3);
    expect(numbers(got)).toEqual([1, 4, 5]);
    expect(webhooks.status()).toMatchObject([{ dropped: 2 }]);
    expect(events.filter(({ event }) => event === 'webhook_queue_full')).toHaveLength(1);
  });
  test('only what was asked for is told', async () => {
    const { url, got } = await receiver((_, response) => fine(response));
    const { webhooks } = await opened({ webhook: url, webhookEvents: 'kick' });
    tell(webhooks, 1);
    webhooks.tell({ kind: 'kick', fields: { n: 2 } }, 0);
    await eventually(() => got.length > 0);
    expect(numbers(got)).toEqual([2]);
  });
  test('nobody there: the end of the router waits no longer than its grace', async () => {
    const { webhooks } = await opened({ webhook: 'http://127.0.0.1:9/' });
    tell(webhooks, 1);
    await webhooks.close(100);
    expect(webhooks.status()).toMatchObject([{ waiting: 1, dropped: 0 }]);
  });
  test.each(['ends', 'is killed'])(
    'what waits when the router %s is told in its next life, with the same id',
    async (how) => {
      const folder = temporaryDirectory();
      let busy = true;
      const { url, got } = await receiver((n, response) => (busy && n > 0 ? reply(503) : fine)(response));
      const first = await opened({ webhook: url }, folder);
      for (const n of [1, 2, 3]) tell(first.webhooks, n);
      await eventually(() => got.length >= 2);
      const path = join(folder, 'webhooks.jsonl');
      // The first is over, and the file says so.
      await eventually(() => readFileSync(path, 'utf8').split('"over"').length === 2);
      const left = readFileSync(path, 'utf8');
      await first.webhooks.close(0);
      // Half a line is what a kill may leave.
      if (how === 'is killed') writeFileSync(path, `${left}{"url":"${url}","id":"x","ki`);
      busy = false;
      const told = got.length;
      const second = await opened({ webhook: url }, folder);
      await eventually(() => second.webhooks.status()[0]?.['delivered'] === 2);
      expect(numbers(got.slice(told))).toEqual([2, 3]);
      expect(got[told]?.headers['skerry-delivery']).toBe(got[1]?.headers['skerry-delivery']);
      await second.webhooks.close(0);
      const third = await opened({ webhook: url }, folder);
      expect([third.webhooks.status()[0]?.['waiting'], statSync(path).size, statSync(path).mode & 0o777]).toEqual([
        0, 0, 0o600,
      ]);
    },
  );
  test('what waited for an address that is no webhook any more is told to nobody', async () => {
    const folder = temporaryDirectory();
    const first = await opened({ webhook: 'http://127.0.0.1:9/' }, folder);
    tell(first.webhooks, 1);
    await first.webhooks.close(0);
    const { url, got } = await receiver((_, response) => fine(response));
    const second = await opened({ webhook: url }, folder);
    tell(second.webhooks, 2);
    await eventually(() => got.length === 1);
    await second.webhooks.close(0);
    const { journal, before } = await WebhookJournal.open(nodeWorld(folder).disk, 'webhooks.jsonl', () => undefined);
    await journal.close();
    expect([numbers(got), [...before.values()].flat()]).toEqual([[2], []]);
  });
  test.each(['ftp://x/', 'file:///etc/passwd', 'x'])('%s is no webhook', (webhook) => {
    expect(() => readSettings(settings, { flags: { webhook } })).toThrow('must be http or https addresses');
  });
  test('a secret that is too short is refused', async () => {
    const secret = join(temporaryDirectory(), 'secret');
    writeFileSync(secret, 'short');
    await expect(opened({ webhook: 'http://127.0.0.1:9/', webhookSecretFile: secret })).rejects.toThrow(
      'at least 16 bytes',
    );
  });
});
