/** Runs cases, some at a time, and says how each went. */
import { isIPv6 } from 'node:net';
import type { Case, Level } from './case.ts';
import { clean } from './clean.ts';
import { Mismatch, Skip } from './outcome.ts';
import type { Session } from './session.ts';
import type { Target } from './target.ts';
import { Trial } from './trial.ts';

export type Outcome =
  | { readonly kind: 'pass' }
  | { readonly kind: 'fail'; readonly expected: string; readonly got: string; readonly transcript: readonly string[] }
  | { readonly kind: 'skipped'; readonly reason: string };
export type Result = {
  readonly group: string;
  readonly name: string;
  readonly rfc: string;
  readonly level: Level;
  readonly outcome: Outcome;
  readonly ms: number;
};

/** Longest run of one case, in ms. */
const caseTimeoutMs = 30_000;
/** Lines of talk that a failure shows. */
const transcriptLinesMax = 60;
const atOnceDefault = 6;

export const fullName = ({ group, name }: Pick<Result, 'group' | 'name'>): string => `${group}: ${name}`;

/** What FEAT says after the login. */
export async function readFeatures(target: Target): Promise<ReadonlyMap<string, string>> {
  const trial = new Trial(target, new Map(), undefined, 0);
  try {
    const ftp = await trial.connect();
    await trial.signIn(ftp);
    const { code, lines } = await ftp.ask('FEAT');
    if (code !== 211) return new Map();
    return new Map(
      lines.slice(1, -1).map((line) => {
        const [label = '', ...rest] = line.trim().split(' ');
        // `AUTH TLS` is a label of two words.
        return label.toUpperCase() === 'AUTH' ? ['AUTH TLS', rest.join(' ')] : [label.toUpperCase(), rest.join(' ')];
      }),
    );
  } finally {
    trial.close();
  }
}

function unfit(each: Case, target: Target, features: ReadonlyMap<string, string>): string | undefined {
  if (each.family !== undefined && (each.family === 6) !== isIPv6(target.host)) return `only for IPv${each.family}`;
  if (each.explicit === true && target.tls === 'implicit') return 'only where the client may begin in clear';
  const missing = (each.needs ?? []).find((label) => !features.has(label.toUpperCase()));
  return missing === undefined ? undefined : `FEAT has no ${missing}`;
}

/** Gives the case's session. */
async function play(each: Case, trial: Trial): Promise<Session> {
  const ftp = each.start === 'connected' ? await trial.connect() : await trial.login();
  await each.run(ftp, trial);
  // A reply too many shows here: the answers are out of step.
  if (!ftp.control.usable) return ftp;
  const { code, text } = await ftp.ask('NOOP');
  const wanted = each.start === 'connected' ? [200, 530] : [200];
  if (!wanted.includes(code))
    throw new Mismatch('one reply to each command, so that NOOP is answered 200', `${code} ${text}`);
  return ftp;
}

function failure(thrown: unknown, trial: Trial): Outcome {
  if (thrown instanceof Skip) return { kind: 'skipped', reason: thrown.message };
  const transcript = trial.transcript.slice(-transcriptLinesMax);
  if (thrown instanceof Mismatch) {
    const { expected, got } = thrown;
    return { kind: 'fail', expected, got, transcript };
  }
  return { kind: 'fail', expected: 'no error', got: String(thrown), transcript };
}

export async function runCase(
  each: Case,
  target: Target,
  features: ReadonlyMap<string, string>,
  number: number,
): Promise<Result> {
  const { group, name, rfc, level } = each;
  const began = performance.now();
  const reason = unfit(each, target, features);
  const done = (outcome: Outcome): Result => ({ group, name, rfc, level, outcome, ms: performance.now() - began });
  if (reason !== undefined) return done({ kind: 'skipped', reason });
  const trial = new Trial(target, features, each, number);
  let outcome: Outcome = { kind: 'pass' };
  let timer: NodeJS.Timeout | undefined;
  const limitMs = each.timeoutMs ?? caseTimeoutMs;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Mismatch(`an end within ${limitMs} ms`, 'none')), limitMs);
  });
  const playing = play(each, trial);
  playing.catch(() => undefined);
  let last: Session | undefined;
  try {
    last = await Promise.race([playing, late]);
  } catch (thrown) {
    outcome = failure(thrown, trial);
  }
  clearTimeout(timer);
  if (outcome.kind !== 'pass') trial.close();
  await clean(trial, each.start === 'connected' ? undefined : last);
  trial.close();
  return done(outcome);
}

export type RunOptions = {
  /** Cases at the same time. */
  readonly atOnce?: number;
  readonly onResult?: (result: Result) => void;
};

/** Results in the order of the cases. */
export async function runSuite(
  cases: readonly Case[],
  target: Target,
  { atOnce = atOnceDefault, onResult = () => undefined }: RunOptions = {},
): Promise<readonly Result[]> {
  const features = await readFeatures(target);
  const results: Result[] = [];
  const play1 = async (index: number): Promise<void> => {
    const each = cases[index];
    if (each === undefined) return;
    const result = await runCase(each, target, features, index + 1);
    results[index] = result;
    onResult(result);
  };
  const early = [...cases.keys()].filter((index) => cases[index]?.late !== true);
  const last = [...cases.keys()].filter((index) => cases[index]?.late === true);
  const worker = async (): Promise<void> => {
    for (let index = early.shift(); index !== undefined; index = early.shift()) await play1(index);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  for (const index of last) await play1(index);
  return results;
}
