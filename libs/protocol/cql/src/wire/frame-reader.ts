/**
 * The stream of one connection: chunks as the socket gives them in, frames out, one at a time and without copies where a
 * frame lies whole in a chunk.
 *
 * `push(chunk)`, then `next()` until it says `more`. What `frame` shows holds until the next call of either.
 * Source: native_protocol_v4.spec §2, native_protocol_v5.spec §2.
 * Assumes: chunks are not written to while they are read, until `next()` says `more` or {@link FrameReader.keep} is called.
 */
import { crc32, emptyBytes, type Checksum } from '@skerry/kernel';
import { Assembler } from './assembler.ts';
import {
  errorCodes,
  frameFlags,
  headerSizeBytes,
  isProtocolVersion,
  opcodeDirections,
  protocolVersionMax,
  protocolVersionMin,
  responseBit,
  type ProtocolVersion,
} from './codes.ts';
import { decompressBlock, decompressBody, type Compression } from './compression.ts';
import { fatalFault, passingFault, type WireFault } from './fault.ts';
import {
  compressedSegmentHeaderSizeBytes,
  payloadChecksum,
  plainSegmentHeaderSizeBytes,
  readSegmentHeader,
  segmentTrailerSizeBytes,
  type SegmentHeader,
} from './segment.ts';

/** Bytes of a frame's body, raw or compressed; Cassandra's `native_transport_max_frame_size`, before 4.1 its default. */
export const bodySizeMaxBytes = 268_435_456;

export type FrameReaderOptions = {
  /** What comes: a server reads requests. */
  readonly direction: 'request' | 'response';
  /** At most {@link bodySizeMaxBytes}, which is the default. */
  readonly bodySizeMaxBytes?: number;
  /** A faster CRC-32 than the kernel's. */
  readonly checksum?: Checksum;
};

/** One frame: its body are the bytes [start, end) of `buffer`, decompressed. */
export class Frame {
  buffer: Uint8Array = emptyBytes;
  start = 0;
  end = 0;
  version: ProtocolVersion = protocolVersionMax;
  flags = 0;
  stream = 0;
  opcode = 0;
}

export const unsupportedVersionText = (version: number): string =>
  `Invalid or unsupported protocol version (${version}); supported versions are (3/v3, 4/v4, 5/v5)`;

export class FrameReader {
  /** One object, filled anew by each {@link next} that says `frame`. */
  readonly frame = new Frame();
  readonly #directionBit: number;
  readonly #bodySizeMaxBytes: number;
  readonly #checksum: Checksum;
  readonly #outer = new Assembler();
  readonly #inner = new Assembler();
  readonly #header: SegmentHeader = { payloadLength: 0, rawLength: 0, selfContained: false };
  #segmented = false;
  #selfContained = false;
  /** The connection's one version, once STARTUP has set it. */
  #pinned: ProtocolVersion | undefined;
  #compression: Compression | undefined;
  #fault: WireFault | undefined;

  constructor(options: FrameReaderOptions) {
    this.#directionBit = options.direction === 'response' ? responseBit : 0;
    this.#bodySizeMaxBytes = Math.min(options.bodySizeMaxBytes ?? bodySizeMaxBytes, bodySizeMaxBytes);
    this.#checksum = options.checksum ?? crc32;
  }

  /** Why {@link next} said `fault`. */
  get fault(): WireFault | undefined {
    return this.#fault;
  }

  /**
   * From the next frame on: one version, segments in v5, compression as agreed. A server calls it when it has read
   * STARTUP, a client when it has read READY or AUTHENTICATE.
   */
  startup(version: ProtocolVersion, compression?: Compression): void {
    this.#pinned = version;
    this.#compression = compression;
    this.#segmented = version >= 5;
  }

  push(chunk: Uint8Array): void {
    if (this.#fault?.fatal !== true) this.#outer.push(chunk, 0, chunk.length);
  }

  /** What was pushed and not read yet is copied: the chunk may change now. What `frame` shows holds no more. */
  keep(): void {
    this.#outer.keep();
    this.#inner.keep();
  }

  /** `fault`: see {@link fault}; a fatal one is said again and again, after another the next frame follows. */
  next(): 'frame' | 'more' | 'fault' {
    if (this.#fault !== undefined) {
      if (this.#fault.fatal) return 'fault';
      this.#fault = undefined;
    }
    if (!this.#segmented) return this.#frameOf(this.#outer);
    for (;;) {
      const outcome = this.#frameOf(this.#inner);
      if (outcome !== 'more') return outcome;
      if (this.#selfContained && this.#inner.isPartial)
        return this.#fail(fatalFault('segment', 'Cannot read a self-contained segment: its last frame is cut'));
      const taken = this.#segment();
      if (taken !== 'segment') return taken;
    }
  }

  #fail(fault: WireFault): 'fault' {
    this.#fault = fault;
    if (fault.fatal) {
      this.frame.buffer = emptyBytes;
      this.#outer.trim();
      this.#inner.trim();
    }
    return 'fault';
  }

  #frameOf(source: Assembler): 'frame' | 'more' | 'fault' {
    if (!source.want(1)) return this.#more(source);
    const first = source.buffer[source.start] as number;
    const version = first & ~responseBit;
    if (!isProtocolVersion(version)) return this.#unsupported(source, version);
    if (!source.want(headerSizeBytes)) return this.#more(source);
    const { buffer, start } = source;
    const stream = (((buffer[start + 2] as number) << 24) >> 16) | (buffer[start + 3] as number);
    if (this.#pinned !== undefined && version !== this.#pinned)
      return this.#fail(
        fatalFault(
          'version',
          `Invalid message version. Got ${version}/v${version} but previous messages on this connection had version ` +
            `${this.#pinned}/v${this.#pinned}`,
          stream,
          this.#pinned,
        ),
      );
    const opcode = buffer[start + 4] as number;
    const length =
      (buffer[start + 5] as number) * 2 ** 24 +
      (((buffer[start + 6] as number) << 16) | ((buffer[start + 7] as number) << 8) | (buffer[start + 8] as number));
    const direction = opcodeDirections[opcode] as number;
    if (
      (first & responseBit) !== this.#directionBit ||
      (direction !== 0 && (direction === 2) !== this.#directionBit > 0)
    )
      return this.#fail(
        fatalFault(
          'direction',
          `Wrong protocol direction (expected ${this.#directionBit > 0 ? 'RESPONSE' : 'REQUEST'}, got ` +
            `${this.#directionBit > 0 ? 'REQUEST' : 'RESPONSE'}) for opcode ${opcode}`,
          stream,
          version,
        ),
      );
    if (length > this.#bodySizeMaxBytes || direction === 0)
      return this.#pass(source, length, direction === 0 ? opcode : undefined, stream, version);
    if (!source.want(headerSizeBytes + length)) return this.#more(source);
    const { frame } = this;
    frame.buffer = source.buffer;
    frame.start = source.start + headerSizeBytes;
    frame.end = frame.start + length;
    frame.version = version;
    frame.flags = source.buffer[source.start + 1] as number;
    frame.stream = stream;
    frame.opcode = opcode;
    source.consume(headerSizeBytes + length);
    // In v5 it is the segments that are compressed, and the flag means nothing.
    return version < 5 && (frame.flags & frameFlags.compressed) !== 0 ? this.#decompress() : 'frame';
  }

  #more(source: Assembler): 'more' {
    source.trim();
    this.frame.buffer = emptyBytes;
    return 'more';
  }

  /** Older versions have a stream id of one byte, all others have it where we have. */
  #unsupported(source: Assembler, version: number): 'more' | 'fault' {
    const older = version < protocolVersionMin;
    if (!source.want(older ? 3 : 4)) return this.#more(source);
    const { buffer, start } = source;
    const high = ((buffer[start + 2] as number) << 24) >> 24;
    const stream = older ? high : (high << 8) | (buffer[start + 3] as number);
    return this.#fail(fatalFault('version', unsupportedVersionText(version), stream));
  }

  /** Over a frame that nobody can want. */
  #pass(
    source: Assembler,
    length: number,
    unknownOpcode: number | undefined,
    stream: number,
    version: ProtocolVersion,
  ): 'fault' {
    source.consume(headerSizeBytes);
    source.discard(length);
    return this.#fail(
      unknownOpcode === undefined
        ? passingFault(
            'too_large',
            errorCodes.invalid,
            `Request is too big: length ${length} exceeds maximum allowed length ${this.#bodySizeMaxBytes}.`,
            stream,
            version,
          )
        : passingFault('opcode', errorCodes.protocol, `Unknown opcode ${unknownOpcode}`, stream, version),
    );
  }

  #decompress(): 'frame' | 'fault' {
    const { frame } = this;
    const raw =
      this.#compression === undefined
        ? 'Cannot read a compressed frame: no compression was agreed in STARTUP'
        : decompressBody(this.#compression, frame.buffer, frame.start, frame.end, this.#bodySizeMaxBytes);
    if (typeof raw === 'string')
      return this.#fail(passingFault('compression', errorCodes.protocol, raw, frame.stream, frame.version));
    frame.buffer = raw;
    frame.start = 0;
    frame.end = raw.length;
    return 'frame';
  }

  /** Takes one segment and gives its payload to the inner assembler. */
  #segment(): 'segment' | 'more' | 'fault' {
    const outer = this.#outer;
    const compressed = this.#compression !== undefined;
    const headerSize = compressed ? compressedSegmentHeaderSizeBytes : plainSegmentHeaderSizeBytes;
    if (!outer.want(headerSize)) return this.#more(outer);
    const header = this.#header;
    if (!readSegmentHeader(outer.buffer, outer.start, compressed, header)) return this.#corrupt('header');
    const size = headerSize + header.payloadLength + segmentTrailerSizeBytes;
    if (!outer.want(size)) return this.#more(outer);
    const { buffer } = outer;
    const start = outer.start + headerSize;
    const end = start + header.payloadLength;
    const payload = buffer.subarray(start, end);
    const crc =
      (buffer[end] as number) |
      ((buffer[end + 1] as number) << 8) |
      ((buffer[end + 2] as number) << 16) |
      ((buffer[end + 3] as number) << 24);
    if (crc >>> 0 !== payloadChecksum(this.#checksum, payload)) return this.#corrupt('body');
    outer.consume(size);
    if (header.selfContained && this.#inner.isPartial)
      return this.#fail(fatalFault('segment', 'Cannot read a self-contained segment inside of a frame of several'));
    this.#selfContained = header.selfContained;
    const raw =
      this.#compression === undefined || header.rawLength === 0
        ? payload
        : decompressBlock(this.#compression, payload, header.rawLength);
    if (typeof raw === 'string') return this.#fail(fatalFault('compression', raw));
    this.#inner.push(raw, 0, raw.length);
    return 'segment';
  }

  #corrupt(part: 'header' | 'body'): 'fault' {
    return this.#fail(fatalFault('checksum', `unrecoverable CRC mismatch detected in frame ${part}`));
  }
}
