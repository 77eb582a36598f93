import type { Checksum, RandomBytes } from '@skerry/kernel';
import type { Clock } from './clock.ts';
import type { Disk } from './disk.ts';
import type { Network } from './network.ts';

/** All that a node touches of the world. Real: `nodeWorld(dir)`; simulated: `Simulation.world(name)`. */
export type World = {
  readonly clock: Clock;
  readonly disk: Disk;
  readonly network: Network;
  readonly random: RandomBytes;
  /** CRC-32C, native where there is one. */
  readonly checksum: Checksum;
  /** CRC-32 (IEEE 802.3): where native code is there, three times as fast, for bulk. */
  readonly crc32: Checksum;
};
