/**
 * Frames in one buffer, and the buffer as bytes for a socket: plain, with compressed bodies (v3, v4), or in segments (v5),
 * many frames in one where they fit.
 *
 * Source: native_protocol_v4.spec §2 and §5, native_protocol_v5.spec §2.
 */
import { concatBytes, crc32, emptyBytes, type Checksum } from '@skerry/kernel';
import { frameFlags, headerSizeBytes, protocolVersionMax, type ProtocolVersion } from './codes.ts';
import { compressBody, compressedSizeMinBytes, type Compression } from './compression.ts';
import { bodySizeMaxBytes } from './frame-reader.ts';
import { Output } from './output.ts';
import {
  plainSegmentHeaderSizeBytes,
  segmentPayloadSizeMaxBytes,
  segmentSizeOf,
  segmentTrailerSizeBytes,
  sealSegment,
  writeSegment,
} from './segment.ts';

/** Bytes that may wait to be taken: one largest frame and some. */
export const outputSizeMaxBytes = 2 * bodySizeMaxBytes;

export type FrameWriterOptions = {
  /** Bytes of one body; {@link bodySizeMaxBytes} at most, which is the default. */
  readonly bodySizeMaxBytes?: number;
  /** A faster CRC-32 than the kernel's. */
  readonly checksum?: Checksum;
};

export class FrameWriter {
  /** Of the next frames. */
  version: ProtocolVersion = protocolVersionMax;
  protected readonly out = new Output(outputSizeMaxBytes);
  readonly #bodySizeMaxBytes: number;
  readonly #checksum: Checksum;
  #compression: Compression | undefined;
  /** Offset from the output's start: what comes behind it goes into segments; -1 while nothing does. */
  #segmentsFrom = -1;
  #segmentsAfterNext = false;
  #frame = -1;
  /** Bytes before the first frame that are free for the header of a segment: 0 or what one takes. */
  #headRoom = 0;

  constructor(options: FrameWriterOptions = {}) {
    this.#bodySizeMaxBytes = Math.min(options.bodySizeMaxBytes ?? bodySizeMaxBytes, bodySizeMaxBytes);
    this.#checksum = options.checksum ?? crc32;
  }

  /** Bytes of whole and begun frames that wait to be taken, before segments are made. */
  get length(): number {
    return this.out.length;
  }
  /** Bytes of the body that is being written: what a page is cut by. */
  get bodyLength(): number {
    return this.#frame < 0 ? 0 : this.out.length - this.#frame - headerSizeBytes;
  }

  /** @param after how many further frames are written before segments begin: a server's answer to STARTUP is one. */
  protected negotiate(version: ProtocolVersion, compression: Compression | undefined, after: 0 | 1): void {
    this.version = version;
    this.#compression = compression;
    if (version < 5) return;
    if (after === 0) this.#segmentsFrom = this.out.length;
    else this.#segmentsAfterNext = true;
  }

  protected begin(directionBit: number, flags: number, stream: number, opcode: number): void {
    const { out } = this;
    if (out.length === 0) this.#makeHeadRoom();
    this.#frame = out.length;
    if (!out.room(headerSizeBytes)) return;
    const { buffer, at } = out;
    buffer[at] = directionBit | this.version;
    buffer[at + 1] = flags;
    buffer[at + 2] = stream >>> 8;
    buffer[at + 3] = stream;
    buffer[at + 4] = opcode;
    out.at = at + headerSizeBytes;
  }

  /** Frames that will be one segment are written where they will stand in it: nothing is copied to make it. */
  #makeHeadRoom(): void {
    const { out } = this;
    const isInPlace = this.#segmentsFrom === 0 && this.#compression === undefined;
    this.#headRoom = isInPlace && out.room(plainSegmentHeaderSizeBytes) ? plainSegmentHeaderSizeBytes : 0;
    out.at += this.#headRoom;
  }

  /** Takes back the frame that is being written, if there is one. */
  abandon(): void {
    if (this.#frame < 0) return;
    this.#cut(this.#frame);
    this.#frame = -1;
  }
  #cut(frame: number): void {
    const { out } = this;
    out.overflown = false;
    out.at = out.start + (frame === this.#headRoom ? 0 : frame);
  }
  /** Puts bytes into the frame that is being written, behind its header and `skipped` bytes of the body, and sets a flag. */
  protected insertInFront(bytes: Uint8Array, skipped: number, flag: number): boolean {
    const { out } = this;
    const at = this.#frame + headerSizeBytes + skipped;
    if (this.#frame < 0 || !out.insert(at, bytes.length)) return false;
    out.patch(at, bytes);
    const flags = out.start + this.#frame + 1;
    out.buffer[flags] = (out.buffer[flags] ?? 0) | flag;
    return true;
  }

  /** Ends the frame. False: it had become too long, and nothing of it is there. */
  protected finish(): boolean {
    const { out } = this;
    const frame = this.#frame;
    let length = out.length - frame - headerSizeBytes;
    this.#frame = -1;
    if (out.overflown || length > this.#bodySizeMaxBytes) {
      this.#cut(frame);
      return false;
    }
    if (this.version < 5 && this.#compression !== undefined && length >= compressedSizeMinBytes)
      length = this.#compress(this.#compression, frame, length);
    out.patchI32(frame + headerSizeBytes - 4, length);
    if (this.#segmentsAfterNext) {
      this.#segmentsAfterNext = false;
      this.#segmentsFrom = out.length;
    }
    return true;
  }

  #compress(compression: Compression, frame: number, length: number): number {
    const { out } = this;
    const start = out.start + frame + headerSizeBytes;
    const packed = compressBody(compression, out.buffer.subarray(start, out.at));
    if (packed.length >= length) return length;
    out.buffer.set(packed, start);
    out.at = start + packed.length;
    const flags = out.start + frame + 1;
    out.buffer[flags] = (out.buffer[flags] ?? 0) | frameFlags.compressed;
    return packed.length;
  }

  /**
   * All whole frames since the last time, for the socket; none while one is begun. The bytes are the caller's: nothing writes to
   * them again, until {@link reuse} is called.
   */
  take(): Uint8Array {
    if (this.#frame >= 0) return emptyBytes;
    const headRoom = this.#headRoom;
    if (headRoom > 0 && this.out.length > headRoom) {
      const segment = this.#takeInPlace(headRoom);
      if (segment !== undefined) return segment;
    }
    const bytes = this.out.take();
    const from = this.#segmentsFrom;
    if (from < 0 || bytes.length === 0) return bytes;
    this.#segmentsFrom = 0;
    const segmented = this.#segments(bytes.subarray(from + headRoom));
    return from === 0 ? segmented : concatBytes([bytes.subarray(0, from), segmented]);
  }
  /** Nobody reads any more what was taken. */
  reuse(): void {
    this.out.reuse();
  }
  /** Undefined: it is more than a segment takes. */
  #takeInPlace(headRoom: number): Uint8Array | undefined {
    const { out } = this;
    if (out.length - headRoom > segmentPayloadSizeMaxBytes || !out.room(segmentTrailerSizeBytes)) {
      out.overflown = false;
      return undefined;
    }
    out.at += segmentTrailerSizeBytes;
    const bytes = out.take();
    sealSegment(bytes, this.#checksum);
    return bytes;
  }

  #segments(frames: Uint8Array): Uint8Array {
    const compression = this.#compression;
    const compressed = compression !== undefined;
    // Of three that follow one another the payloads fill more than one: the end of a long frame, a short one, a full one.
    const countMax = 3 * (Math.floor(frames.length / segmentPayloadSizeMaxBytes) + 1);
    const out = new Uint8Array(frames.length + countMax * segmentSizeOf(0, compressed));
    let at = 0;
    let end = 0;
    const emit = (from: number, to: number, selfContained: boolean): void => {
      end = writeSegment(out, end, frames.subarray(from, to), selfContained, compression, this.#checksum);
    };
    while (at < frames.length) {
      let to = at;
      for (let next = to; next < frames.length; to = next) {
        next += headerSizeBytes + bodyLengthAt(frames, next);
        if (next - at > segmentPayloadSizeMaxBytes) break;
      }
      if (to > at) emit(at, to, true);
      else {
        to = at + headerSizeBytes + bodyLengthAt(frames, at);
        for (let part = at; part < to; part += segmentPayloadSizeMaxBytes)
          emit(part, Math.min(to, part + segmentPayloadSizeMaxBytes), false);
      }
      at = to;
    }
    return out.subarray(0, end);
  }
}

const bodyLengthAt = (frames: Uint8Array, at: number): number =>
  ((frames[at + 5] ?? 0) << 24) | ((frames[at + 6] ?? 0) << 16) | ((frames[at + 7] ?? 0) << 8) | (frames[at + 8] ?? 0);
