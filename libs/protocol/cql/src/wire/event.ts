/** EVENT, and SCHEMA_CHANGE as a result. Source: native_protocol_v3.spec, v4 and v5, §4.2.5.5 and §4.2.6. */
import type { BodyReader } from './body-reader.ts';
import type { ProtocolVersion } from './codes.ts';
import type { Output } from './output.ts';

export const eventTypes = ['TOPOLOGY_CHANGE', 'STATUS_CHANGE', 'SCHEMA_CHANGE'] as const;
export type EventType = (typeof eventTypes)[number];
export const isEventType = (text: string): text is EventType => eventTypes.some((type) => type === text);

export type SchemaChange = { readonly change: 'CREATED' | 'UPDATED' | 'DROPPED'; readonly keyspace: string } & (
  | { readonly target: 'KEYSPACE' }
  | { readonly target: 'TABLE' | 'TYPE'; readonly name: string }
  | { readonly target: 'FUNCTION' | 'AGGREGATE'; readonly name: string; readonly argumentTypes: readonly string[] }
);
export type NodeChange = {
  /** 4 or 16 bytes. */
  readonly address: Uint8Array;
  readonly port: number;
} & (
  | { readonly type: 'TOPOLOGY_CHANGE'; readonly change: 'NEW_NODE' | 'REMOVED_NODE' | 'MOVED_NODE' }
  | { readonly type: 'STATUS_CHANGE'; readonly change: 'UP' | 'DOWN' }
);
export type EventBody = NodeChange | { readonly type: 'SCHEMA_CHANGE'; readonly schema: SchemaChange };

export function writeSchemaChange(out: Output, change: SchemaChange, version: ProtocolVersion): void {
  if ((change.target === 'FUNCTION' || change.target === 'AGGREGATE') && version < 4) {
    // v3 has no such target. Cassandra says that the keyspace changed.
    out.string('UPDATED');
    out.string('KEYSPACE');
    return out.string(change.keyspace);
  }
  out.string(change.change);
  out.string(change.target);
  out.string(change.keyspace);
  if (change.target === 'KEYSPACE') return;
  out.string(change.name);
  if (change.target === 'FUNCTION' || change.target === 'AGGREGATE') out.stringList(change.argumentTypes);
}

export function writeEventBody(out: Output, event: EventBody, version: ProtocolVersion): void {
  out.string(event.type);
  if (event.type === 'SCHEMA_CHANGE') return writeSchemaChange(out, event.schema, version);
  out.string(event.change);
  out.u8(event.address.length);
  out.raw(event.address);
  out.i32(event.port);
}

function readChange<T extends string>(reader: BodyReader, known: readonly T[]): T | undefined {
  const text = reader.string();
  const found = known.find((one) => one === text);
  if (found === undefined) reader.fail(`Unknown change "${text}"`);
  return found;
}

export function readSchemaChange(reader: BodyReader): SchemaChange | undefined {
  const change = readChange(reader, ['CREATED', 'UPDATED', 'DROPPED']);
  const target = readChange(reader, ['KEYSPACE', 'TABLE', 'TYPE', 'FUNCTION', 'AGGREGATE']);
  const keyspace = reader.string();
  if (change === undefined || target === undefined) return undefined;
  switch (target) {
    case 'KEYSPACE':
      return { change, target, keyspace };
    case 'TABLE':
    case 'TYPE':
      return { change, target, keyspace, name: reader.string() };
    case 'FUNCTION':
    case 'AGGREGATE': {
      const name = reader.string();
      return { change, target, keyspace, name, argumentTypes: reader.stringList() };
    }
  }
}

export function readEventBody(reader: BodyReader): EventBody | undefined {
  const type = readChange(reader, eventTypes);
  if (type === undefined) return undefined;
  if (type === 'SCHEMA_CHANGE') {
    const schema = readSchemaChange(reader);
    return schema && { type, schema };
  }
  const node =
    type === 'TOPOLOGY_CHANGE'
      ? { type, change: readChange(reader, ['NEW_NODE', 'REMOVED_NODE', 'MOVED_NODE']) }
      : { type, change: readChange(reader, ['UP', 'DOWN']) };
  const address = reader.view(reader.u8()).slice();
  const port = reader.i32();
  return node.change === undefined ? undefined : ({ ...node, address, port } as NodeChange);
}
