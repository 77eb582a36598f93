/** What is told of a session: events and figures, never a secret. */
import { processing } from '@skerry/proto';
import type { StatusError } from '@skerry/kernel';
import type { Telemetry } from '@skerry/runtime-telemetry';
import type { CommandLabel } from './command-label.ts';
import type { Figures } from './figures.ts';
import type { Outcome, TransferRun } from './transfer.ts';

const transferKinds: Readonly<Record<processing.TransferKind, string>> = {
  [processing.TransferKind.UNSPECIFIED]: 'unspecified',
  [processing.TransferKind.RETRIEVE]: 'retrieve',
  [processing.TransferKind.STORE]: 'store',
  [processing.TransferKind.LIST]: 'list',
};

export class SessionRecord {
  readonly #telemetry: Telemetry;
  readonly #figures: Figures;
  readonly #session: string;
  readonly #client: string;
  /** The user that was named last. */
  user = '';
  commands = 0;

  constructor(telemetry: Telemetry, figures: Figures, session: string, client: string) {
    this.#telemetry = telemetry;
    this.#figures = figures;
    this.#session = session;
    this.#client = client;
  }
  opened(): void {
    this.#figures.sessions.add();
    this.#telemetry.emit({ event: 'session_opened', session: this.#session, client: this.#client });
  }
  closed(why: string, ms: number): void {
    const { user, commands } = this;
    const about = { session: this.#session, client: this.#client, user };
    this.#telemetry.emit({ event: 'session_closed', ...about, why, commands, ms: Math.round(ms) });
  }
  command(label: CommandLabel, code: number, ms: number): void {
    this.commands += 1;
    this.#figures.commands.add(1, { verb: label.verb, code: String(code) });
    this.#figures.commandSeconds.observe(ms / 1_000, { verb: label.verb });
    const about = { session: this.#session, user: this.user, ...label };
    this.#telemetry.emit({ event: 'command', level: 'debug', ...about, code, ms: Math.round(ms * 1_000) / 1_000 });
  }
  commandFailed(error: StatusError): void {
    this.#telemetry.emit({ event: 'command_failed', level: 'warn', session: this.#session, user: this.user, error });
  }
  tlsFailed(error: StatusError): void {
    const about = { session: this.#session, client: this.#client };
    this.#telemetry.emit({ event: 'tls_failed', level: 'warn', ...about, reason: error.reason });
  }
  failed(error: Error): void {
    this.#telemetry.emit({ event: 'session_failed', level: 'error', session: this.#session, error });
  }
  transfer(run: TransferRun, outcome: Outcome): void {
    const { transfer, clock } = run.job;
    const kind = transferKinds[transfer.kind];
    this.#figures.transfers.add(1, { kind, outcome: outcome.kind });
    this.#figures.transferBytes.add(run.bytes, { kind });
    this.#telemetry.emit({
      event: 'transfer_finished',
      session: this.#session,
      client: this.#client,
      user: this.user,
      kind,
      path: transfer.path,
      bytes: run.bytes,
      ms: Math.round(clock.monotonicMs() - run.startedMs),
      outcome: outcome.kind,
      ...(outcome.kind === 'failed' ? { reason: outcome.error.reason, error: outcome.error } : {}),
    });
  }
}
