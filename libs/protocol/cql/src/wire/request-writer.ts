/** Requests, as a client writes them. Source: native_protocol_v3.spec, v4 and v5, §4.1. */
import { frameFlags, opcodes, prepareKeyspaceFlag, queryFlags, unsetLength, type ProtocolVersion } from './codes.ts';
import type { Compression } from './compression.ts';
import { FrameWriter } from './frame-writer.ts';

/** Undefined: unset, which v3 does not know. */
export type WireValue = Uint8Array | null | undefined;

export type RequestParameters = {
  /** Their codes. */
  readonly consistency: number;
  readonly serialConsistency?: number;
  readonly values?: readonly WireValue[];
  /** As many as values. */
  readonly names?: readonly string[];
  readonly skipMetadata?: boolean;
  /** Rows. */
  readonly pageSize?: number;
  readonly pagingState?: Uint8Array;
  /** Microseconds since 1970, in two halves of 32 bits. */
  readonly timestamp?: { readonly hi: number; readonly lo: number };
  /** v5. */
  readonly keyspace?: string;
  /** v5. Seconds since 1970. */
  readonly nowInSeconds?: number;
};
export type RequestStatement = ({ readonly text: string } | { readonly id: Uint8Array }) & {
  readonly values: readonly WireValue[];
};
export type RequestExtras = {
  readonly tracing?: boolean;
  readonly payload?: ReadonlyMap<string, Uint8Array | null>;
};

/** Of each method: false when the request is too long for a frame, and was not written. */
export class RequestWriter extends FrameWriter {
  /** When READY or AUTHENTICATE has come. */
  started(version: ProtocolVersion, compression?: Compression): void {
    this.negotiate(version, compression, 0);
  }

  startup(stream: number, options: ReadonlyMap<string, string>): boolean {
    this.#begin(stream, opcodes.startup);
    this.out.u16(options.size);
    for (const [name, value] of options) {
      this.out.string(name);
      this.out.string(value);
    }
    return this.finish();
  }
  options(stream: number): boolean {
    this.#begin(stream, opcodes.options);
    return this.finish();
  }
  register(stream: number, events: readonly string[]): boolean {
    this.#begin(stream, opcodes.register);
    this.out.stringList(events);
    return this.finish();
  }
  authResponse(stream: number, token: Uint8Array | null): boolean {
    this.#begin(stream, opcodes.authResponse);
    this.out.bytes(token);
    return this.finish();
  }
  query(stream: number, text: string, parameters: RequestParameters, extras?: RequestExtras): boolean {
    this.#begin(stream, opcodes.query, extras);
    this.out.longString(text);
    this.#parameters(parameters, true);
    return this.finish();
  }
  prepare(stream: number, text: string, keyspace?: string, extras?: RequestExtras): boolean {
    this.#begin(stream, opcodes.prepare, extras);
    this.out.longString(text);
    if (this.version >= 5) {
      this.out.i32(keyspace === undefined ? 0 : prepareKeyspaceFlag);
      if (keyspace !== undefined) this.out.string(keyspace);
    }
    return this.finish();
  }
  /** @param resultId of PREPARE's answer; it is sent in v5. */
  execute(
    stream: number,
    id: Uint8Array,
    resultId: Uint8Array,
    parameters: RequestParameters,
    extras?: RequestExtras,
  ): boolean {
    this.#begin(stream, opcodes.execute, extras);
    this.out.shortBytes(id);
    if (this.version >= 5) this.out.shortBytes(resultId);
    this.#parameters(parameters, true);
    return this.finish();
  }
  /** @param type a number of `batchTypes`. Values, names and paging of the parameters are the statements' or nobody's. */
  batch(
    stream: number,
    type: number,
    statements: readonly RequestStatement[],
    parameters: RequestParameters,
    extras?: RequestExtras,
  ): boolean {
    const { out } = this;
    this.#begin(stream, opcodes.batch, extras);
    out.u8(type);
    out.u16(statements.length);
    for (const statement of statements) {
      if ('id' in statement) {
        out.u8(1);
        out.shortBytes(statement.id);
      } else {
        out.u8(0);
        out.longString(statement.text);
      }
      this.#values(statement.values, undefined);
    }
    this.#parameters(parameters, false);
    return this.finish();
  }

  #begin(stream: number, opcode: number, extras?: RequestExtras): void {
    const payload = extras?.payload;
    const flags =
      (extras?.tracing === true ? frameFlags.tracing : 0) | (payload === undefined ? 0 : frameFlags.payload);
    this.begin(0, flags, stream, opcode);
    if (payload !== undefined) this.out.bytesMap(payload);
  }

  #values(values: readonly WireValue[], names: readonly string[] | undefined): void {
    const { out } = this;
    out.u16(values.length);
    for (let i = 0; i < values.length; i++) {
      if (names !== undefined) out.string(names[i] ?? '');
      const value = values[i];
      if (value === undefined) out.i32(unsetLength);
      else if (value === null) out.i32(-1);
      else out.prefixedPart(value, 0, value.length);
    }
  }

  #parameters(parameters: RequestParameters, own: boolean): void {
    const { out, version } = this;
    const { values, names, pageSize, pagingState, serialConsistency, timestamp } = parameters;
    const keyspace = version >= 5 ? parameters.keyspace : undefined;
    const now = version >= 5 ? parameters.nowInSeconds : undefined;
    let flags = 0;
    if (own && values !== undefined) flags |= queryFlags.values | (names === undefined ? 0 : queryFlags.names);
    if (own && parameters.skipMetadata === true) flags |= queryFlags.skipMetadata;
    if (own && pageSize !== undefined) flags |= queryFlags.pageSize;
    if (own && pagingState !== undefined) flags |= queryFlags.pagingState;
    if (serialConsistency !== undefined) flags |= queryFlags.serialConsistency;
    if (timestamp !== undefined) flags |= queryFlags.timestamp;
    if (keyspace !== undefined) flags |= queryFlags.keyspace;
    if (now !== undefined) flags |= queryFlags.nowInSeconds;
    out.u16(parameters.consistency);
    if (version >= 5) out.i32(flags);
    else out.u8(flags);
    if (own && values !== undefined) this.#values(values, names);
    if (own && pageSize !== undefined) out.i32(pageSize);
    if (own && pagingState !== undefined) out.bytes(pagingState);
    if (serialConsistency !== undefined) out.u16(serialConsistency);
    if (timestamp !== undefined) {
      out.i32(timestamp.hi);
      out.i32(timestamp.lo);
    }
    if (keyspace !== undefined) out.string(keyspace);
    if (now !== undefined) out.i32(now);
  }
}
