/** The machine's limits: defaults, ranges, and the check that they agree with each other. */
import { StatusError } from '@skerry/kernel';
import type { Options } from './types.ts';

/** Each with its default; see `Options` for what they mean. */
export const defaults = {
  electionTicks: 10,
  heartbeatTicks: 1,
  inflightCountMax: 256,
  inflightSizeMaxBytes: 4 * 1024 * 1024,
  appendSizeMaxBytes: 256 * 1024,
  uncommittedSizeMaxBytes: 64 * 1024 * 1024,
  entrySizeMaxBytes: 1024 * 1024,
  promotionLagMax: 1_000,
  /** Reads that wait for a majority at once. */
  readCountMax: 65_536,
} as const;

export type Limits = { readonly [Name in keyof typeof defaults]: number } & {
  readonly leaseReads: boolean;
  readonly tellsCommitAtOnce: boolean;
};

/** @throws StatusError `malformed`, naming the setting. */
export function limitsOf(options: Options): Limits {
  const limits = { ...defaults, leaseReads: false, tellsCommitAtOnce: true, ...definedOf(options) } satisfies Limits;
  for (const name of Object.keys(defaults) as (keyof typeof defaults)[]) {
    const value: number = limits[name];
    if (!Number.isSafeInteger(value) || value < 1)
      throw new StatusError('malformed', `Cannot use ${name}: must be an integer >= 1: got ${value}`);
  }
  const { electionTicks, heartbeatTicks, entrySizeMaxBytes, uncommittedSizeMaxBytes } = limits;
  if (electionTicks < 3 * heartbeatTicks)
    throw new StatusError(
      'malformed',
      `Cannot use electionTicks: must be at least 3 x heartbeatTicks = ${3 * heartbeatTicks}, or one lost heartbeat ` +
        `ends a term: got ${electionTicks}`,
    );
  if (uncommittedSizeMaxBytes < entrySizeMaxBytes)
    throw new StatusError(
      'malformed',
      `Cannot use uncommittedSizeMaxBytes: must be at least entrySizeMaxBytes = ${entrySizeMaxBytes}, or the largest ` +
        `entry never fits: got ${uncommittedSizeMaxBytes}`,
    );
  return limits;
}

const definedOf = (options: Options): Partial<Limits> =>
  Object.fromEntries(
    [...Object.keys(defaults), 'leaseReads', 'tellsCommitAtOnce']
      .map((name) => [name, (options as Record<string, unknown>)[name]] as const)
      .filter(([, value]) => value !== undefined),
  ) as Partial<Limits>;
