/** CRC-32C and CRC-32: native ones where they can be loaded, else Node's own or the kernel's (same values, slower). */
import { createRequire } from 'node:module';
import * as zlib from 'node:zlib';
import type * as NativeCrc32 from '@node-rs/crc32';
import { crc32, crc32c, type Checksum } from '@skerry/kernel';

/** Below this many bytes a call into native code costs more than the kernel's own loop. */
const nativeFromBytes = 128;

type Native = (bytes: Uint8Array, initial: number) => number;

function loaded(): typeof NativeCrc32 | undefined {
  try {
    return createRequire(import.meta.url)('@node-rs/crc32') as typeof NativeCrc32;
  } catch {
    // No binary for this platform: slower, not wrong. `checksumIsNative` tells whoever wants to report it.
    return undefined;
  }
}
const withNative =
  (native: Native | undefined, plain: Checksum): Checksum =>
  (bytes, initial = 0) =>
    native === undefined || bytes.length < nativeFromBytes ? plain(bytes, initial) : native(bytes, initial);

const native = loaded();
export const nodeChecksum: Checksum = withNative(native?.crc32c, crc32c);
/** Node has one since 20.15 and 22.2: a fifth of the speed of the native one, four times that of the kernel's. */
export const nodeCrc32: Checksum = withNative(native?.crc32 ?? zlib.crc32, crc32);
export const checksumIsNative: boolean = native !== undefined;
