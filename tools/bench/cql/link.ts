/**
 * One connection of the load generator. Setting up awaits answers; a load writes into a stream and is called back with
 * the least about its answer, many in flight, one write to the socket for each turn.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import {
  decodeResponse,
  FrameReader,
  opcodes,
  readResponseHead,
  ResponseHead,
  type PreparedBody,
  type ProtocolVersion,
  type Response,
} from '@skerry/protocol-cql';
import { utf8 } from '@skerry/kernel';
import { nodeCrc32 } from '@skerry/runtime-node';
import { BenchRequestWriter } from './request-writer.ts';

export type Target = {
  readonly host: string;
  readonly port: number;
  readonly version: ProtocolVersion;
  readonly user: string | undefined;
  readonly password: string | undefined;
};
/** @param nowMs when the bytes of the answer came: one look at the clock for all that came together. */
export type Answered = (stream: number, head: ResponseHead, nowMs: number) => void;

/** For setting up; a load has the streams below it. */
const ownStream = 0x7fff;
const consistencyOne = 1;
/** Bytes that are read at once. */
const readSizeBytes = 256 * 1024;
const earlySizeBytes = 64 * 1024;

export class Link {
  readonly writer = new BenchRequestWriter({ checksum: nodeCrc32 });
  onAnswer: Answered = () => {};
  #socket: Socket | undefined;
  readonly #reader = new FrameReader({ direction: 'response', checksum: nodeCrc32 });
  readonly #head = new ResponseHead();
  #waiting: { resolve(response: Response): void; reject(error: Error): void } | undefined;
  #error: Error | undefined;

  private constructor() {}

  static async open(target: Target): Promise<Link> {
    const link = new Link();
    // One memory for all reads: nothing is made for an answer, and it stays near the processor.
    const memory = new Uint8Array(readSizeBytes);
    const callback = (size: number): boolean => {
      link.#take(memory.subarray(0, size));
      return true;
    };
    const socket = connect({ host: target.host, port: target.port, onread: { buffer: memory, callback } });
    link.#socket = socket;
    socket.setNoDelay(true);
    socket.on('error', (error) => link.#fail(error));
    socket.on('close', () => link.#fail(new Error('the server closed the connection')));
    await once(socket, 'connect');
    const { version } = target;
    link.writer.version = version;
    const options = new Map([
      ['CQL_VERSION', '3.0.0'],
      ['DRIVER_NAME', 'skerry-bench'],
    ]);
    const first = await link.#ask((to, stream) => to.startup(stream, options));
    link.#reader.startup(version);
    link.writer.started(version);
    if (first.body.kind === 'authenticate') {
      const token = utf8(`\0${target.user ?? 'cassandra'}\0${target.password ?? 'cassandra'}`);
      await link.#ask((to, stream) => to.authResponse(stream, token));
    }
    return link;
  }

  get error(): Error | undefined {
    return this.#error;
  }

  async query(text: string): Promise<Response> {
    return await this.#ask((to, stream) => to.query(stream, text, { consistency: consistencyOne }));
  }
  async prepare(text: string): Promise<PreparedBody> {
    const { body } = await this.#ask((to, stream) => to.prepare(stream, text));
    if (body.kind !== 'prepared') throw new Error(`PREPARE was answered with ${body.kind}`);
    return body.prepared;
  }
  /** After a request was written: much is sent before there is more, since more needs another buffer. */
  wrote(): void {
    if (this.writer.length > earlySizeBytes) this.flush();
  }
  /** Sends what was written. */
  flush(): void {
    const bytes = this.writer.take();
    const socket = this.#socket;
    if (bytes.length === 0 || this.#error !== undefined || socket === undefined) return;
    socket.write(bytes);
    if (socket.writableLength === 0) this.writer.reuse();
  }
  close(): void {
    this.#error ??= new Error('closed');
    this.#socket?.destroy();
  }

  /** @throws the server's error, so that a table that could not be made ends the run. */
  async #ask(write: (to: BenchRequestWriter, stream: number) => boolean): Promise<Response> {
    if (this.#error !== undefined) throw this.#error;
    const answer = new Promise<Response>((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
    write(this.writer, ownStream);
    this.flush();
    const response = await answer;
    if (response.body.kind === 'error') throw new Error(response.body.error.message);
    return response;
  }

  #fail(error: Error): void {
    this.#error ??= error;
    this.#waiting?.reject(this.#error);
    this.#waiting = undefined;
  }

  #take(chunk: Uint8Array): void {
    const reader = this.#reader;
    const nowMs = performance.now();
    reader.push(chunk);
    for (let outcome = reader.next(); outcome !== 'more'; outcome = reader.next()) {
      if (outcome === 'fault') {
        this.#fail(new Error(`the server's bytes cannot be read: ${reader.fault?.message}`));
        this.#socket?.destroy();
        return;
      }
      const { frame } = reader;
      if (frame.stream === ownStream) {
        const response = decodeResponse(frame);
        const waiting = this.#waiting;
        this.#waiting = undefined;
        if (response.ok) waiting?.resolve(response.value);
        else waiting?.reject(new Error(response.error.message));
        // Segments may begin behind this very frame, and whoever waits must say so before the next one is read. A
        // server sends nothing more until it is asked.
      } else if (frame.opcode !== opcodes.event && readResponseHead(frame, this.#head))
        this.onAnswer(frame.stream, this.#head, nowMs);
    }
    this.flush();
  }
}
