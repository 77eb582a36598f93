/** CRC-32C: the native one where it can be loaded, else the kernel's (same values, a fifth of the speed). */
import { createRequire } from 'node:module';
import type * as NativeCrc32 from '@node-rs/crc32';
import { crc32c, type Checksum } from '@skerry/kernel';

/** Below this many bytes a call into native code costs more than the kernel's own loop. */
const nativeFromBytes = 128;

type Loaded = { readonly checksum: Checksum; readonly native: boolean };

function load(): Loaded {
  try {
    const { crc32c: native } = createRequire(import.meta.url)('@node-rs/crc32') as typeof NativeCrc32;
    const checksum: Checksum = (bytes, initial = 0) =>
      bytes.length < nativeFromBytes ? crc32c(bytes, initial) : native(bytes, initial);
    return { checksum, native: true };
  } catch {
    // No binary for this platform: slower, not wrong. `checksumIsNative` tells whoever wants to report it.
    return { checksum: crc32c, native: false };
  }
}

const loaded = load();
export const nodeChecksum: Checksum = loaded.checksum;
export const checksumIsNative: boolean = loaded.native;
