/** For tests: the settings of a data node, with copies as fast as they come. */
import type { DataConfig } from './settings.ts';

export const testConfig: DataConfig = {
  founders: ['data_1'],
  stageKeepHours: 24,
  uploadCountMax: 100,
  copyBytesPerSecond: 1_000_000_000,
  scrubBytesPerSecond: 1_000_000_000,
};
