/** LIST, NLST, MLSD: entries come in batches from the data node's index, and leave as one piece of text each. */
import { StatusError, unreachable, utf8 } from '@skerry/kernel';
import { data, processing } from '@skerry/proto';
import { compilePattern, formatListLine, formatMachineLine, formatNameLine } from '@skerry/protocol-ftp';
import type { StreamSocket } from '@skerry/runtime-sockets';
import { endSending } from './download.ts';
import { progressDeadlineMs, type Outcome, type TransferRun } from './transfer.ts';

type Batches = AsyncIterator<data.ListResponse>;

export async function listing(run: TransferRun): Promise<Outcome> {
  const { ticket, format } = run.job.transfer;
  let opened: { batches: Batches; first: data.ListResponse };
  try {
    opened = await run.openStream(async (client) => {
      const options = { signal: run.signal, progressDeadlineMs: progressDeadlineMs(run.job) };
      const batches = client.list({ ticket }, options)[Symbol.asyncIterator]();
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
  const line = lineOf(run.job.transfer, run.job.clock.wallMs());
  const { self } = first;
  const alone = self?.kind === data.EntryKind.FILE ? [self] : [];
  let entries: readonly data.DirectoryEntry[] = [...alone, ...first.entries];
  for (;;) {
    let text = '';
    for (const entry of entries) text += line(entry);
    if (text !== '') {
      const bytes = utf8(text);
      run.bytes += bytes.length;
      try {
        if (!socket.write(bytes)) await run.forClient(socket.drained());
      } catch {
        return run.cut();
      }
    }
    try {
      const next = await batches.next();
      if (next.done === true) break;
      entries = next.value.entries;
    } catch (thrown) {
      return run.failed(thrown);
    }
  }
  return endSending(run, socket);
}

/** The line of an entry with its end; empty when it is not to be shown. */
function lineOf(transfer: processing.Transfer, nowMs: number): (entry: data.DirectoryEntry) => string {
  const { format, namePrefix, facts, pattern, allNames, rights } = transfer;
  const matches = compilePattern(pattern);
  const hidden = (name: string): boolean => !allNames && name.startsWith('.') && !pattern.startsWith('.');
  const shown = ({ name }: data.DirectoryEntry): boolean => !hidden(name) && matches(name);
  switch (format) {
    case processing.ListFormat.MLSD:
      return (entry) => `${formatMachineLine(entry, facts, { rights })}\r\n`;
    case processing.ListFormat.NLST:
      return (entry) => (shown(entry) ? `${formatNameLine(entry, namePrefix)}\r\n` : '');
    case processing.ListFormat.LIST:
    case processing.ListFormat.UNSPECIFIED:
      return (entry) => (shown(entry) ? `${formatListLine(entry, nowMs, { prefix: namePrefix })}\r\n` : '');
    default:
      return unreachable(format);
  }
}
