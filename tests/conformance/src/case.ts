/** What a case is, and the words in which most are written. */
import type { Line, Session, Wanted } from './session.ts';
import type { Trial } from './trial.ts';

export type Level = 'must' | 'should' | 'may';
/** `connected`: greeted, not logged in. `ready`: logged in, in a fresh directory, TYPE I. */
export type Start = 'connected' | 'ready';

export type Options = {
  /** Default: ready. */
  readonly start?: Start;
  /** Labels of FEAT; without one of them the case is skipped. */
  readonly needs?: readonly string[];
  /** Verbs, each perhaps with its first word: 500, 502, 504 or 202 to one of them skips the case. */
  readonly optional?: readonly string[];
  /** Only with IPv6 or only with IPv4. */
  readonly family?: 4 | 6;
  /** Only where the client may begin in clear. */
  readonly explicit?: boolean;
  /** In ms. */
  readonly timeoutMs?: number;
  /** Counts as a guess at a password: comes last, one after the other. */
  readonly late?: boolean;
};
export type Case = Options & {
  readonly group: string;
  /** The rule. */
  readonly name: string;
  readonly rfc: string;
  readonly level: Level;
  readonly run: (ftp: Session, trial: Trial) => Promise<void>;
};

/** A line, its codes and a pattern of its reply's text; or anything else. `{dir}` in a line is the case's directory. */
export type Step =
  | readonly [line: Line, wanted: Wanted, pattern?: RegExp]
  | ((ftp: Session, trial: Trial) => Promise<unknown>);

export type Row = Omit<Case, 'group'>;
type Source = readonly [rfc: string, level: Level];

async function takeStep(step: Step, ftp: Session, trial: Trial): Promise<void> {
  if (typeof step === 'function') return void (await step(ftp, trial));
  const [line, wanted, pattern] = step;
  await ftp.ask(typeof line === 'string' ? line.replaceAll('{dir}', trial.directory) : line, wanted, pattern);
}
/** A case that is a list of steps. */
export const rule = (name: string, [rfc, level]: Source, steps: readonly Step[], options: Options = {}): Row => ({
  name,
  rfc,
  level,
  ...options,
  run: async (ftp, trial) => {
    for (const step of steps) await takeStep(step, ftp, trial);
  },
});
/** A case that is a program. */
export const story = (name: string, [rfc, level]: Source, run: Row['run'], options: Options = {}): Row => ({
  name,
  rfc,
  level,
  ...options,
  run,
});
export const group = (name: string, rows: readonly Row[], options: Options = {}): readonly Case[] =>
  rows.map((row) => ({ ...options, ...row, group: name }));

export const must = (rfc: string): Source => [rfc, 'must'];
export const should = (rfc: string): Source => [rfc, 'should'];
export const may = (rfc: string): Source => [rfc, 'may'];

export const put =
  (name: string, bytes: Uint8Array | string = 'content'): Step =>
  (ftp) =>
    ftp.put(name, bytes);
export const holds =
  (name: string, bytes: Uint8Array | string = 'content'): Step =>
  (ftp) =>
    ftp.holds(name, bytes);
export const absent =
  (name: string): Step =>
  (ftp) =>
    ftp.absent(name);
/** A transfer that is refused. */
export const refused =
  (line: string, wanted: Wanted): Step =>
  (ftp) =>
    ftp.refused(line, wanted);
export const store =
  (line: string, bytes: Uint8Array | string): Step =>
  (ftp) =>
    ftp.store(line, bytes);
