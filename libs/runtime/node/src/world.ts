import { mkdirSync } from 'node:fs';
import type { World } from '@skerry/runtime-world';
import { nodeChecksum, nodeCrc32 } from './checksum.ts';
import { nodeClock } from './clock.ts';
import { NodeDisk } from './disk.ts';
import { diskError } from './errors.ts';
import { NodeNetwork } from './network.ts';
import { nodeRandom } from './random.ts';

/**
 * This machine, with all files under `rootDirectory`, which is made when it is missing.
 * @throws StatusError `read_only_disk` or `disk_failed` when it cannot be made.
 */
export function nodeWorld(rootDirectory: string): World {
  try {
    mkdirSync(rootDirectory, { recursive: true, mode: 0o700 });
  } catch (thrown) {
    throw diskError(`make directory "${rootDirectory}"`, thrown, true);
  }
  return {
    clock: nodeClock,
    disk: new NodeDisk(rootDirectory),
    network: new NodeNetwork(),
    random: nodeRandom,
    checksum: nodeChecksum,
    crc32: nodeCrc32,
  };
}
