/**
 * Events told to other programs by HTTP: in order for each address, at least once.
 *
 *     POST …    content-type: application/json
 *     skerry-event: upload            skerry-delivery: <id, the same for each try>
 *     skerry-timestamp: <seconds>     skerry-signature: sha256=<hex HMAC of "<timestamp>.<body>">
 *     { "id": …, "time": …, "node": …, "event": "upload", "address": …, "user": …, "path": …, … }
 *
 * What waits is kept in the node's folder for the next start, and survives a power cut once it is synced, some ms after it
 * happened; nothing that a client does ever waits for it.
 */
import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { randomId, StatusError } from '@skerry/kernel';
import type { ServiceEnvironment } from '@skerry/runtime-host';
import type { Counter } from '@skerry/runtime-telemetry';
import { pause } from '@skerry/runtime-world';
import type { Happening, HappeningKind } from './happening.ts';
import type { Config } from './settings.ts';
import { WebhookJournal } from './webhook-journal.ts';
import type { Delivery } from './webhook-lines.ts';

/** First pause after a try that failed, in ms; doubles up to {@link retryPauseMaxMs}. */
const retryPauseMinMs = 500;
/** Longest such pause, in ms. */
const retryPauseMaxMs = 60_000;
/** Shortest secret, in bytes: one that can be guessed signs nothing. */
const secretSizeMinBytes = 16;

type Options = Pick<
  Config,
  'webhook' | 'webhookEvents' | 'webhookSecretFile' | 'webhookTimeoutMs' | 'webhookTriesMax' | 'webhookQueueMax'
>;
/** In the node's folder. */
const journalPath = 'webhooks.jsonl';

/** Whether another try may help: the address was not reached, is busy or broken. Else it will never take this one. */
const mayRecover = (status: number): boolean => status >= 500 || status === 408 || status === 429;

export const signatureOf = (secret: string, timestamp: string, body: string): string =>
  `sha256=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;

export class Webhooks {
  readonly #config: Options;
  readonly #environment: ServiceEnvironment;
  readonly #queues: readonly Queue[];
  #secret: string | undefined;

  readonly #journal: WebhookJournal | undefined;

  private constructor(config: Options, environment: ServiceEnvironment, journal: WebhookJournal | undefined) {
    this.#config = config;
    this.#journal = journal;
    this.#environment = environment;
    const { telemetry } = environment;
    const outcomes = telemetry.counter('ftp_webhooks_total', 'Webhooks by outcome', ['outcome']);
    this.#queues = config.webhook.map(
      (url) => new Queue(url, config, environment, outcomes, () => this.#secret, journal),
    );
  }
  /** @throws StatusError `no_such_entry`, `malformed` when the secret cannot be read. */
  static async open(config: Options, environment: ServiceEnvironment): Promise<Webhooks> {
    if (config.webhook.length === 0) return new Webhooks(config, environment, undefined);
    const { world, telemetry } = environment;
    const failed = (error: unknown): void =>
      telemetry.emit({ event: 'webhook_journal_failed', level: 'warn', error: error as Error });
    const { journal, before } = await WebhookJournal.open(world.disk, journalPath, failed);
    const webhooks = new Webhooks(config, environment, journal);
    await webhooks.readSecret();
    webhooks.#resume(journal, before);
    return webhooks;
  }
  /** What the life before left. An address that is no webhook any more is told nothing. */
  #resume(journal: WebhookJournal, before: ReadonlyMap<string, readonly Delivery[]>): void {
    for (const [url, deliveries] of before) {
      const queue = this.#queues.find((each) => each.url === url);
      for (const delivery of deliveries)
        if (queue === undefined) journal.over(url, delivery.id);
        else queue.add(delivery, true);
    }
  }
  /** @throws StatusError `no_such_entry`, `malformed`; the secret before stays. */
  async readSecret(): Promise<void> {
    const { webhookSecretFile: path } = this.#config;
    if (path === undefined) return;
    const text = await readFile(path, 'utf8').catch((cause: unknown) => {
      throw new StatusError('no_such_entry', `Cannot read --webhook-secret-file: ${(cause as Error).message}`, {
        cause,
      });
    });
    const secret = text.trim();
    if (Buffer.byteLength(secret) < secretSizeMinBytes)
      throw new StatusError(
        'malformed',
        `Cannot use --webhook-secret-file "${path}": must hold at least ${secretSizeMinBytes} bytes`,
      );
    this.#secret = secret;
  }
  /** Somebody is to be told. */
  wants(kind: HappeningKind): boolean {
    return this.#queues.length > 0 && this.#config.webhookEvents.includes(kind);
  }
  tell({ kind, fields }: Happening, atMs: number): void {
    if (!this.wants(kind)) return;
    const { identity, world } = this.#environment;
    const id = randomId(world.random);
    const time = new Date(atMs).toISOString();
    const body = JSON.stringify({ id, time, node: identity.nodeId, event: kind, ...fields });
    for (const queue of this.#queues) queue.add({ id, kind, body });
  }
  /** Gives what is under way `graceMs`; what waits behind it waits for the next start. */
  async close(graceMs: number): Promise<void> {
    await Promise.all(this.#queues.map((queue) => queue.close(graceMs)));
    await this.#journal?.close();
  }
  status(): readonly Readonly<Record<string, unknown>>[] {
    return this.#queues.map((queue) => queue.status());
  }
}

class Queue {
  readonly url: string;
  readonly #journal: WebhookJournal | undefined;
  readonly #config: Options;
  readonly #environment: ServiceEnvironment;
  readonly #outcomes: Counter;
  readonly #secret: () => string | undefined;
  readonly #closing = new AbortController();
  readonly #waiting: Delivery[] = [];
  #working: Promise<void> | undefined;
  #dropped = 0;
  #delivered = 0;
  #full = false;

  constructor(
    url: string,
    config: Options,
    environment: ServiceEnvironment,
    outcomes: Counter,
    secret: () => string | undefined,
    journal: WebhookJournal | undefined,
  ) {
    this.url = url;
    this.#journal = journal;
    this.#config = config;
    this.#environment = environment;
    this.#outcomes = outcomes;
    this.#secret = secret;
  }
  /** `kept`: the journal has it already. */
  add(delivery: Delivery, kept = false): void {
    if (this.#closing.signal.aborted) return;
    if (!kept) this.#journal?.add(this.url, delivery);
    this.#waiting.push(delivery);
    // The first is under way: the oldest that only waits gives way.
    if (this.#waiting.length > this.#config.webhookQueueMax) {
      const [gone] = this.#waiting.splice(this.#waiting.length > 1 ? 1 : 0, 1);
      if (gone !== undefined) this.#journal?.over(this.url, gone.id);
      this.#lost(1);
      if (!this.#full) this.#report('webhook_queue_full', { waiting: this.#waiting.length });
      this.#full = true;
    }
    this.#working ??= this.#work();
  }
  async close(graceMs: number): Promise<void> {
    if (this.#working !== undefined) {
      const { clock } = this.#environment.world;
      const timer = clock.setTimer(graceMs, () => this.#closing.abort());
      await this.#working;
      timer.cancel();
    }
    this.#closing.abort();
  }
  status(): Readonly<Record<string, unknown>> {
    const { origin } = new URL(this.url);
    return { to: origin, waiting: this.#waiting.length, delivered: this.#delivered, dropped: this.#dropped };
  }

  async #work(): Promise<void> {
    try {
      for (let head = this.#waiting[0]; head !== undefined; head = this.#waiting[0]) {
        await this.#deliver(head);
        if (this.#closing.signal.aborted) return;
        this.#waiting.shift();
        this.#journal?.over(this.url, head.id);
        this.#full = false;
      }
    } finally {
      // At once: what came between the last look and a later turn would lie until the next event.
      this.#working = undefined;
    }
  }
  async #deliver(delivery: Delivery): Promise<void> {
    const { clock } = this.#environment.world;
    let pauseMs = retryPauseMinMs;
    for (let tries = 1; ; tries++) {
      const failure = await this.#tryOnce(delivery);
      if (this.#closing.signal.aborted) return;
      if (failure === undefined) {
        this.#delivered += 1;
        this.#outcomes.add(1, { outcome: 'delivered' });
        return;
      }
      if (!failure.again || tries >= this.#config.webhookTriesMax) {
        this.#lost(1);
        return this.#report('webhook_dropped', { id: delivery.id, kind: delivery.kind, tries, why: failure.why });
      }
      this.#outcomes.add(1, { outcome: 'tried_again' });
      await pause(clock, pauseMs, this.#closing.signal);
      pauseMs = Math.min(retryPauseMaxMs, pauseMs * 2);
    }
  }
  async #tryOnce({ id, kind, body }: Delivery): Promise<{ again: boolean; why: string } | undefined> {
    const { clock } = this.#environment.world;
    const timestamp = String(Math.floor(clock.wallMs() / 1_000));
    const secret = this.#secret();
    const late = new AbortController();
    const timer = clock.setTimer(this.#config.webhookTimeoutMs, () => late.abort());
    try {
      const response = await fetch(this.url, {
        method: 'POST',
        body,
        // A redirect would carry the event to where the operator did not say.
        redirect: 'manual',
        signal: AbortSignal.any([late.signal, this.#closing.signal]),
        headers: {
          'content-type': 'application/json',
          'skerry-event': kind,
          'skerry-delivery': id,
          'skerry-timestamp': timestamp,
          ...(secret === undefined ? {} : { 'skerry-signature': signatureOf(secret, timestamp, body) }),
        },
      });
      // Unread bodies would hold the connection.
      await response.body?.cancel();
      return response.ok ? undefined : { again: mayRecover(response.status), why: `status ${response.status}` };
    } catch (thrown) {
      const why = late.signal.aborted ? `no answer within ${this.#config.webhookTimeoutMs} ms` : causeOf(thrown);
      return { again: true, why };
    } finally {
      timer.cancel();
    }
  }
  #lost(count: number): void {
    this.#dropped += count;
    this.#outcomes.add(count, { outcome: 'dropped' });
  }
  #report(event: string, fields: Readonly<Record<string, unknown>>): void {
    const { origin } = new URL(this.url); // The rest of the address may hold a token.
    this.#environment.telemetry.emit({ event, level: 'warn', to: origin, dropped: this.#dropped, ...fields });
  }
}

/** fetch says "fetch failed" and hides why. */
const causeOf = (thrown: unknown): string => {
  const { cause, message } = thrown as Error;
  return cause instanceof Error || (typeof cause === 'object' && cause !== null && 'message' in cause)
    ? String((cause as Error).message)
    : message;
};
