/**
 * [option]: types on the wire.
 *
 * Source: native_protocol_v3.spec, v4 and v5, §4.2.5.2; Cassandra's `transport/DataType.java` for what a version lacks.
 */
import type { BodyReader } from './body-reader.ts';
import { classNameOf, typeOfClassName } from './class-name.ts';
import type { ProtocolVersion } from './codes.ts';
import type { Output } from './output.ts';
import { isWireNative, typeDepthMax, type WireNativeKind, type WireType } from './wire-type.ts';

const customId = 0x00;
const listId = 0x20;
const mapId = 0x21;
const setId = 0x22;
const udtId = 0x30;
const tupleId = 0x31;
/** The number of each type, and the first version that has it. */
const nativeIds: Readonly<Record<WireNativeKind, readonly [id: number, since: ProtocolVersion]>> = {
  ascii: [0x01, 3],
  bigint: [0x02, 3],
  blob: [0x03, 3],
  boolean: [0x04, 3],
  counter: [0x05, 3],
  decimal: [0x06, 3],
  double: [0x07, 3],
  float: [0x08, 3],
  int: [0x09, 3],
  timestamp: [0x0b, 3],
  uuid: [0x0c, 3],
  text: [0x0d, 3],
  varint: [0x0e, 3],
  timeuuid: [0x0f, 3],
  inet: [0x10, 3],
  date: [0x11, 4],
  time: [0x12, 4],
  smallint: [0x13, 4],
  tinyint: [0x14, 4],
  duration: [0x15, 5],
};
/** `text` until v2, and still understood. */
const oldTextId = 0x0a;
const kindOfId = new Map<number, WireNativeKind>([[oldTextId, 'text']]);
for (const [kind, [id]] of Object.entries(nativeIds)) kindOfId.set(id, kind as WireNativeKind);

/** What the version has no number for goes as CUSTOM with its class name. */
export function writeType(out: Output, type: WireType, version: ProtocolVersion): void {
  if (isWireNative(type)) {
    const [id, since] = nativeIds[type.kind];
    out.u16(version < since ? customId : id);
    if (version < since) out.string(classNameOf(type));
    return;
  }
  switch (type.kind) {
    case 'list':
    case 'set':
      out.u16(type.kind === 'list' ? listId : setId);
      return writeType(out, type.element, version);
    case 'map':
      out.u16(mapId);
      writeType(out, type.key, version);
      return writeType(out, type.value, version);
    case 'tuple':
      out.u16(tupleId);
      out.u16(type.elements.length);
      for (const element of type.elements) writeType(out, element, version);
      return;
    case 'udt':
      out.u16(udtId);
      out.string(type.keyspace);
      out.string(type.name);
      out.u16(type.fields.length);
      for (const field of type.fields) {
        out.string(field.name);
        writeType(out, field.type, version);
      }
      return;
    case 'vector':
    case 'custom':
      out.u16(customId);
      return out.string(classNameOf(type));
  }
}

export function readType(reader: BodyReader, depth = 0): WireType {
  const nothing: WireType = { kind: 'custom', className: '' };
  if (depth > typeDepthMax) {
    reader.fail(`Cannot read a type: it nests deeper than ${typeDepthMax}`);
    return nothing;
  }
  const id = reader.u16();
  const kind = kindOfId.get(id);
  if (kind !== undefined) return { kind };
  switch (id) {
    case customId:
      return typeOfClassName(reader.string());
    case listId:
      return { kind: 'list', element: readType(reader, depth + 1), frozen: false };
    case setId:
      return { kind: 'set', element: readType(reader, depth + 1), frozen: false };
    case mapId: {
      const key = readType(reader, depth + 1);
      return { kind: 'map', key, value: readType(reader, depth + 1), frozen: false };
    }
    case tupleId: {
      const count = reader.count16('types', 2);
      const elements: WireType[] = [];
      for (let i = 0; i < count && reader.problem === undefined; i++) elements.push(readType(reader, depth + 1));
      return { kind: 'tuple', elements };
    }
    case udtId: {
      const keyspace = reader.string();
      const name = reader.string();
      const count = reader.count16('fields', 4);
      const fields: { name: string; type: WireType }[] = [];
      for (let i = 0; i < count && reader.problem === undefined; i++) {
        const field = reader.string();
        fields.push({ name: field, type: readType(reader, depth + 1) });
      }
      return { kind: 'udt', keyspace, name, fields, frozen: false };
    }
    default:
      reader.fail(`Unknown type ${id}`);
      return nothing;
  }
}
