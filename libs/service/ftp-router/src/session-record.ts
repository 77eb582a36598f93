/** What is told of a session: events and figures, never a secret. */
import { processing } from '@skerry/proto';
import type { StatusError } from '@skerry/kernel';
import type { Telemetry } from '@skerry/runtime-telemetry';
import { formatAddress, type Address } from '@skerry/runtime-world';
import type { CommandLabel } from './command-label.ts';
import type { Figures } from './figures.ts';
import type { Outcome, TransferRun } from './transfer.ts';

const transferKinds: Readonly<Record<processing.TransferKind, string>> = {
  [processing.TransferKind.UNSPECIFIED]: 'unspecified',
  [processing.TransferKind.RETRIEVE]: 'retrieve',
  [processing.TransferKind.STORE]: 'store',
  [processing.TransferKind.LIST]: 'list',
};

const { DeedKind } = processing;
const deedEvents: Readonly<Partial<Record<processing.DeedKind, string>>> = {
  [DeedKind.LOGIN]: 'ftp_login_succeeded',
  [DeedKind.LOGIN_FAILED]: 'ftp_login_failed',
  [DeedKind.REMOVE_FILE]: 'file_deleted',
  [DeedKind.MAKE_DIRECTORY]: 'directory_made',
  [DeedKind.REMOVE_DIRECTORY]: 'directory_removed',
  [DeedKind.RENAME]: 'entry_renamed',
  [DeedKind.SET_ATTRIBUTES]: 'attributes_changed',
  [DeedKind.DENIED]: 'permission_denied',
};
const orNothing = (text: string): string | undefined => (text === '' ? undefined : text);

export class SessionRecord {
  readonly #telemetry: Telemetry;
  readonly #figures: Figures;
  readonly #session: string;
  readonly #client: string;
  readonly #address: string;
  #quotaWarned = false;
  /** The user that was named last. */
  user = '';
  commands = 0;

  constructor(telemetry: Telemetry, figures: Figures, session: string, remote: Address) {
    this.#telemetry = telemetry;
    this.#figures = figures;
    this.#session = session;
    this.#client = formatAddress(remote);
    this.#address = remote.host;
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
  kicked(by: string): void {
    this.#telemetry.emit({ event: 'session_kicked', ...this.#who(), by });
  }
  loginEnded(why: string): void {
    this.#telemetry.emit({ event: 'login_ended', ...this.#who(), why });
  }
  /** What a line did, or was refused. */
  deed({ kind, path, targetPath, user, detail }: processing.Deed): void {
    const event = deedEvents[kind];
    if (event === undefined) return;
    const refused = kind === DeedKind.LOGIN_FAILED || kind === DeedKind.DENIED;
    this.#telemetry.emit({
      event,
      ...(refused ? { level: 'warn' as const } : {}),
      ...this.#who(),
      ...(user === '' ? {} : { user }),
      path: orNothing(path),
      targetPath: orNothing(targetPath),
      [kind === DeedKind.DENIED ? 'asked' : 'reason']: orNothing(detail),
    });
  }
  #who(): { session: string; client: string; address: string; user: string } {
    return { session: this.#session, client: this.#client, address: this.#address, user: this.user };
  }
  command(label: CommandLabel, code: number, ms: number): void {
    this.commands += 1;
    this.#figures.commands.add(1, { verb: label.verb, code: String(code) });
    this.#figures.commandSeconds.observe(ms / 1_000, { verb: label.verb });
    // Field by field, here and for a transfer: V8 goes its slow way for a spread object with fields behind it.
    this.#telemetry.emit({
      event: 'command',
      level: 'debug',
      session: this.#session,
      user: this.user,
      verb: label.verb,
      argument: label.argument,
      code,
      ms: Math.round(ms * 1_000) / 1_000,
    });
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
      address: this.#address,
      user: this.user,
      kind,
      path: (outcome.kind === 'done' ? outcome.path : undefined) ?? transfer.path,
      bytes: run.bytes,
      ms: Math.round(clock.monotonicMs() - run.startedMs),
      ascii: transfer.type === processing.TransferType.ASCII,
      tls: run.job.tls !== undefined,
      outcome: outcome.kind,
      why: outcome.kind === 'cut' ? outcome.why : undefined,
      reason: outcome.kind === 'failed' ? outcome.error.reason : undefined,
      error: outcome.kind === 'failed' ? outcome.error : undefined,
    });
    // Once in a session: each upload beyond the mark says it to its client anyway.
    if (outcome.kind !== 'done' || outcome.quota === undefined || this.#quotaWarned) return;
    this.#quotaWarned = true;
    this.#telemetry.emit({ event: 'quota_nearly_used', level: 'warn', ...this.#who(), ...outcome.quota });
  }
}
