/**
 * The least that a server can do here: it reads every request, stores nothing, and answers as if it did. What is slower
 * than this is the engine. Prints its port.
 */
import { createServer, type AddressInfo } from 'node:net';
import { nodeCrc32 } from '@skerry/runtime-node';
import { fromUtf8, utf8 } from '@skerry/kernel';
import {
  blockSizeMaxBytes,
  decodeRequest,
  encodeColumns,
  encodePrepared,
  FrameReader,
  opcodes,
  Request,
  requestText,
  ResponseWriter,
  type WireColumn,
} from '@skerry/protocol-cql';

const value = utf8('x'.repeat(34));
const column = (name: string): WireColumn => ({
  keyspace: 'skerry_bench',
  table: 'rows',
  name,
  type: { kind: 'text' },
});
const columns = ['k', 'a', 'b', 'c', 'd', 'e'].map(column);
const encoded = encodeColumns(columns, 5);
if (encoded === undefined) throw new Error('six columns are too many');
const idSizeBytes = 16;
/** The id says how many rows the statement answers. */
const idOf = (rows: number): Uint8Array => utf8(String(rows).padStart(idSizeBytes, '0'));
const rowsOf = (text: string): number => (text.startsWith('SELECT') ? (/k = /.test(text) ? 1 : 100) : 0);

const server = createServer((socket) => {
  const reader = new FrameReader({ direction: 'request', checksum: nodeCrc32 });
  const writer = new ResponseWriter({ checksum: nodeCrc32 });
  const request = new Request();
  const rows = (count: number): void => {
    if (count === 0) return writer.void(request.stream);
    writer.beginRows(request.stream, encoded, true);
    for (let i = 0; i < count; i++) {
      for (let c = 0; c < columns.length; c++) writer.cell(value, 0, value.length);
      writer.endRow();
    }
    writer.endRows();
  };
  const answer = (): void => {
    const { stream, start, length } = request;
    if (request.opcode === opcodes.startup) {
      reader.startup(request.version);
      writer.startup(request.version);
      return writer.ready(stream);
    }
    if (request.opcode === opcodes.execute) {
      const id = fromUtf8(request.buffer.subarray(start, start + length));
      return rows(Number(id ?? 0));
    }
    if (request.opcode !== opcodes.prepare) return writer.void(stream);
    const id = idOf(rowsOf(requestText(request, start, length) ?? ''));
    const body = { id, resultId: id, variables: [], partitionKey: [], columns };
    const bytes = encodePrepared(body, request.version);
    if (bytes !== undefined) writer.prepared(stream, bytes);
  };
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Uint8Array) => {
    reader.push(chunk);
    for (let outcome = reader.next(); outcome !== 'more'; outcome = reader.next()) {
      const fault = outcome === 'fault' ? reader.fault : decodeRequest(reader.frame, request);
      if (fault === undefined) answer();
      else writer.error(fault.stream, { kind: 'protocol', message: fault.message });
      if (writer.length >= blockSizeMaxBytes / 2) socket.write(writer.take());
      if (fault?.fatal === true) return void socket.end(writer.take());
    }
    if (writer.length > 0) socket.write(writer.take());
  });
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
process.stdin.resume().on('end', () => process.exit(0));
