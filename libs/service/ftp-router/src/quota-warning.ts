/** A word before a quota is full. */
import type { data } from '@skerry/proto';

/** How much is used, of what and how many; `percent` is rounded down. */
export type QuotaWarning = {
  readonly of: 'bytes' | 'files';
  readonly used: number;
  readonly quota: number;
  readonly percent: number;
};

/** The fuller of the two quotas, when it has reached `fromPercent`. */
export function quotaWarning(committed: data.StoreCommitted, fromPercent: number): QuotaWarning | undefined {
  const { usedBytes, quotaBytes, usedFiles, quotaFiles } = committed;
  const bytes = useOf('bytes', usedBytes, quotaBytes);
  const files = useOf('files', usedFiles, quotaFiles);
  const fuller = (bytes?.percent ?? -1) >= (files?.percent ?? -1) ? bytes : files;
  return fuller !== undefined && fuller.percent >= fromPercent ? fuller : undefined;
}
function useOf(of: QuotaWarning['of'], used: number | undefined, quota: number | undefined): QuotaWarning | undefined {
  if (used === undefined || quota === undefined) return undefined;
  // An empty quota is full.
  return { of, used, quota, percent: quota === 0 ? 100 : Math.floor((used * 100) / quota) };
}

export const quotaText = ({ of, used, quota, percent }: QuotaWarning): string =>
  `Quota: ${percent} % used (${used} of ${quota} ${of}).`;
