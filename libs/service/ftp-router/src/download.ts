/** RETR: from the data node to the data connection. */
import { StatusError } from '@skerry/kernel';
import { processing, type common, type data } from '@skerry/proto';
import { AsciiEncoder } from '@skerry/protocol-ftp';
import { verifiedBytes } from '@skerry/runtime-rpc';
import type { StreamSocket } from '@skerry/runtime-sockets';
import { giveBack } from '@skerry/runtime-world';
import type { Outcome, TransferRun } from './transfer.ts';

type Parts = AsyncIterator<data.RetrieveResponse>;
type Opened = { readonly sizeBytes: number } & (
  | { readonly kind: 'small'; readonly content: common.Chunk }
  | { readonly kind: 'stream'; readonly parts: Parts }
);

export async function download(run: TransferRun): Promise<Outcome> {
  let opened: Opened;
  try {
    opened = (await openSmall(run)) ?? (await openStream(run));
  } catch (thrown) {
    return run.failed(thrown);
  }
  const socket = await run.openSocket(opened);
  if (!socket.ok) return socket.error;
  const sink = new Sink(run, socket.value);
  const failed = opened.kind === 'small' ? await sendSmall(sink, opened.content) : await send(sink, opened.parts);
  return failed ?? endSending(run, socket.value);
}

/** Undefined: it is too much for one answer. */
async function openSmall(run: TransferRun): Promise<Opened | undefined> {
  const { ticket, length } = run.job.transfer;
  const { entry, content } = await run.ask((client, options) => client.retrieveSmall({ ticket, length }, options));
  return content === undefined ? undefined : { kind: 'small', content, sizeBytes: entry?.size ?? 0 };
}
function openStream(run: TransferRun): Promise<Opened> {
  const { ticket, length } = run.job.transfer;
  return run.openStream(async (client, options) => {
    const parts = client.retrieve({ ticket, length }, options)[Symbol.asyncIterator]();
    const first = await parts.next();
    const part = first.done === true ? undefined : first.value.part;
    if (part?.$case !== 'start') throw new StatusError('unexpected', 'Cannot retrieve: the first message is no start');
    return { kind: 'stream', parts, sizeBytes: part.value.size };
  });
}

async function sendSmall(sink: Sink, content: common.Chunk): Promise<Outcome | undefined> {
  const { run } = sink;
  let bytes: Uint8Array;
  try {
    bytes = verifiedBytes(content, run.job.checksums);
  } catch (thrown) {
    return run.failed(thrown);
  }
  return bytes.length === 0 || (await sink.take(bytes)) ? undefined : run.cut();
}
/** Undefined: all was sent. */
async function send(sink: Sink, parts: Parts): Promise<Outcome | undefined> {
  const { run } = sink;
  for (;;) {
    let bytes: Uint8Array;
    try {
      const next = await parts.next();
      if (next.done === true) return undefined;
      const { part } = next.value;
      if (part?.$case !== 'chunk') throw new StatusError('unexpected', 'Cannot retrieve: a message is no chunk');
      bytes = verifiedBytes(part.value, run.job.checksums);
    } catch (thrown) {
      return run.failed(thrown);
    }
    if (!(await sink.take(bytes))) return run.cut();
  }
}

/** The data connection, as content goes into it. */
class Sink {
  readonly run: TransferRun;
  readonly #socket: StreamSocket;
  readonly #encoder: AsciiEncoder | undefined;

  constructor(run: TransferRun, socket: StreamSocket) {
    this.run = run;
    this.#socket = socket;
    this.#encoder = run.job.transfer.type === processing.TransferType.ASCII ? new AsciiEncoder() : undefined;
  }
  /** False: the client's end broke. */
  async take(bytes: Uint8Array): Promise<boolean> {
    const { pace } = this.run.job;
    for (const piece of this.#encoder === undefined ? [bytes] : this.#encoder.push(bytes)) {
      if (pace === undefined) {
        if (!(await this.#write(piece, this.#encoder === undefined ? () => giveBack(piece) : undefined))) return false;
      } else for await (const part of pace.pieces(piece)) if (!(await this.#write(part))) return false;
    }
    return true;
  }
  async #write(piece: Uint8Array, sent?: () => void): Promise<boolean> {
    this.run.bytes += piece.length;
    if (this.#socket.write(piece, sent)) return true;
    try {
      await this.run.forClient(this.#socket.drained());
      return true;
    } catch {
      return false;
    }
  }
}

/** 226 follows when the last byte and the end of the stream were given to the operating system. */
export async function endSending(run: TransferRun, socket: StreamSocket): Promise<Outcome> {
  try {
    await run.forClient(socket.end());
    return run.aborted ? { kind: 'aborted' } : { kind: 'done' };
  } catch {
    return run.cut();
  }
}
