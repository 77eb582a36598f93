/** LIST, NLST, MLSD: entries come in batches from the data node's index, and leave as one piece of text each. */
import { StatusError, utf8 } from '@skerry/kernel';
import { data, processing } from '@skerry/proto';
import { nextTurn, type StreamSocket } from '@skerry/runtime-sockets';
import { endSending } from './download.ts';
import { ListingText } from './listing-text.ts';
import type { Outcome, TransferRun } from './transfer.ts';

type Batches = AsyncIterator<data.ListResponse>;

export async function listing(run: TransferRun): Promise<Outcome> {
  const { ticket, format, recursive } = run.job.transfer;
  let opened: { batches: Batches; first: data.ListResponse };
  try {
    opened = await run.openStream(async (client, options) => {
      const batches = client.list({ ticket, recursive }, options)[Symbol.asyncIterator]();
      const first = await batches.next();
      if (first.done === true) throw new StatusError('unexpected', 'Cannot list: the stream has no message');
      const isFile = first.value.self?.kind === data.EntryKind.FILE;
      if (isFile && format === processing.ListFormat.MLSD)
        throw new StatusError('not_a_directory', 'Cannot list a file with MLSD');
      return { batches, first: first.value };
    });
  } catch (thrown) {
    return run.failed(thrown);
  }
  const socket = await run.openSocket({});
  if (!socket.ok) return socket.error;
  return send(run, opened, socket.value);
}

async function send(
  run: TransferRun,
  { batches, first }: { batches: Batches; first: data.ListResponse },
  socket: StreamSocket,
): Promise<Outcome> {
  const text = new ListingText(run.job.transfer, run.job.clock.wallMs());
  let lines = text.begin(first);
  let truncated = false;
  for (;;) {
    if (!(await write(run, socket, lines))) return run.cut();
    try {
      if (run.job.transfer.itself) {
        await batches.return?.();
        break;
      }
      const next = await batches.next();
      if (next.done === true) break;
      // Nothing else here waits for the world, inside one process: a long listing would hold everybody else up.
      await nextTurn();
      lines = text.push(next.value);
      truncated ||= next.value.truncated;
    } catch (thrown) {
      return run.failed(thrown);
    }
  }
  if (!(await write(run, socket, text.end()))) return run.cut();
  const outcome = await endSending(run, socket);
  return truncated && outcome.kind === 'done' ? { ...outcome, truncated } : outcome;
}

/** False: the client's end broke. */
async function write(run: TransferRun, socket: StreamSocket, text: string): Promise<boolean> {
  if (text === '') return true;
  const bytes = utf8(text);
  run.bytes += bytes.length;
  try {
    if (!socket.write(bytes)) await run.forClient(socket.drained());
    return true;
  } catch {
    return false;
  }
}
