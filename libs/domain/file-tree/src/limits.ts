/** Every limit of the file tree, with its unit and reason. */

/** Longest name, in bytes of UTF-8: what ext4 and most clients know (POSIX NAME_MAX). */
export const nameSizeMaxBytes = 255;
/** Longest path, in bytes of UTF-8 (POSIX PATH_MAX). */
export const pathSizeMaxBytes = 4_096;
/** Most directories above one another: keeps walks towards the root short. */
export const depthMax = 256;
/** Longest user or group name, in bytes: part of a stage's key, which must stay under the store's own limit. */
export const ownerSizeMaxBytes = 255;
/** Content up to this size travels inside the log record: one fsync in all (ftp.md). */
export const inlineSizeMaxBytes = 64 * 1024;
/** Most extents of one version: 32 KiB of record. The service compacts long before. */
export const extentCountMax = 1_024;
/**
 * From so many extents on, a version is worth compacting. Above 53, the most that {@link compactableFrom} can leave.
 */
export const compactAboveExtentCount = 64;
/** Most stages of one user: cut uploads that nobody resumes must not pile up without end. */
export const stageCountMax = 1_000;
/**
 * Bytes staged may be this many times the quota: a cut upload can be tried again under another name before the old
 * stage expires.
 */
export const stagedQuotaFactor = 2;
/** Most blobs in one `forget`: 8 KiB of record. */
export const forgetCountMax = 512;
/** Log records after which a blob's dead mark goes: no upload that has no stage in the log waits so long. */
export const deadMarkKeptRecords = 100_000;
/** Dead marks are swept at every record whose index is a multiple of this, so that most records pay nothing. */
export const deadMarkSweepRecords = 64;
/** Most dead marks removed in one sweep: two full `forget` records for each record between. */
export const deadMarkSweepCountMax = 2 * forgetCountMax;
