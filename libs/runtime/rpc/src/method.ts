/** Methods as the carriers see them: messages are opaque objects here; the types of types.ts are put on at the edges. */
import type { AccessTable, CallContext, Handlers, MethodDefinition, ServiceDefinition } from './types.ts';
import { BinaryWriter } from '@skerry/proto';

export type Message = object;
/** What a message type of ts-proto can do, as far as carriers need it. */
export type Codec = {
  encode(message: Message, writer: BinaryWriter): { finish(): Uint8Array };
  decode(bytes: Uint8Array): Message;
  fromPartial(partial: Message): Message;
};
export type UnaryHandler = (request: Message, context: CallContext) => Promise<Message>;
export type StreamHandler = (
  request: Message | AsyncIterable<Message>,
  context: CallContext,
) => Promise<Message> | AsyncIterable<Message>;

export type Method = {
  readonly service: string;
  /** As in the header's operation: skerry.data.v1.DataService/Store. */
  readonly operation: string;
  /** As in HTTP/2: with a slash before. */
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly request: Codec;
  readonly response: Codec;
  /** Whether the message has a field for the P9 header. */
  readonly requestHeader: boolean;
  readonly responseHeader: boolean;
};

/** `open`: without a token; for health and reflection, which tools of strangers ask for. */
export type Access = readonly string[] | 'any' | 'open';
export type Served = {
  readonly method: Method;
  readonly access: Access;
  /** Its type is that of the method's kind; the carrier that calls it knows which. */
  readonly handler: (request: never, context: CallContext) => unknown;
};

const known = new WeakMap<MethodDefinition, Method>();

export function methodOf(service: ServiceDefinition, definition: MethodDefinition): Method {
  const before = known.get(definition);
  if (before !== undefined) return before;
  const operation = `${service.fullName}/${definition.name}`;
  const request: Codec = definition.requestType;
  const response: Codec = definition.responseType;
  const method: Method = {
    service: service.fullName,
    operation,
    path: `/${operation}`,
    requestStream: definition.requestStream,
    responseStream: definition.responseStream,
    request,
    response,
    requestHeader: Object.hasOwn(request.fromPartial({}), 'header'),
    responseHeader: Object.hasOwn(response.fromPartial({}), 'header'),
  };
  known.set(definition, method);
  return method;
}

export function servedMethods<S extends ServiceDefinition>(
  service: S,
  handlers: Handlers<S>,
  access: AccessTable<S> | 'open',
): Served[] {
  return Object.entries(service.methods).map(([name, definition]) => ({
    method: methodOf(service, definition),
    access: access === 'open' ? access : access[name],
    // Entries lose the pairing of name and type that Handlers<S> has.
    handler: handlers[name],
  })) as Served[];
}

/** The same memory as a Buffer. */
export const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);

// One writer for all: making one costs as much as encoding a small message with it.
let smallWriter = new BinaryWriter();
/** A writer keeps memory for the largest message that it has written; beyond this it is let go. In bytes. */
const writerKeepsMaxBytes = 64 * 1024;

/** For messages that go alone. The message may lack fields: they have their defaults. */
export function encodeSmall(codec: Codec, partial: Message): Buffer {
  const writer = smallWriter;
  try {
    codec.encode(codec.fromPartial(partial), writer);
  } catch (thrown) {
    // What throws halfway leaves its half in the writer.
    smallWriter = new BinaryWriter();
    throw thrown;
  }
  const bytes = asBuffer(writer.finish());
  if (bytes.length > writerKeepsMaxBytes) smallWriter = new BinaryWriter();
  return bytes;
}
