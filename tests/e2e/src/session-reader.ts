/**
 * A client for a host of its own: `session-reader.ts HOST PORT PATH` keeps one FTP session as long as it lives, and reads
 * one file in it again and again. It prints a line for each read, with the moment at which it was asked for.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { RawFtp } from './raw-ftp-fixture.ts';
import { adminPassword } from './system.ts';

/** A read: its file, or the code that was answered instead; 0 when the connection went away, or nothing came in time. */
export type Read = {
  readonly beganMs: number;
  readonly text?: string;
  readonly code?: number;
  /** It was refused within a session that was open before. */
  readonly inSession: boolean;
};
const retryPauseMs = 100;

const [host = '', port = '', path = ''] = process.argv.slice(2);
let ftp: RawFtp | undefined;
for (;;) {
  const beganMs = Date.now();
  const inSession: boolean = ftp !== undefined;
  let code = 0;
  try {
    ftp ??= await RawFtp.login({ ftp: { host, port: Number(port) } }, 'admin', adminPassword);
    const { begun, bytes, ended } = await ftp.download(`RETR ${path}`);
    if (begun.code === 150 && ended.code === 226) {
      process.stdout.write(`${JSON.stringify({ beganMs, inSession, text: bytes.toString() } satisfies Read)}\n`);
      continue;
    }
    ({ code } = ended);
  } catch {
    ftp?.socket.destroy();
    ftp = undefined;
  }
  process.stdout.write(`${JSON.stringify({ beganMs, inSession, code } satisfies Read)}\n`);
  await pause(retryPauseMs);
}
