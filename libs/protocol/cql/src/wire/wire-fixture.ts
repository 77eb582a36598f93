/** For the tests of this folder: arbitrary messages, and frames through a writer and a reader. */
import fc from 'fast-check';
import type { ProtocolVersion } from './codes.ts';
import { lz4, snappy, type Compression } from './compression.ts';
import type { ErrorBody } from './error-body.ts';
import type { EventBody, SchemaChange } from './event.ts';
import type { WireFault } from './fault.ts';
import { FrameReader, type FrameReaderOptions } from './frame-reader.ts';
import type { WireColumn } from './metadata.ts';
import { wireNativeKinds, type WireType } from './wire-type.ts';

export const versions: readonly ProtocolVersion[] = [3, 4, 5];
export const version = fc.constantFrom(...versions);
/** What may be agreed in each version. */
export const compressionsOf = (of: ProtocolVersion): readonly (Compression | undefined)[] =>
  of === 5 ? [undefined, lz4] : [undefined, lz4, snappy];

export const text = fc.string({ maxLength: 12 });
export const name = fc.stringMatching(/^[a-z_][a-z0-9_]{0,8}$/);
export const bytes = fc.uint8Array({ maxLength: 24 });
export const int = fc.integer();
export const stream = fc.integer({ min: 0, max: 0x7fff });
export const consistency = fc.integer({ min: 0, max: 10 });
export const payload = fc.array(fc.tuple(text, fc.option(bytes)), { maxLength: 3 }).map((pairs) => new Map(pairs));

/** As an [option] tells them: not frozen, and a custom name is none that we know. */
export const wireType: fc.Arbitrary<WireType> = fc.letrec<{ type: WireType }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom(...wireNativeKinds).map((kind) => ({ kind })),
    name.map((one) => ({ kind: 'custom' as const, className: `org.example.${one}Thing` })),
    fc.record({
      kind: fc.constantFrom('list' as const, 'set' as const),
      element: tie('type'),
      frozen: fc.constant(false),
    }),
    fc.record({ kind: fc.constant('map' as const), key: tie('type'), value: tie('type'), frozen: fc.constant(false) }),
    fc.record({ kind: fc.constant('tuple' as const), elements: fc.array(tie('type'), { minLength: 1, maxLength: 3 }) }),
    fc.record({
      kind: fc.constant('udt' as const),
      keyspace: name,
      name: text,
      fields: fc.array(fc.record({ name: text, type: tie('type') }), { maxLength: 3 }),
      frozen: fc.constant(false),
    }),
    fc.record({
      kind: fc.constant('vector' as const),
      // A class that we do not know makes the vector one too.
      element: tie('type').filter((type) => !JSON.stringify(type).includes('"custom"')),
      dimension: fc.integer({ min: 1, max: 8192 }),
    }),
  ),
})).type;

const column = fc.record({ keyspace: name, table: name, name: text, type: wireType });
/** Of one table, or of several. */
export const columns: fc.Arbitrary<WireColumn[]> = fc.oneof(
  fc.array(column, { maxLength: 4 }),
  fc.array(column, { maxLength: 4 }).map((all) => all.map((one) => ({ ...one, keyspace: 'ks', table: 't' }))),
);

const levels = { message: text, consistency, received: int, blockFor: int };
const writeType = fc.constantFrom('SIMPLE' as const, 'BATCH' as const, 'CAS' as const, 'CDC' as const);
const address = fc.oneof(
  fc.uint8Array({ minLength: 4, maxLength: 4 }),
  fc.uint8Array({ minLength: 16, maxLength: 16 }),
);
const failures = fc.array(fc.record({ address, code: fc.integer({ min: 0, max: 0xffff }) }), { maxLength: 3 });
const kind = <const K extends string>(one: K): fc.Arbitrary<K> => fc.constant(one);
export const errorBody: fc.Arbitrary<ErrorBody> = fc.oneof(
  fc.record({
    kind: fc.constantFrom(
      ...(['server', 'protocol', 'bad_credentials', 'overloaded', 'bootstrapping', 'truncate'] as const),
      ...(['cdc_write_failure', 'syntax', 'unauthorized', 'invalid', 'config'] as const),
    ),
    message: text,
  }),
  fc.record({ kind: kind('unavailable'), message: text, consistency, required: int, alive: int }),
  fc.record({ kind: kind('write_timeout'), ...levels, writeType }),
  fc.record({
    kind: kind('write_timeout'),
    ...levels,
    writeType: kind('CAS'),
    contentions: fc.integer({ min: 0, max: 0xffff }),
  }),
  fc.record({ kind: kind('read_timeout'), ...levels, dataPresent: fc.boolean() }),
  fc.record({ kind: kind('read_failure'), ...levels, dataPresent: fc.boolean(), failures }),
  fc.record({ kind: kind('write_failure'), ...levels, writeType, failures }),
  fc.record({
    kind: kind('function_failure'),
    message: text,
    keyspace: text,
    name: text,
    argumentTypes: fc.array(text, { maxLength: 3 }),
  }),
  fc.record({ kind: kind('cas_write_unknown'), ...levels }),
  fc.record({ kind: kind('already_exists'), message: text, keyspace: text, table: text }),
  fc.record({ kind: kind('unprepared'), message: text, id: bytes }),
);

const change = fc.constantFrom('CREATED' as const, 'UPDATED' as const, 'DROPPED' as const);
export const schemaChange: fc.Arbitrary<SchemaChange> = fc.oneof(
  fc.record({ change, target: kind('KEYSPACE'), keyspace: text }),
  fc.record({ change, target: fc.constantFrom('TABLE' as const, 'TYPE' as const), keyspace: text, name: text }),
  fc.record({
    change,
    target: fc.constantFrom('FUNCTION' as const, 'AGGREGATE' as const),
    keyspace: text,
    name: text,
    argumentTypes: fc.array(text, { maxLength: 3 }),
  }),
);
export const eventBody: fc.Arbitrary<EventBody> = fc.oneof(
  fc.record({ type: kind('SCHEMA_CHANGE'), schema: schemaChange }),
  fc.record({
    type: kind('TOPOLOGY_CHANGE'),
    change: fc.constantFrom('NEW_NODE' as const, 'REMOVED_NODE' as const),
    address,
    port: int,
  }),
  fc.record({
    type: kind('STATUS_CHANGE'),
    change: fc.constantFrom('UP' as const, 'DOWN' as const),
    address,
    port: int,
  }),
);

/** A frame with a body of its own, so that it outlives the reader's next step. */
export type SeenFrame = {
  version: number;
  flags: number;
  stream: number;
  opcode: number;
  body: Uint8Array;
};

/** All frames and faults that come of the chunks; ends at a fatal fault. */
export function readAll(
  chunks: readonly Uint8Array[],
  options: FrameReaderOptions,
  prepare: (reader: FrameReader) => void = () => {},
): { frames: SeenFrame[]; faults: WireFault[] } {
  const reader = new FrameReader(options);
  prepare(reader);
  const frames: SeenFrame[] = [];
  const faults: WireFault[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let outcome = reader.next(); outcome !== 'more'; outcome = reader.next()) {
      if (outcome === 'fault') {
        const { fault } = reader;
        if (fault !== undefined) faults.push(fault);
        if (fault === undefined || fault.fatal) return { frames, faults };
        continue;
      }
      const { frame } = reader;
      frames.push({
        version: frame.version,
        flags: frame.flags,
        stream: frame.stream,
        opcode: frame.opcode,
        body: frame.buffer.slice(frame.start, frame.end),
      });
    }
  }
  return { frames, faults };
}

/** `bytes` cut at the places that `cuts` tell, in [0, 1). */
export function cutInto(whole: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [...new Set([0, ...cuts.map((cut) => Math.floor(cut * whole.length)), whole.length])].toSorted(
    (a, b) => a - b,
  );
  return places.slice(1).map((end, i) => whole.slice(places[i], end));
}
