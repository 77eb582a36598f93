/** For tests: what router and processor do to the data role, called straight at its handlers. */
import { concatBytes, crc32c, NodeId, randomId, toHex, utf8 } from '@skerry/kernel';
import type { RandomBytes, StatusError } from '@skerry/kernel';
import { data } from '@skerry/proto';
import type { CallContext, Handlers } from '@skerry/runtime-rpc';
import { createSealer } from '@skerry/runtime-security';
import type { Clock } from '@skerry/runtime-world';

export const sealer = createSealer(new Uint8Array(32).fill(3));
const anyRandom: RandomBytes = (count) => crypto.getRandomValues(new Uint8Array(count));
export const context = (signal?: AbortSignal): CallContext => ({
  caller: { nodeId: NodeId('routing_1'), role: 'routing' },
  messageId: '',
  signal: signal ?? new AbortController().signal,
});

export type Calls = Handlers<typeof data.DataServiceDefinition>;
type Want = Partial<data.Ticket> & { path: string };
const { Operation } = data;

/** An upload that the test drives step by step. */
export class TestUpload {
  readonly #queue: data.StoreRequest[] = [];
  readonly #replies: AsyncIterator<{ part?: data.StoreResponse['part'] }>;
  #wake = (): void => undefined;
  /** The node asks for more than was sent. */
  #asking = false;
  #asked = (): void => undefined;
  #ended = false;
  /** Why the caller went away. */
  #gone: unknown;

  constructor(handlers: Calls, ticket: Uint8Array, signal?: AbortSignal) {
    const replies = handlers.store(this.#requests(), context(signal)) as AsyncIterable<{
      part?: data.StoreResponse['part'];
    }>;
    this.#replies = replies[Symbol.asyncIterator]();
    // As the carriers do it.
    signal?.addEventListener('abort', () => {
      this.#gone = signal.reason;
      this.#wake();
    });
    this.send({ $case: 'start', value: { ticket } });
  }
  async *#requests(): AsyncGenerator<data.StoreRequest, void, undefined> {
    while (true) {
      const next = this.#queue.shift();
      if (next !== undefined) yield next;
      else if (this.#ended) return;
      else if (this.#gone !== undefined) throw this.#gone;
      else await this.#more();
    }
  }
  #more(): Promise<void> {
    const more = new Promise<void>((resolve) => (this.#wake = resolve));
    this.#asking = true;
    this.#asked();
    return more;
  }
  /** Resolves when the node has dealt with all that was sent. */
  async taken(): Promise<void> {
    if (!this.#asking) await new Promise<void>((resolve) => (this.#asked = resolve));
  }
  send(part: data.StoreRequest['part']): this {
    this.#asking = false;
    this.#queue.push({ header: undefined, part });
    this.#wake();
    return this;
  }
  bytes(bytes: Uint8Array, pieceBytes = 100_000): this {
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      const piece = bytes.subarray(at, at + pieceBytes);
      this.send({ $case: 'chunk', value: { data: piece, crc32c: crc32c(piece) } });
    }
    return this;
  }
  /** The stream breaks off without a commit; resolves when the node has left the upload. */
  async cut(): Promise<void> {
    this.#ended = true;
    this.#wake();
    while ((await this.#replies.next()).done !== true);
  }
  /** The caller goes away without reading on. */
  async abandon(): Promise<void> {
    await this.#replies.return?.();
  }
  async reply(): Promise<data.StoreResponse['part']> {
    const { done, value } = await this.#replies.next();
    return done === true ? undefined : value.part;
  }
  async ready(): Promise<data.StoreReady> {
    const part = await this.reply();
    if (part?.$case !== 'ready') throw new Error(`no ready: ${part?.$case}`);
    return part.value;
  }
  async finish(): Promise<number> {
    const part = await this.send({ $case: 'finish', value: {} }).reply();
    if (part?.$case !== 'staged') throw new Error(`no staged: ${part?.$case}`);
    return part.value.length;
  }
  commit(): Promise<data.DirectoryEntry> {
    return this.#committed({ $case: 'commit', value: {} });
  }
  /** All at once. */
  content(bytes: Uint8Array): Promise<data.DirectoryEntry> {
    return this.#committed({ $case: 'content', value: { chunk: { data: bytes, crc32c: crc32c(bytes) } } });
  }
  async #committed(request: data.StoreRequest['part']): Promise<data.DirectoryEntry> {
    const part = await this.send(request).reply();
    if (part?.$case !== 'committed' || part.value.entry === undefined) throw new Error(`no commit: ${part?.$case}`);
    await this.cut();
    return part.value.entry;
  }
}

export class TestClient {
  readonly #handlers: Calls;
  readonly #clock: Clock;
  readonly #random: RandomBytes;
  readonly user: string;

  constructor(handlers: Calls, clock: Clock, user = 'ada', random = anyRandom) {
    this.#random = random;
    this.#handlers = handlers;
    this.#clock = clock;
    this.user = user;
  }
  ticket(operation: data.Operation, want: Want): Uint8Array {
    const more = {
      operationId: randomId(this.#random),
      user: this.user,
      group: 'staff',
      expiresAtMs: this.#clock.wallMs() + 60_000,
    };
    return sealer.seal('ticket', data.Ticket.encode(data.Ticket.fromPartial({ ...more, operation, ...want })).finish());
  }
  store(path: string, want: Partial<data.Ticket> = {}, signal?: AbortSignal): TestUpload {
    return new TestUpload(this.#handlers, this.ticket(want.operation ?? Operation.STORE, { path, ...want }), signal);
  }
  async put(path: string, bytes: Uint8Array, want: Partial<data.Ticket> = {}): Promise<data.DirectoryEntry> {
    const upload = this.store(path, want);
    await upload.ready();
    upload.bytes(bytes);
    await upload.finish();
    return upload.commit();
  }
  append(path: string, bytes: Uint8Array, want: Partial<data.Ticket> = {}): Promise<data.DirectoryEntry> {
    return this.put(path, bytes, { operation: Operation.APPEND, ...want });
  }
  /** Sends and breaks off. */
  async putCut(path: string, bytes: Uint8Array, want: Partial<data.Ticket> = {}): Promise<void> {
    const upload = this.store(path, want);
    await upload.ready();
    await upload.bytes(bytes).cut();
  }
  async get(path: string, want: Partial<data.Ticket> = {}, length?: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    const ticket = this.ticket(Operation.RETRIEVE, { path, ...want });
    for await (const { part } of this.#handlers.retrieve({ ticket, length }, context()))
      if (part?.$case === 'chunk') parts.push(part.value?.data ?? new Uint8Array(0));
    return concatBytes(parts);
  }
  /** In one answer; undefined: it is too long for one. */
  async getSmall(path: string, want: Partial<data.Ticket> = {}, length?: number): Promise<Uint8Array | undefined> {
    const ticket = this.ticket(Operation.RETRIEVE, { path, ...want });
    const { content } = await this.#handlers.retrieveSmall({ ticket, length }, context());
    return content === undefined ? undefined : (content.data ?? new Uint8Array(0));
  }
  async names(path: string): Promise<string[]> {
    const names: string[] = [];
    for await (const { entries } of this.#handlers.list(
      { ticket: this.ticket(Operation.LIST, { path }), recursive: false },
      context(),
    ))
      names.push(...(entries ?? []).map(({ name }) => name ?? ''));
    return names;
  }
  /** `directory/name` of all that is below, in order; `…` when there is more. */
  async namesBelow(path: string, want: Partial<data.Ticket> = {}): Promise<string[]> {
    const names: string[] = [];
    let directory = '';
    const ticket = this.ticket(Operation.LIST, { path, ...want });
    for await (const message of this.#handlers.list({ ticket, recursive: true }, context())) {
      if (message.directory !== undefined) names.push(`${(directory = message.directory)}:`);
      names.push(...(message.entries ?? []).map(({ name }) => `${directory}/${name}`));
      if (message.truncated === true) names.push('…');
    }
    return names;
  }
  /** Hexadecimal. */
  async digest(
    path: string,
    algorithm: data.DigestAlgorithm,
    want: Partial<data.Ticket> = {},
    length?: number,
  ): Promise<string> {
    const ticket = this.ticket(Operation.DIGEST, { path, ...want });
    for await (const { digest } of this.#handlers.digest({ ticket, algorithm, length }, context()))
      if (digest !== undefined) return toHex(digest);
    return 'none';
  }
  async combine(path: string, partPaths: string[], want: Partial<data.Ticket> = {}): Promise<void> {
    await this.#handlers.combine({ ticket: this.ticket(Operation.COMBINE, { path, partPaths, ...want }) }, context());
  }
  stat(path: string): Promise<Partial<data.StatResponse>> {
    return this.#handlers.stat({ ticket: this.ticket(Operation.STAT, { path }) }, context()) as Promise<
      Partial<data.StatResponse>
    >;
  }
  async mkdir(path: string, parents = false): Promise<void> {
    await this.#handlers.makeDirectory({ ticket: this.ticket(Operation.MAKE_DIRECTORY, { path, parents }) }, context());
  }
  async rmdir(path: string): Promise<void> {
    await this.#handlers.removeDirectory({ ticket: this.ticket(Operation.REMOVE_DIRECTORY, { path }) }, context());
  }
  async remove(path: string, want: Partial<data.Ticket> = {}): Promise<void> {
    await this.#handlers.removeFile({ ticket: this.ticket(Operation.REMOVE_FILE, { path, ...want }) }, context());
  }
  async rename(path: string, targetPath: string): Promise<void> {
    await this.#handlers.rename({ ticket: this.ticket(Operation.RENAME, { path, targetPath }) }, context());
  }
  usage() {
    return this.#handlers.getUsage({ user: this.user }, context());
  }
}

/** The reason of the failure; `none` when there is none. */
export const reasonOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'none',
    (thrown: unknown) => (thrown as StatusError).reason ?? String(thrown),
  );
export const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
export const bytesOf = utf8;
export const hash = (bytes: Uint8Array): string =>
  toHex(new Uint8Array([crc32c(bytes) >>> 24, crc32c(bytes) >>> 16, crc32c(bytes) >>> 8, crc32c(bytes)]));
