/** One connection to a CQL server, in v5: a request, then its answer. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { utf8 } from '@skerry/kernel';
import {
  decodeResponse,
  FrameReader,
  RequestWriter,
  type RequestParameters,
  type Response,
} from '@skerry/protocol-cql';
import { nodeCrc32 } from '@skerry/runtime-node';

export type CqlTarget = {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
};

const version = 5;
const stream = 1;
/** How long an answer may take; a schema change of Cassandra's may take seconds. */
const answerTimeoutMs = 30_000;

export class Link {
  readonly #socket: Socket;
  readonly #writer = new RequestWriter({ checksum: nodeCrc32 });
  readonly #reader = new FrameReader({ direction: 'response', checksum: nodeCrc32 });
  #waiting: { resolve(response: Response): void; reject(error: Error): void } | undefined;
  #error: Error | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Uint8Array) => this.#take(chunk));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the server closed the connection')));
    this.#writer.version = version;
  }

  /** @throws when the server cannot be reached or does not let the user in. */
  static async open({ host, port, user, password }: CqlTarget): Promise<Link> {
    const socket = connect({ host, port });
    await once(socket, 'connect');
    const link = new Link(socket);
    const first = await link.#ask((to) => to.startup(stream, new Map([['CQL_VERSION', '3.0.0']])));
    link.#reader.startup(version);
    link.#writer.started(version);
    if (first.body.kind !== 'authenticate') return link;
    const { body } = await link.#ask((to) => to.authResponse(stream, utf8(`\0${user}\0${password}`)));
    if (body.kind !== 'error') return link;
    link.close();
    throw new Error(`Cannot log in as ${user}: ${body.error.message}`);
  }

  /** What the answer views holds until the next one. */
  query(text: string, parameters: RequestParameters): Promise<Response> {
    return this.#ask((to) => to.query(stream, text, parameters));
  }
  prepare(text: string): Promise<Response> {
    return this.#ask((to) => to.prepare(stream, text));
  }
  close(): void {
    this.#socket.destroy();
  }

  async #ask(write: (to: RequestWriter) => boolean): Promise<Response> {
    if (this.#error !== undefined) throw this.#error;
    const answer = new Promise<Response>((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
    const timer = setTimeout(() => this.#fail(new Error(`no answer in ${answerTimeoutMs} ms`)), answerTimeoutMs);
    write(this.#writer);
    this.#socket.write(this.#writer.take());
    try {
      return await answer;
    } finally {
      clearTimeout(timer);
    }
  }
  #fail(error: Error): void {
    this.#error ??= error;
    this.#waiting?.reject(this.#error);
    this.#waiting = undefined;
  }
  #take(chunk: Uint8Array): void {
    const reader = this.#reader;
    reader.push(chunk);
    for (let outcome = reader.next(); outcome !== 'more'; outcome = reader.next()) {
      if (outcome === 'fault') {
        this.#fail(new Error(`the server's bytes cannot be read: ${reader.fault?.message}`));
        this.#socket.destroy();
        return;
      }
      const response = decodeResponse(reader.frame);
      const waiting = this.#waiting;
      this.#waiting = undefined;
      if (response.ok) waiting?.resolve(response.value);
      else waiting?.reject(new Error(response.error.message));
    }
  }
}
