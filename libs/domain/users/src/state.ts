/** What users and groups have in common in the state: keys, stamps, tombstones, changes. */
import { advanceVector, ByteWriter, concatBytes, utf8, type Entry, type VersionVector } from '@skerry/kernel';
import type { GroupChange } from './group.ts';
import type { Allowances, Stamp } from './user.ts';

/**
 * How long a removed user or group is remembered, in milliseconds of log time: longer than any partition is left
 * standing (30 days).
 */
export const tombstoneLifeMs = 30 * 24 * 3_600_000;

/** Key: when, then which record; value: the key to drop then. */
export const expiryPrefix = utf8('users/expiry/');
export const expiryKey = (atMs: number, key: Uint8Array): Uint8Array =>
  concatBytes([expiryPrefix, new ByteWriter(8).u64(atMs).finish(), key]);
export const keyOf = (prefix: Uint8Array, name: string): Uint8Array => concatBytes([prefix, utf8(name)]);

export const stampOf = (entry: Entry, seen: VersionVector): Stamp => ({
  time: entry.time,
  vector: advanceVector(seen, entry.epoch, entry.index),
});

/** Undefined leaves it, null takes it away. */
export const limitAfter = (before: number | undefined, wanted: number | null | undefined): number | undefined =>
  wanted === undefined ? before : (wanted ?? undefined);

export const allowancesAfter = (before: Allowances, wanted: Omit<GroupChange, 'home'>): Allowances => ({
  quotaBytes: limitAfter(before.quotaBytes, wanted.quotaBytes),
  quotaFiles: limitAfter(before.quotaFiles, wanted.quotaFiles),
  rateUpBytesPerSecond: limitAfter(before.rateUpBytesPerSecond, wanted.rateUpBytesPerSecond),
  rateDownBytesPerSecond: limitAfter(before.rateDownBytesPerSecond, wanted.rateDownBytesPerSecond),
  sessionsMax: limitAfter(before.sessionsMax, wanted.sessionsMax),
  rules: wanted.rules ?? before.rules,
  networks: wanted.networks ?? before.networks,
});
