/**
 * The descriptors that code generation embedded, indexed for reflection: by file and by every name that they define.
 *
 * Source: google/protobuf/descriptor.proto for the field numbers; Protocol Buffers encoding for the wire.
 */
import { assert, concatBytes, fromUtf8, present } from '@skerry/kernel';
import { descriptorSet } from '@skerry/proto';

export type FileDescriptor = {
  readonly name: string;
  readonly imports: readonly string[];
  /** Encoded FileDescriptorProto. */
  readonly bytes: Uint8Array;
};
export type DescriptorIndex = {
  readonly files: ReadonlyMap<string, FileDescriptor>;
  /** Full name of a service, method, message, field, enum or enum value to its file. */
  readonly symbols: ReadonlyMap<string, FileDescriptor>;
  /** Full names of messages. */
  readonly messages: ReadonlySet<string>;
};

type Field = { readonly number: number; readonly bytes: Uint8Array };

/** Fields with a length, in order; numbers are skipped. Only for the trusted bytes of code generation. */
export function lengthDelimited(bytes: Uint8Array): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): number => {
    let [value, scale] = [0, 1];
    for (;;) {
      const byte = present(bytes[at], 'byte of a varint');
      at += 1;
      value += (byte & 0x7f) * scale;
      scale *= 128;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    switch (tag % 8) {
      case 0:
        varint();
        break;
      case 1:
        at += 8;
        break;
      case 2: {
        const size = varint();
        fields.push({ number: Math.floor(tag / 8), bytes: bytes.subarray(at, at + size) });
        at += size;
        break;
      }
      case 5:
        at += 4;
        break;
      default:
        assert(false, `wire type ${tag % 8} in a descriptor`);
    }
  }
  return fields;
}

const all = (bytes: Uint8Array, number: number): Uint8Array[] =>
  lengthDelimited(bytes).flatMap((field) => (field.number === number ? [field.bytes] : []));
const texts = (bytes: Uint8Array, number: number): string[] =>
  all(bytes, number).map((text) => present(fromUtf8(text), 'UTF-8 in a descriptor'));
// Every named descriptor has its name in field 1.
const nameOf = (bytes: Uint8Array): string => texts(bytes, 1)[0] ?? '';

/** The embedded set. Read at first use: nodes that nobody asks never do. */
export function descriptorIndex(): DescriptorIndex {
  cached ??= readDescriptors(new Uint8Array(Buffer.from(descriptorSet, 'base64')));
  return cached;
}
let cached: DescriptorIndex | undefined;

/** @param set an encoded FileDescriptorSet. */
export function readDescriptors(set: Uint8Array): DescriptorIndex {
  const files = new Map<string, FileDescriptor>();
  const symbols = new Map<string, FileDescriptor>();
  const messages = new Set<string>();
  for (const bytes of all(set, 1)) {
    const file = { name: nameOf(bytes), imports: texts(bytes, 3), bytes };
    files.set(file.name, file);
    const scope = texts(bytes, 2)[0] ?? '';
    const define = (parent: string, descriptor: Uint8Array): string => {
      const name = parent === '' ? nameOf(descriptor) : `${parent}.${nameOf(descriptor)}`;
      symbols.set(name, file);
      return name;
    };
    const enumeration = (parent: string, descriptor: Uint8Array): void => {
      define(parent, descriptor);
      // Enum values stand beside their type, not in it.
      for (const value of all(descriptor, 2)) define(parent, value);
    };
    const message = (parent: string, descriptor: Uint8Array): void => {
      const name = define(parent, descriptor);
      messages.add(name);
      for (const field of all(descriptor, 2)) define(name, field);
      for (const nested of all(descriptor, 3)) message(name, nested);
      for (const nested of all(descriptor, 4)) enumeration(name, nested);
    };
    for (const descriptor of all(bytes, 4)) message(scope, descriptor);
    for (const descriptor of all(bytes, 5)) enumeration(scope, descriptor);
    for (const descriptor of all(bytes, 6)) {
      const name = define(scope, descriptor);
      for (const method of all(descriptor, 2)) define(name, method);
    }
  }
  return { files, symbols, messages };
}

/** The file and all that it imports, itself first, each once. */
export function withImports(index: DescriptorIndex, file: FileDescriptor): FileDescriptor[] {
  const found = new Map<string, FileDescriptor>();
  const visit = (one: FileDescriptor): void => {
    if (found.has(one.name)) return;
    found.set(one.name, one);
    for (const name of one.imports) visit(present(index.files.get(name), `descriptor of import "${name}"`));
  };
  visit(file);
  return [...found.values()];
}

/** For tests and tools: a FileDescriptorSet of these files. */
export function encodeSet(files: readonly FileDescriptor[]): Uint8Array {
  return concatBytes(files.flatMap(({ bytes }) => [lengthPrefix(bytes.length), bytes]));
}
function lengthPrefix(size: number): Uint8Array {
  const prefix = [0x0a];
  let rest = size;
  for (; rest >= 128; rest = Math.floor(rest / 128)) prefix.push((rest % 128) + 128);
  prefix.push(rest);
  return Uint8Array.from(prefix);
}
