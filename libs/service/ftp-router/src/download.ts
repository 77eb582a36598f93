/** RETR: from the data node to the data connection. */
import { StatusError } from '@skerry/kernel';
import { processing, type data } from '@skerry/proto';
import { AsciiEncoder } from '@skerry/protocol-ftp';
import { verifiedBytes } from '@skerry/runtime-rpc';
import type { StreamSocket } from '@skerry/runtime-sockets';
import { giveBack } from '@skerry/runtime-world';
import { progressDeadlineMs, type Outcome, type TransferRun } from './transfer.ts';

type Parts = AsyncIterator<data.RetrieveResponse>;

export async function download(run: TransferRun): Promise<Outcome> {
  const { ticket, length } = run.job.transfer;
  let opened: { parts: Parts; size: number };
  try {
    opened = await run.openStream(async (client, signal) => {
      const options = { signal, progressDeadlineMs: progressDeadlineMs(run.job) };
      const parts = client.retrieve({ ticket, length }, options)[Symbol.asyncIterator]();
      const first = await parts.next();
      const part = first.done === true ? undefined : first.value.part;
      if (part?.$case !== 'start')
        throw new StatusError('unexpected', 'Cannot retrieve: the first message is no start');
      return { parts, size: part.value.size };
    });
  } catch (thrown) {
    return run.failed(thrown);
  }
  const socket = await run.openSocket({ sizeBytes: opened.size });
  if (!socket.ok) return socket.error;
  return send(run, opened.parts, socket.value);
}

async function send(run: TransferRun, parts: Parts, socket: StreamSocket): Promise<Outcome> {
  const { transfer, checksum, pace } = run.job;
  const encoder = transfer.type === processing.TransferType.ASCII ? new AsciiEncoder() : undefined;
  for (;;) {
    let bytes: Uint8Array;
    try {
      const next = await parts.next();
      if (next.done === true) break;
      const { part } = next.value;
      if (part?.$case !== 'chunk') throw new StatusError('unexpected', 'Cannot retrieve: a message is no chunk');
      bytes = verifiedBytes(part.value, checksum);
    } catch (thrown) {
      return run.failed(thrown);
    }
    for (const piece of encoder === undefined ? [bytes] : encoder.push(bytes)) {
      if (pace !== undefined) {
        if (await paced(run, socket, pace.pieces(piece))) continue;
        return run.cut();
      }
      run.bytes += piece.length;
      if (socket.write(piece, encoder === undefined ? () => giveBack(piece) : undefined)) continue;
      try {
        await run.forClient(socket.drained());
      } catch {
        return run.cut();
      }
    }
  }
  return endSending(run, socket);
}

/** False: the client's end broke. */
async function paced(run: TransferRun, socket: StreamSocket, pieces: AsyncIterable<Uint8Array>): Promise<boolean> {
  for await (const piece of pieces) {
    run.bytes += piece.length;
    if (socket.write(piece)) continue;
    try {
      await run.forClient(socket.drained());
    } catch {
      return false;
    }
  }
  return true;
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
