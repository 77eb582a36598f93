/**
 * CRC-32C (Castagnoli) and CRC-32 (IEEE 802.3), slice by 8.
 *
 * Source: RFC 3720 appendix B.4; IEEE 802.3 clause 3.2.9; M. Kounavis and F. Berry, "A Systematic Approach to Building
 * High Performance CRC Generators", 2005. About 1 GB/s; `runtime/node` has native ones, five and fifteen times as fast.
 */

/** Checksum of some bytes, or of more bytes after those with checksum `initial`. */
export type Checksum = (bytes: Uint8Array, initial?: number) => number;

type Tables = readonly [
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
];

/** @param polynomial reflected: the coefficient of x^31 is the lowest bit. */
function tablesOf(polynomial: number): Tables {
  const first = new Uint32Array(256);
  for (let i = 0; i < 256; i++) {
    let crc = i;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    first[i] = crc >>> 0;
  }
  const all = [first];
  for (let slice = 1; slice < 8; slice++) {
    const before = all[slice - 1] as Uint32Array;
    all.push(first.map((_, i) => ((before[i] as number) >>> 8) ^ (first[(before[i] as number) & 0xff] as number)));
  }
  return all as unknown as Tables;
}

// The casts: indexes are masked to 8 bits or bounded by the loop, so a lookup is never undefined.
function crcOf(polynomial: number): Checksum {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tablesOf(polynomial);
  return (bytes, initial = 0) => {
    let crc = ~initial;
    let i = 0;
    const { length } = bytes;
    for (const end = length - 7; i < end; i += 8) {
      const low =
        crc ^
        ((bytes[i] as number) |
          ((bytes[i + 1] as number) << 8) |
          ((bytes[i + 2] as number) << 16) |
          ((bytes[i + 3] as number) << 24));
      crc =
        (t7[low & 0xff] as number) ^
        (t6[(low >>> 8) & 0xff] as number) ^
        (t5[(low >>> 16) & 0xff] as number) ^
        (t4[low >>> 24] as number) ^
        (t3[bytes[i + 4] as number] as number) ^
        (t2[bytes[i + 5] as number] as number) ^
        (t1[bytes[i + 6] as number] as number) ^
        (t0[bytes[i + 7] as number] as number);
    }
    for (; i < length; i++) crc = (crc >>> 8) ^ (t0[(crc ^ (bytes[i] as number)) & 0xff] as number);
    return ~crc >>> 0;
  };
}

export const crc32c = crcOf(0x82f63b78);
/** Of Ethernet, ZIP and PNG. */
export const crc32 = crcOf(0xedb88320);
