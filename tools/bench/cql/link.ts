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

export class Link {
  readonly writer = new BenchRequestWriter({ checksum: nodeCrc32 });
  onAnswer: Answered = () => {};
  readonly #socket: Socket;
  readonly #reader = new FrameReader({ direction: 'response', checksum: nodeCrc32 });
  readonly #head = new ResponseHead();
  #waiting: { resolve(response: Response): void; reject(error: Error): void } | undefined;
  #error: Error | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Uint8Array) => this.#take(chunk));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the server closed the connection')));
  }

  static async open(target: Target): Promise<Link> {
    const socket = connect({ host: target.host, port: target.port });
    await once(socket, 'connect');
    const link = new Link(socket);
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
  /** Sends what was written. */
  flush(): void {
    const bytes = this.writer.take();
    if (bytes.length > 0 && this.#error === undefined) this.#socket.write(bytes);
  }
  close(): void {
    this.#error ??= new Error('closed');
    this.#socket.destroy();
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
        this.#socket.destroy();
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
