/** The auth node's part of the audit log: who changed which account, and who was kept out (F16). JSON lines. */
import { isAbsolute, join } from 'node:path';
import { onHangUp, type ServiceEnvironment } from '@skerry/runtime-host';
import { LineFile, type TelemetryEvent } from '@skerry/runtime-telemetry';

/** Size at which the file is put aside as FILE.1, in bytes. */
export const accountLogSizeMaxBytes = 16 * 1024 * 1024;
/** Files put aside that are kept. */
export const accountLogsKept = 5;

const recorded: ReadonlySet<string> = new Set([
  'user_added',
  'user_changed',
  'user_removed',
  'users_exported',
  'users_imported',
  'group_added',
  'group_changed',
  'group_removed',
  'sessions_revoked',
  'first_admin_created',
  'login_succeeded',
  'login_failed',
  'login_refused',
  'login_unlocked',
]);

export type AccountLog = { close(): Promise<void> };

/** @param path relative: in the node's folder; `none`: nothing is written. */
export function openAccountLog(path: string, environment: ServiceEnvironment): AccountLog {
  if (path === 'none') return { close: () => Promise.resolve() };
  const { telemetry, dataDirectory, world } = environment;
  const full = isAbsolute(path) ? path : join(dataDirectory, path);
  const file = new LineFile({
    path: full,
    sizeMaxBytes: accountLogSizeMaxBytes,
    keepCount: accountLogsKept,
    troubled: ({ error, dropped }) => {
      const event = error === undefined ? 'log_lines_dropped' : 'log_write_failed';
      telemetry.emit({ event, level: 'error', path: full, dropped, ...(error === undefined ? {} : { error }) });
    },
  });
  const stopListening = telemetry.listen((event) => {
    if (recorded.has(event.event)) file.write(lineOf(event, world.clock.wallMs()));
  });
  const stopHearing = onHangUp(() => file.reopen());
  return {
    close: () => {
      stopHearing();
      stopListening();
      return file.close();
    },
  };
}

function lineOf(
  { event, level: _l, message: _m, error: _e, address, user, by, ...more }: TelemetryEvent,
  atMs: number,
): string {
  return JSON.stringify({ time: new Date(atMs).toISOString(), event, address, user, by, ...more });
}
