/** The router's metrics. */
import type { Counter, Histogram, Telemetry } from '@skerry/runtime-telemetry';

export type Figures = {
  readonly sessions: Counter;
  readonly sessionsRefused: Counter;
  readonly commands: Counter;
  readonly commandSeconds: Histogram;
  readonly transfers: Counter;
  readonly transferBytes: Counter;
};

export function figures(
  telemetry: Telemetry,
  read: { readonly sessions: () => number; readonly transfers: () => number },
): Figures {
  telemetry.gauge('ftp_sessions', 'Sessions now', [], read.sessions);
  telemetry.gauge('ftp_transfers_running', 'Transfers now', [], read.transfers);
  return {
    sessions: telemetry.counter('ftp_sessions_total', 'Sessions opened'),
    sessionsRefused: telemetry.counter('ftp_sessions_refused_total', 'Connections over a limit', ['limit']),
    commands: telemetry.counter('ftp_commands_total', 'Commands by verb and last reply code', ['verb', 'code']),
    commandSeconds: telemetry.histogram('ftp_command_seconds', 'Time from a command to its last reply', ['verb']),
    transfers: telemetry.counter('ftp_transfers_total', 'Transfers by kind and outcome', ['kind', 'outcome']),
    transferBytes: telemetry.counter('ftp_transfer_bytes_total', 'Bytes on data connections', ['kind']),
  };
}
