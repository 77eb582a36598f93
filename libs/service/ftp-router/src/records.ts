/** The operator's records: transfer log, audit log and webhooks, fed by the events of all sessions (F16). */
import { isAbsolute, join } from 'node:path';
import type { ServiceEnvironment } from '@skerry/runtime-host';
import { LineFile, type Telemetry, type TelemetryEvent } from '@skerry/runtime-telemetry';
import { happeningKindOf, happeningOf, type Happening } from './happening.ts';
import type { Config } from './settings.ts';
import { Webhooks } from './webhooks.ts';
import { xferlogLine } from './xferlog.ts';

/** How long lines and webhooks under way may take when the router stops, in ms. */
const closeMaxMs = 2_000;

type Options = Pick<
  Config,
  | 'transferLog'
  | 'transferLogFormat'
  | 'auditLog'
  | 'logFileBytesMax'
  | 'logFilesKept'
  | 'webhook'
  | 'webhookEvents'
  | 'webhookSecretFile'
  | 'webhookTimeoutMs'
  | 'webhookTriesMax'
  | 'webhookQueueMax'
>;

export class Records {
  readonly #config: Options;
  readonly #environment: ServiceEnvironment;
  readonly #transfers: LineFile | undefined;
  readonly #audit: LineFile | undefined;
  readonly #webhooks: Webhooks;
  readonly #stopListening: () => void;

  private constructor(config: Options, environment: ServiceEnvironment, webhooks: Webhooks) {
    const { telemetry } = environment;
    this.#config = config;
    this.#environment = environment;
    this.#webhooks = webhooks;
    this.#transfers = this.#file(config.transferLog);
    this.#audit = this.#file(config.auditLog === 'none' ? undefined : config.auditLog);
    this.#stopListening = telemetry.listen((event) => this.#heard(event));
  }
  /** @throws StatusError `no_such_entry`, `malformed` when the webhooks' secret cannot be read. */
  static async open(config: Options, environment: ServiceEnvironment): Promise<Records> {
    return new Records(config, environment, await Webhooks.open(config, environment));
  }

  /** After logrotate; and a new secret for webhooks. */
  async reopen(): Promise<void> {
    this.#transfers?.reopen();
    this.#audit?.reopen();
    await this.#webhooks.readSecret();
  }
  async close(): Promise<void> {
    this.#stopListening();
    await Promise.all([this.#transfers?.close(), this.#audit?.close(), this.#webhooks.close(closeMaxMs)]);
  }
  status(): Readonly<Record<string, unknown>> {
    return {
      linesDropped: (this.#transfers?.dropped ?? 0) + (this.#audit?.dropped ?? 0),
      webhooks: this.#webhooks.status(),
    };
  }

  #file(path: string | undefined): LineFile | undefined {
    if (path === undefined) return undefined;
    const { telemetry, dataDirectory } = this.#environment;
    const { logFileBytesMax, logFilesKept } = this.#config;
    const full = isAbsolute(path) ? path : join(dataDirectory, path);
    return new LineFile({
      path: full,
      sizeMaxBytes: logFileBytesMax,
      keepCount: logFilesKept,
      troubled: ({ error, dropped }) => reportTrouble(telemetry, full, error, dropped),
    });
  }
  #heard(event: TelemetryEvent): void {
    const atMs = this.#environment.world.clock.wallMs();
    const transfer = event.event === 'transfer_finished';
    const line = transfer && this.#transfers !== undefined ? this.#transferLine(event, atMs) : undefined;
    if (line !== undefined) this.#transfers?.write(line);
    const kind = happeningKindOf(event);
    // Transfers have a log of their own.
    const audited = this.#audit !== undefined && kind !== 'upload' && kind !== 'download';
    if (kind === undefined || (!audited && !this.#webhooks.wants(kind))) return;
    const happening = happeningOf(event);
    if (happening === undefined) return;
    if (audited) this.#audit?.write(auditLine(happening, atMs));
    this.#webhooks.tell(happening, atMs);
  }
  #transferLine(event: TelemetryEvent, atMs: number): string | undefined {
    const { kind, address, user, path, bytes, ms, ascii, outcome, tls, session } = event;
    if (kind !== 'store' && kind !== 'retrieve') return undefined;
    const complete = outcome === 'done';
    if (this.#config.transferLogFormat === 'json') {
      const time = new Date(atMs).toISOString();
      const { reason } = event;
      return JSON.stringify({
        time,
        kind,
        address,
        user,
        path,
        bytes,
        ms,
        ascii,
        tls,
        complete,
        outcome,
        reason,
        session,
      });
    }
    return xferlogLine(
      {
        kind,
        address: String(address),
        user: String(user),
        path: String(path),
        bytes: Number(bytes),
        ms: Number(ms),
        ascii: ascii === true,
        complete,
      },
      atMs,
    );
  }
}

/** One line, time and event first. */
export const auditLine = ({ kind, fields }: Happening, atMs: number): string =>
  JSON.stringify({ time: new Date(atMs).toISOString(), event: kind, ...fields });

function reportTrouble(telemetry: Telemetry, path: string, error: unknown, dropped: number): void {
  const what = error === undefined ? 'log_lines_dropped' : 'log_write_failed';
  telemetry.emit({ event: what, level: 'error', path, dropped, ...(error === undefined ? {} : { error }) });
}
