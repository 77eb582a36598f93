import type { BodyReader } from './body-reader.ts';
import { queryFlags, type ProtocolVersion } from './codes.ts';
import type { ValueSlots } from './value-slots.ts';

/** Query parameters without the values; reused. What has no flag has its default. Starts are offsets in the body's buffer. */
export class Parameters {
  consistency = 0;
  skipMetadata = false;
  /** Rows; -1: no paging. */
  pageSize = -1;
  pagingStart = 0;
  /** -1: none. */
  pagingLength = -1;
  /** -1: none; its code otherwise. */
  serialConsistency = -1;
  hasTimestamp = false;
  /** Microseconds since 1970, the upper and the lower 32 bits, both signed. */
  timestampHi = 0;
  timestampLo = 0;
  keyspaceStart = 0;
  /** -1: none. */
  keyspaceLength = -1;
  hasNow = false;
  /** Seconds since 1970. */
  nowInSeconds = 0;
  /** Whether the values have names. */
  named = false;

  clear(): void {
    this.consistency = 0;
    this.skipMetadata = false;
    this.pageSize = -1;
    this.pagingLength = -1;
    this.serialConsistency = -1;
    this.hasTimestamp = false;
    this.keyspaceLength = -1;
    this.hasNow = false;
    this.named = false;
  }

  /** @param values where those of the body go; undefined in a BATCH, whose statements have their own. */
  read(reader: BodyReader, version: ProtocolVersion, values: ValueSlots | undefined): void {
    this.clear();
    this.consistency = reader.consistency();
    const flags = version >= 5 ? reader.i32() : reader.u8();
    if (flags === 0) return;
    if ((flags & queryFlags.values) !== 0) {
      if (values === undefined) return reader.fail('Values of a BATCH belong to its statements');
      this.named = (flags & queryFlags.names) !== 0;
      values.read(reader, this.named, version);
    }
    this.skipMetadata = (flags & queryFlags.skipMetadata) !== 0;
    if ((flags & queryFlags.pageSize) !== 0) this.pageSize = reader.i32();
    if ((flags & queryFlags.pagingState) !== 0) {
      this.pagingLength = reader.bytesLength();
      this.pagingStart = this.pagingLength > 0 ? reader.skip(this.pagingLength) : reader.at;
    }
    if ((flags & queryFlags.serialConsistency) !== 0) this.serialConsistency = reader.consistency();
    if ((flags & queryFlags.timestamp) !== 0) this.#timestamp(reader);
    // v4 does not define it, but its bit is there, and Cassandra heeds it.
    if ((flags & queryFlags.keyspace) !== 0) {
      this.keyspaceLength = reader.u16();
      this.keyspaceStart = reader.skip(this.keyspaceLength);
    }
    if ((flags & queryFlags.nowInSeconds) !== 0) {
      this.hasNow = true;
      this.nowInSeconds = reader.i32();
    }
  }

  #timestamp(reader: BodyReader): void {
    this.hasTimestamp = true;
    this.timestampHi = reader.i32();
    this.timestampLo = reader.i32();
    // Cassandra's own mark for "no timestamp".
    if (this.timestampHi === -0x80000000 && this.timestampLo === 0)
      reader.fail(
        'Out of bound timestamp, must be in [-9223372036854775807, 9223372036854775807] (got -9223372036854775808)',
      );
  }
}
