/** Removes what a case made, whatever names it used. */
import { Mismatch, Skip } from './outcome.ts';
import type { Session } from './session.ts';
import type { Trial } from './trial.ts';

const depthMax = 8;
const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

type Found = { /** Bytes, in Latin-1. */ readonly name: string; readonly directory: boolean };

async function entriesOf(ftp: Session, machine: boolean): Promise<readonly Found[]> {
  const text = (await ftp.retrieve(machine ? 'MLSD' : 'LIST -a')).toString('latin1');
  const lines = text.split('\r\n').filter((line) => line !== '');
  if (machine)
    return lines
      .filter((line) => !/type=[cp]dir/i.test(line))
      .map((line) => ({ name: line.slice(line.indexOf(' ') + 1), directory: /type=dir/i.test(line) }));
  const pattern = /^(\S)\S{9,10}\s+\d+\s+\S+\s+\S+\s+\d+\s+\S+\s+\d+\s+[\d:]{4,5} (.*)$/;
  const found = lines.map((line) => pattern.exec(line)).filter((each) => each !== null);
  return found
    .map(([, kind = '', name = '']) => ({ name, directory: kind === 'd' }))
    .filter(({ name }) => name !== '.' && name !== '..');
}
async function empty(ftp: Session, machine: boolean, depth: number): Promise<void> {
  for (const { name, directory } of await entriesOf(ftp, machine)) {
    const removed = await ftp.ask(bytes(`${directory ? 'RMD' : 'DELE'} ./${name}`));
    if (removed.code < 300) continue;
    // Without the fact `type`, which a case may have put away, a directory looks like a file.
    if (!directory && (await ftp.ask(bytes(`RMD ./${name}`))).code < 300) continue;
    if (depth >= depthMax) continue;
    const entered = await ftp.ask(bytes(`CWD ./${name}`));
    if (entered.code >= 300) continue;
    await empty(ftp, machine, depth + 1);
    await ftp.ask('CDUP');
    await ftp.ask(bytes(`RMD ./${name}`));
  }
}
/** The case's own session where it is fit for it, which saves a login. */
async function sessionFor(trial: Trial, last: Session | undefined): Promise<Session> {
  if (last?.control.usable === true && (await last.ask(`CWD ${trial.directory}`)).code < 300) {
    if ((await last.ask('TYPE I')).code === 200) return last;
  }
  return trial.login();
}
/**
 * @param last the session of a case that passed, in step with the server.
 * @throws nothing: a directory that stays is the server's, and the case has its own outcome.
 */
export async function clean(trial: Trial, last: Session | undefined): Promise<void> {
  if (trial.directory === '') return;
  try {
    const ftp = await sessionFor(trial, last);
    await empty(ftp, trial.has('MLST'), 0);
    await ftp.ask('CDUP');
    await ftp.ask(`RMD ${trial.directory}`);
    await ftp.ask('QUIT');
  } catch (thrown) {
    if (!(thrown instanceof Mismatch || thrown instanceof Skip)) trial.transcript.push(`! clean: ${String(thrown)}`);
  }
}
