/** Frames of the native protocol written by hand, and a bare connection to send them on. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { until } from '../system.ts';

export const opcodes = {
  startup: 0x01,
  options: 0x05,
  query: 0x07,
  prepare: 0x09,
  execute: 0x0a,
  register: 0x0b,
  batch: 0x0d,
};
export const errorOpcode = 0x00;
const headerSizeBytes = 9;

export function frame(opcode: number, body: Buffer, version = 4, stream = 1, declaredLength = body.length): Buffer {
  const header = Buffer.alloc(headerSizeBytes);
  header[0] = version;
  header.writeInt16BE(stream, 2);
  header[4] = opcode;
  header.writeInt32BE(declaredLength | 0, 5);
  return Buffer.concat([header, body]);
}
const shortString = (text: string): Buffer => {
  const bytes = Buffer.from(text);
  const out = Buffer.alloc(2 + bytes.length);
  out.writeUInt16BE(bytes.length);
  bytes.copy(out, 2);
  return out;
};
export function startup(version = 4, more: Readonly<Record<string, string>> = {}): Buffer {
  const options = Object.entries({ CQL_VERSION: '3.0.0', ...more });
  const strings = options.flatMap(([name, value]) => [shortString(name), shortString(value)]);
  return frame(opcodes.startup, Buffer.concat([Buffer.from([0, options.length]), ...strings]), version, 0);
}
export const query = (text: string, stream = 1, version = 4): Buffer =>
  frame(opcodes.query, queryBody(text), version, stream);
export function queryBody(text: string): Buffer {
  const bytes = Buffer.from(text);
  const out = Buffer.alloc(4 + bytes.length + 3);
  out.writeInt32BE(bytes.length);
  bytes.copy(out, 4);
  // Consistency ONE, no flags.
  out.writeUInt16BE(1, 4 + bytes.length);
  return out;
}

/** One connection; what it hears is cut into frames (of v3 and v4, uncompressed). */
export class RawConnection {
  readonly #socket: Socket;
  #bytes = Buffer.alloc(0);
  answers: { readonly opcode: number; readonly flags: number; readonly stream: number; readonly body: Buffer }[] = [];
  closed = false;
  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes) => this.#take(bytes));
    socket.on('error', () => undefined);
    socket.on('close', () => (this.closed = true));
  }
  static async open(port: number): Promise<RawConnection> {
    const socket = connect({ port, host: '127.0.0.1' });
    await once(socket, 'connect');
    return new RawConnection(socket);
  }
  #take(bytes: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    while (this.#bytes.length >= headerSizeBytes) {
      const size = headerSizeBytes + this.#bytes.readUInt32BE(5);
      if (this.#bytes.length < size) return;
      this.answers.push({
        opcode: this.#bytes[4] ?? -1,
        flags: this.#bytes[1] ?? 0,
        stream: this.#bytes.readInt16BE(2),
        body: Buffer.from(this.#bytes.subarray(headerSizeBytes, size)),
      });
      this.#bytes = this.#bytes.subarray(size);
    }
  }
  /** Reads no more until {@link resume}. */
  pause(): void {
    this.#socket.pause();
  }
  resume(): void {
    this.#socket.resume();
  }
  send(bytes: Buffer): void {
    this.#socket.write(bytes);
  }
  end(): void {
    this.#socket.end();
  }
  destroy(): void {
    this.#socket.destroy();
  }
  async answered(count: number): Promise<void> {
    await until(`${count} answers or a close`, () => this.answers.length >= count || this.closed);
  }
}
