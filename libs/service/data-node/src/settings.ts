/** The data role's own settings. */
import { type ConfigOf, integer } from '@skerry/runtime-config';
import { groupSettings } from '@skerry/runtime-host';

export const settings = {
  ...groupSettings,
  stageKeepHours: integer({
    default: 24,
    min: 1,
    max: 24 * 365,
    unit: 'hours',
    help: 'How long a cut upload can be resumed; a day lets a client come back after a night without a link.',
  }),
  uploadCountMax: integer({
    default: 1_000,
    min: 1,
    max: 100_000,
    unit: 'uploads',
    help: 'Uploads at once; each may hold 64 KiB of small content and some MiB that are on their way to the disk.',
  }),
  copyBytesPerSecond: integer({
    default: 64 * 1024 * 1024,
    min: 64 * 1024,
    max: 16 * 1024 * 1024 * 1024,
    unit: 'bytes/s',
    help: 'Most that this node fetches from other data nodes of what it lacks; uploads under way are not counted.',
  }),
  scrubBytesPerSecond: integer({
    default: 8 * 1024 * 1024,
    min: 64 * 1024,
    max: 16 * 1024 * 1024 * 1024,
    unit: 'bytes/s',
    help: 'How fast what is stored is read again, in search of damage, when there are other copies to mend it from.',
  }),
} as const;

export type DataConfig = ConfigOf<typeof settings>;
