/**
 * What the streams between members of a Raft group cost, beside a bare bidirectional stream of @grpc/grpc-js that carries
 * the same records in messages of the same size, with no checksum, no order of classes, no window of its own.
 *   node --import tsx --conditions=@skerry/source tools/bench/raft-links.ts [seconds for each of two, default 4] [--only=TEXT] [--json]
 * Both ends live in this process, over TCP on the loopback. How the two are compared: paired.ts.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as grpc from '@grpc/grpc-js';
import { Epoch, GroupId, LogIndex, NodeId, RecordCodec, Term } from '@skerry/kernel';
import { nodeWorld } from '@skerry/runtime-node';
import { openRaftDoor, type LinkMessage, type RaftHandler } from '@skerry/runtime-raft-links';
import { createRpcNode } from '@skerry/runtime-rpc';
import { createRevocationList, createSealer } from '@skerry/runtime-security';
import { createTelemetry } from '@skerry/runtime-telemetry';
import { formatAddress } from '@skerry/runtime-world';
import { compare, type Comparison, type Load, type Round } from './paired.ts';

const flags = process.argv.slice(2);
const seconds = Number(flags.find((flag) => /^[\d.]+$/.test(flag)) ?? 4);
const only = flags.find((flag) => flag.startsWith('--only='))?.slice('--only='.length) ?? '';
const roundMs = 100;
const rounds = 2 * Math.ceil((seconds * 1_000) / roundMs / 2);
/** What raft lets be under way to one follower: its window of messages and bytes. */
const inflightCountMax = 256;
const inflightMaxBytes = 4 * 1024 * 1024;

const group = GroupId('bench');
const epoch = Epoch('0123456789abcdef0123456789abcdef');
const codec = new RecordCodec({ group, epoch });
const [one, two] = [NodeId('data_1'), NodeId('data_2')];
const directory = mkdtempSync(join(tmpdir(), 'skerry-bench-links-'));
const world = nodeWorld(directory);
const sealingKey = new Uint8Array(32).fill(1);

/** Sends one batch; resolves when the follower's answer came back. */
type Subject = { send(): Promise<void>; readonly bytes: number; close(): Promise<void> };
type Shape = { readonly name: string; readonly entries: number; readonly sizeBytes: number };

/** Answers are in order, so those who wait are too. */
class Waiting {
  readonly #waiting: (() => void)[] = [];
  wait(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
  answered(): void {
    this.#waiting.shift()?.();
  }
}

async function ours({ entries, sizeBytes }: Shape): Promise<Subject> {
  const addresses = new Map<NodeId, string>();
  const none: Omit<RaftHandler, 'receive'> = {
    beginSnapshot: async () => undefined,
    snapshotChunk: async () => undefined,
    endSnapshot: async () => undefined,
  };
  const member = async (id: NodeId, receive: RaftHandler['receive']) => {
    const telemetry = createTelemetry({ nodeId: id, role: 'data', output: 'silent', processMetrics: false });
    const rpc = createRpcNode({
      world,
      identity: { cluster: 'bench', nodeId: id, role: 'data', tls: undefined, sealingKey },
      sealer: createSealer(sealingKey),
      revocations: createRevocationList(),
      telemetry,
    });
    const door = openRaftDoor({ rpc, role: 'data', world, telemetry });
    const links = door.group({
      group,
      epoch: () => epoch,
      resolve: (to) => addresses.get(to),
      handler: { ...none, receive },
    });
    addresses.set(id, formatAddress(await rpc.listen({ host: '127.0.0.1', port: 0 })));
    return { rpc, door, links };
  };
  const waiting = new Waiting();
  const envelope = { fromIncarnation: 1, toIncarnation: 1, term: Term(1) };
  const answer: LinkMessage = {
    ...envelope,
    from: two,
    to: one,
    body: { kind: 'appended', ok: true, match: LogIndex(1) },
  };
  const leader = await member(one, () => waiting.answered());
  const follower = await member(two, () => void follower.links.send(answer));
  leader.links.keep([two]);
  while (!leader.links.isConnected(two) || !follower.links.isConnected(one))
    await new Promise((resolve) => setImmediate(resolve));
  const records = Array.from({ length: entries }, (_, i) =>
    codec.encode({ term: Term(1), index: LogIndex(i + 1), kind: 'command', body: new Uint8Array(sizeBytes).fill(7) }),
  );
  const message: LinkMessage = {
    ...envelope,
    from: one,
    to: two,
    body: { kind: 'append', previous: { index: LogIndex(0), term: Term(0) }, entries: records, commit: LogIndex(0) },
  };
  return {
    bytes: records.reduce((sum, { record }) => sum + record.length, 0),
    send: () => {
      if (!leader.links.send(message)) throw new Error('dropped');
      return waiting.wait();
    },
    close: async () => {
      for (const { door, rpc } of [leader, follower]) {
        await door.close();
        await rpc.close(0);
      }
    },
  };
}

const raw = {
  path: '/bench/Exchange',
  requestStream: true,
  responseStream: true,
  requestSerialize: (bytes: Buffer) => bytes,
  requestDeserialize: (bytes: Buffer) => bytes,
  responseSerialize: (bytes: Buffer) => bytes,
  responseDeserialize: (bytes: Buffer) => bytes,
} as const;
async function bare({ entries, sizeBytes }: Shape): Promise<Subject> {
  const options = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 };
  const server = new grpc.Server(options);
  const answer = Buffer.alloc(16);
  server.addService({ exchange: raw }, {
    exchange: (call: grpc.ServerDuplexStream<Buffer, Buffer>) => {
      call.on('data', () => call.write(answer));
      call.on('end', () => call.end());
      call.on('error', () => undefined);
    },
  } as grpc.UntypedServiceImplementation);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), {
    ...options,
    'grpc-node.flow_control_window': 4 * 1024 * 1024,
  });
  const call = client.makeBidiStreamRequest(raw.path, raw.requestSerialize, raw.responseDeserialize);
  const waiting = new Waiting();
  call.on('data', () => waiting.answered());
  call.on('error', () => undefined);
  const recordBytes = codec.sizeBytes({ kind: 'command', body: new Uint8Array(sizeBytes) });
  const record = Buffer.alloc(recordBytes, 7);
  return {
    bytes: entries * recordBytes,
    // A message of records is made of them, as it must be by whoever sends a batch.
    send: () => {
      call.write(entries === 1 ? record : Buffer.concat(Array.from({ length: entries }, () => record)));
      return waiting.wait();
    },
    close: async () => {
      call.cancel();
      client.close();
      server.forceShutdown();
    },
  };
}

/** As many batches under way as raft would let be. */
const load = ({ send, bytes }: Subject, inFlight: number): Load => ({
  work: async (endMs) => {
    let batches = 0;
    const loop = async (): Promise<void> => {
      for (; performance.now() < endMs; batches++) await send();
    };
    const count = Math.min(inFlight, inflightCountMax, Math.max(1, Math.floor(inflightMaxBytes / bytes)));
    await Promise.all(Array.from({ length: count }, loop));
    return batches;
  },
});
const shapes: readonly (Shape & { readonly inFlight: number })[] = [
  { name: '1 entry of 256 B, 1 in flight', entries: 1, sizeBytes: 256, inFlight: 1 },
  { name: '1 entry of 256 B, 256 in flight', entries: 1, sizeBytes: 256, inFlight: 256 },
  { name: '64 entries of 256 B, 64 in flight', entries: 64, sizeBytes: 256, inFlight: 64 },
  { name: '4 entries of 64 KiB, 16 in flight', entries: 4, sizeBytes: 64 * 1024, inFlight: 16 },
];
type Row = { readonly figure: string; readonly entries: number; readonly bytes: number } & Comparison;

function print({ figure, entries, bytes, ours: mine, theirs, rateRatio, rateQuartiles, cpuRatio }: Row): void {
  const show = ({ rate, cpuMicros }: Round): string =>
    `${rate.toFixed(0).padStart(7)} msg/s ${(rate * entries).toFixed(0).padStart(8)} entries/s ` +
    `${((rate * bytes) / 1e6).toFixed(0).padStart(5)} MB/s (cpu ${cpuMicros.toFixed(1)} us)`;
  const [low, high] = rateQuartiles;
  console.log(
    `${figure.padEnd(36)}links${show(mine)}  bare${show(theirs)}  ` +
      `ratio ${rateRatio.toFixed(2)} [${low.toFixed(2)} ${high.toFixed(2)}], by cpu ${cpuRatio.toFixed(2)}`,
  );
}

try {
  const rows: Row[] = [];
  for (const shape of shapes.filter(({ name }) => name.includes(only))) {
    const [subject, beside] = [await ours(shape), await bare(shape)];
    const { name, entries, inFlight } = shape;
    const compared = await compare(load(subject, inFlight), load(beside, inFlight), rounds, roundMs);
    rows.push({ figure: name, entries, bytes: subject.bytes, ...compared });
    await subject.close();
    await beside.close();
  }
  if (flags.includes('--json')) console.log(JSON.stringify(rows));
  else for (const row of rows) print(row);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
