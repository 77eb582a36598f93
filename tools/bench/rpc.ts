/**
 * What runtime/rpc costs, beside bare @grpc/grpc-js with the same messages in the same run.
 *   node --import tsx --conditions=@skerry/source tools/bench/rpc.ts [seconds per figure, default 2] [--json]
 * Compare rows of one run: the two take turns, so a busy machine slows both. Goal: rpc / bare >= 0.9.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as grpc from '@grpc/grpc-js';
import { NodeId } from '@skerry/kernel';
import { testing } from '@skerry/proto';
import { nodeWorld } from '@skerry/runtime-node';
import { chunkOf, createRpcNode, InProcessHub, verifiedBytes, type Client, type Handlers } from '@skerry/runtime-rpc';
import {
  createRevocationList,
  createSealer,
  initAuthority,
  issueCertificate,
  type Authority,
  type TlsMaterial,
} from '@skerry/runtime-security';
import { createTelemetry } from '@skerry/runtime-telemetry';
import { formatAddress } from '@skerry/runtime-world';

const { EchoServiceDefinition, UnaryRequest, UnaryResponse, ServerStreamRequest, ServerStreamResponse } = testing;
const flags = process.argv.slice(2);
const seconds = Number(flags.find((flag) => /^[\d.]+$/.test(flag)) ?? 2);
const chunkBytes = 256 * 1024;
const chunksPerStream = 400;
const windowBytes = 4 * 1024 * 1024;
/** Each figure is the median of so many turns. */
const rounds = 5;

type Echo = typeof EchoServiceDefinition;
type Subject = {
  readonly name: string;
  unary(data: Uint8Array): Promise<unknown>;
  /** Reads a stream to its end; bytes read. */
  bulk(): Promise<number>;
  close(): Promise<void>;
};

const directory = mkdtempSync(join(tmpdir(), 'skerry-bench-rpc-'));
const world = nodeWorld(directory);
const sealingKey = new Uint8Array(32).fill(1);
const block = new Uint8Array(chunkBytes).fill(3);

const handlers: Handlers<Echo> = {
  unary: async ({ text, data }) => ({ text, data }),
  async *serverStream({ count }) {
    for (let i = 0; i < count; i++) yield { chunk: chunkOf(block, world.checksum) };
  },
  clientStream: async () => ({ count: 0, size: 0 }),
  async *bidi() {},
};

async function readAll(client: Client<Echo>): Promise<number> {
  let bytes = 0;
  for await (const { chunk } of client.serverStream({ count: chunksPerStream }))
    if (chunk !== undefined) bytes += verifiedBytes(chunk, world.checksum).length;
  return bytes;
}

type Issue = (name: string, role: string) => TlsMaterial;
async function ours(name: string, issue?: Issue, hub?: InProcessHub): Promise<Subject> {
  const node = (id: string, role: string) =>
    createRpcNode({
      world,
      identity: { cluster: 'bench', nodeId: NodeId(id), role, tls: issue?.(id, role), sealingKey },
      sealer: createSealer(sealingKey),
      revocations: createRevocationList(),
      telemetry: createTelemetry({ nodeId: id, role, output: 'silent', processMetrics: false }),
      ...(hub && { hub }),
    });
  const [server, caller] = [node('data_1', 'data'), node('processing_1', 'processing')];
  const access = { unary: 'any', serverStream: 'any', clientStream: 'any', bidi: 'any' } as const;
  server.serve(EchoServiceDefinition, handlers, access);
  const address = formatAddress(await server.listen({ host: '127.0.0.1', port: 0 }));
  const client = caller.client(EchoServiceDefinition, { nodeId: server.nodeId, address });
  return {
    name,
    unary: (data) => client.unary({ text: 'benchmark', data }),
    bulk: () => readAll(client),
    close: async () => void (await Promise.all([caller.close(0), server.close(0)])),
  };
}

type BareService = Parameters<grpc.Server['addService']>[0];
// As ts-proto's own grpc-js output has it.
const bareDefinition: BareService = {
  unary: {
    path: '/skerry.testing.v1.EchoService/Unary',
    requestStream: false,
    responseStream: false,
    requestSerialize: (message: testing.UnaryRequest) => Buffer.from(UnaryRequest.encode(message).finish()),
    requestDeserialize: (bytes: Buffer) => UnaryRequest.decode(bytes),
    responseSerialize: (message: testing.UnaryResponse) => Buffer.from(UnaryResponse.encode(message).finish()),
    responseDeserialize: (bytes: Buffer) => UnaryResponse.decode(bytes),
  },
  serverStream: {
    path: '/skerry.testing.v1.EchoService/ServerStream',
    requestStream: false,
    responseStream: true,
    requestSerialize: (message: testing.ServerStreamRequest) =>
      Buffer.from(ServerStreamRequest.encode(message).finish()),
    requestDeserialize: (bytes: Buffer) => ServerStreamRequest.decode(bytes),
    responseSerialize: (message: testing.ServerStreamResponse) =>
      Buffer.from(ServerStreamResponse.encode(message).finish()),
    responseDeserialize: (bytes: Buffer) => ServerStreamResponse.decode(bytes),
  },
};
type BareClient = grpc.Client & {
  unary(
    request: testing.UnaryRequest,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    done: (error: grpc.ServiceError | null, response?: testing.UnaryResponse) => void,
  ): void;
  serverStream(request: testing.ServerStreamRequest): grpc.ClientReadableStream<testing.ServerStreamResponse>;
};

async function bare(name: string, issue?: Issue): Promise<Subject> {
  const server = new grpc.Server();
  server.addService(bareDefinition, {
    unary: (
      { request }: grpc.ServerUnaryCall<testing.UnaryRequest, testing.UnaryResponse>,
      done: grpc.sendUnaryData<testing.UnaryResponse>,
    ) => done(null, UnaryResponse.fromPartial({ text: request.text, data: request.data })),
    serverStream: (call: grpc.ServerWritableStream<testing.ServerStreamRequest, testing.ServerStreamResponse>) => {
      let left = call.request.count;
      const write = (): void => {
        for (; left > 0; left--) {
          const message = ServerStreamResponse.fromPartial({ chunk: chunkOf(block, world.checksum) });
          if (call.write(message)) continue;
          left -= 1;
          call.once('drain', write);
          return;
        }
        call.end();
      };
      write();
    },
  });
  const pem = (tls: TlsMaterial) =>
    [tls.caCertificate, tls.privateKey, tls.certificate].map((text) => Buffer.from(text));
  const [ca, key, certificate] = issue === undefined ? [] : pem(issue('data_1', 'data'));
  const serverCredentials =
    ca && key && certificate
      ? grpc.ServerCredentials.createSsl(ca, [{ private_key: key, cert_chain: certificate }], true)
      : grpc.ServerCredentials.createInsecure();
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', serverCredentials, (error, bound) => (error ? reject(error) : resolve(bound))),
  );
  const [ca2, key2, certificate2] = issue === undefined ? [] : pem(issue('processing_1', 'processing'));
  const clientCredentials = ca2
    ? grpc.credentials.createSsl(ca2, key2, certificate2)
    : grpc.credentials.createInsecure();
  const EchoClient = grpc.makeClientConstructor(bareDefinition, 'EchoService');
  const client = new EchoClient(`127.0.0.1:${port}`, clientCredentials, {
    'grpc-node.flow_control_window': windowBytes,
    'grpc.ssl_target_name_override': 'data_1',
  }) as unknown as BareClient;
  return {
    name,
    unary: (data) =>
      new Promise((resolve, reject) =>
        client.unary(
          UnaryRequest.fromPartial({ text: 'benchmark', data }),
          new grpc.Metadata(),
          { deadline: Date.now() + 5_000 },
          (error, response) => (error ? reject(error) : resolve(response)),
        ),
      ),
    bulk: async () => {
      let bytes = 0;
      for await (const { chunk } of client.serverStream({
        count: chunksPerStream,
        size: 0,
        fail: '',
      }) as AsyncIterable<testing.ServerStreamResponse>)
        if (chunk !== undefined) bytes += verifiedBytes(chunk, world.checksum).length;
      return bytes;
    },
    close: async () => {
      client.close();
      server.forceShutdown();
    },
  };
}

const payload = new Uint8Array(100).fill(9);
/** `cpu`: of both ends together, in us for each call or ms for each MB; a busy machine disturbs it less than the rate. */
type Figure = { readonly rate: number; readonly cpu: number };
async function callsPerSecond(subject: Subject, inFlight: number): Promise<Figure> {
  const startMs = performance.now();
  const startCpu = process.cpuUsage();
  const endMs = startMs + (seconds * 1_000) / rounds;
  let calls = 0;
  const loop = async (): Promise<void> => {
    for (; performance.now() < endMs; calls++) await subject.unary(payload);
  };
  await Promise.all(Array.from({ length: inFlight }, loop));
  return { rate: (calls / (performance.now() - startMs)) * 1_000, cpu: cpuMicros(startCpu) / calls };
}
async function megabytesPerSecond(subject: Subject): Promise<Figure> {
  const startMs = performance.now();
  const startCpu = process.cpuUsage();
  const endMs = startMs + (seconds * 1_000) / rounds;
  let bytes = 0;
  do bytes += await subject.bulk();
  while (performance.now() < endMs);
  return {
    rate: bytes / 1e6 / ((performance.now() - startMs) / 1_000),
    cpu: cpuMicros(startCpu) / 1e3 / (bytes / 1e6),
  };
}
function cpuMicros(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start);
  return user + system;
}

const figures = [
  { name: 'unary, 1 in flight (calls/s)', measure: (subject: Subject) => callsPerSecond(subject, 1) },
  { name: 'unary, 32 in flight (calls/s)', measure: (subject: Subject) => callsPerSecond(subject, 32) },
  { name: 'bulk, 256 KiB chunks (MB/s)', measure: megabytesPerSecond },
];
type Row = {
  readonly figure: string;
  readonly carrier: string;
  readonly rpc: Figure;
  readonly bare: Figure | undefined;
};
const medianOf = (figures_: readonly Figure[]): Figure => {
  const middle = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
  return { rate: middle(figures_.map(({ rate }) => rate)), cpu: middle(figures_.map(({ cpu }) => cpu)) };
};

async function compare(carrier: string, subject: Subject, beside: Subject | undefined): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { name, measure } of figures) {
    const mine: Figure[] = [];
    const theirs: Figure[] = [];
    await measure(subject);
    if (beside !== undefined) await measure(beside);
    for (let round = 0; round < rounds; round++) {
      mine.push(await measure(subject));
      if (beside !== undefined) theirs.push(await measure(beside));
    }
    rows.push({ figure: name, carrier, rpc: medianOf(mine), bare: beside && medianOf(theirs) });
  }
  await subject.close();
  await beside?.close();
  return rows;
}

function print({ carrier, figure, rpc, bare: other }: Row): void {
  const show = ({ rate, cpu }: Figure): string => `${rate.toFixed(0).padStart(8)} (cpu ${cpu.toFixed(2).padStart(7)})`;
  const ratios = other && ` ratio ${(rpc.rate / other.rate).toFixed(2)} (by cpu ${(other.cpu / rpc.cpu).toFixed(2)})`;
  console.log(
    `${carrier.padEnd(11)}${figure.padEnd(31)}rpc${show(rpc)}` + (other ? `  bare${show(other)} ${ratios}` : ''),
  );
}

async function materials(): Promise<Issue> {
  const authority: Authority = await initAuthority(join(directory, 'ca'));
  const made = new Map<string, TlsMaterial>();
  for (const [id, role] of [
    ['data_1', 'data'],
    ['processing_1', 'processing'],
  ] as const)
    made.set(id, await issueCertificate(authority, { nodeId: NodeId(id), role, hosts: [] }));
  return (name) => made.get(name) as TlsMaterial;
}

try {
  const issue = await materials();
  const rows = [
    ...(await compare('tcp', await ours('tcp'), await bare('tcp'))),
    ...(await compare('mutual tls', await ours('mtls', issue), await bare('mtls', issue))),
    ...(await compare('in-process', await ours('in-process', undefined, new InProcessHub()), undefined)),
  ];
  if (flags.includes('--json')) console.log(JSON.stringify(rows));
  else for (const row of rows) print(row);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
