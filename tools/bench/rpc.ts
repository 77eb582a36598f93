/**
 * What runtime/rpc costs, beside bare @grpc/grpc-js with the same messages in the same run.
 *   node --import tsx --conditions=@skerry/source tools/bench/rpc.ts [seconds for each of two, default 4] [--only=TEXT] [--json]
 * `--only`: figures whose name has TEXT in it. How the two are compared: paired.ts. Goal: ratio >= 0.9.
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
import { alone, compare, type Comparison, type Load, type Round } from './paired.ts';

const { EchoServiceDefinition, UnaryRequest, UnaryResponse, ServerStreamRequest, ServerStreamResponse } = testing;
const flags = process.argv.slice(2);
const seconds = Number(flags.find((flag) => /^[\d.]+$/.test(flag)) ?? 4);
const only = flags.find((flag) => flag.startsWith('--only='))?.slice('--only='.length) ?? '';
const chunkBytes = 256 * 1024;
const chunksPerStream = 400;
/** What our connections are set to (tcp-options.ts, limits.ts): the bare ones are set alike. */
const settings = {
  'grpc.max_receive_message_length': 4 * 1024 * 1024,
  'grpc.max_send_message_length': 4 * 1024 * 1024,
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.enable_channelz': 0,
};
const clientSettings = {
  ...settings,
  'grpc-node.flow_control_window': 4 * 1024 * 1024,
  'grpc.enable_retries': 0,
  'grpc.enable_http_proxy': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc.use_local_subchannel_pool': 1,
};
/** Short: what disturbs a busy machine mostly lasts longer than a pair of rounds. */
const roundMs = 100;
/** Of each subject; even, so that each is as often the first of a pair. */
const rounds = 2 * Math.ceil((seconds * 1_000) / roundMs / 2);

type Echo = typeof EchoServiceDefinition;
type Subject = {
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
    for (let i = 0; i < count; i++) yield { chunk: chunkOf(block, world.crc32) };
  },
  clientStream: async () => ({ count: 0, size: 0 }),
  async *bidi() {},
};

async function readAll(client: Client<Echo>): Promise<number> {
  let bytes = 0;
  for await (const { chunk } of client.serverStream({ count: chunksPerStream }))
    if (chunk !== undefined) bytes += verifiedBytes(chunk, world).length;
  return bytes;
}

type Issue = (name: string, role: string) => TlsMaterial;
async function ours(issue?: Issue, hub?: InProcessHub): Promise<Subject> {
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

async function bare(issue?: Issue): Promise<Subject> {
  const server = new grpc.Server({ ...settings, 'grpc.max_concurrent_streams': 1_000 });
  server.addService(bareDefinition, {
    unary: (
      { request }: grpc.ServerUnaryCall<testing.UnaryRequest, testing.UnaryResponse>,
      done: grpc.sendUnaryData<testing.UnaryResponse>,
    ) => done(null, UnaryResponse.fromPartial({ text: request.text, data: request.data })),
    serverStream: (call: grpc.ServerWritableStream<testing.ServerStreamRequest, testing.ServerStreamResponse>) => {
      let left = call.request.count;
      const write = (): void => {
        for (; left > 0; left--) {
          const message = ServerStreamResponse.fromPartial({ chunk: chunkOf(block, world.crc32) });
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
    ...clientSettings,
    ...(issue && { 'grpc.ssl_target_name_override': 'data_1', 'grpc.default_authority': 'data_1' }),
  }) as unknown as BareClient;
  return {
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
        if (chunk !== undefined) bytes += verifiedBytes(chunk, world).length;
      return bytes;
    },
    close: async () => {
      client.close();
      server.forceShutdown();
    },
  };
}

const payload = new Uint8Array(100).fill(9);
const unary = (subject: Subject, inFlight: number): Load => ({
  work: async (endMs) => {
    let calls = 0;
    const loop = async (): Promise<void> => {
      for (; performance.now() < endMs; calls++) await subject.unary(payload);
    };
    await Promise.all(Array.from({ length: inFlight }, loop));
    return calls;
  },
});
/** In MB. */
const bulk = (subject: Subject): Load => ({
  work: async (endMs) => {
    let bytes = 0;
    do bytes += await subject.bulk();
    while (performance.now() < endMs);
    return bytes / 1e6;
  },
});
const figures = [
  { name: 'unary, 1 in flight (calls/s)', load: (subject: Subject) => unary(subject, 1) },
  { name: 'unary, 32 in flight (calls/s)', load: (subject: Subject) => unary(subject, 32) },
  { name: 'bulk, 256 KiB chunks (MB/s)', load: bulk },
];
type Row = { readonly carrier: string; readonly figure: string } & ({ readonly alone: Round } | Comparison);

async function measure(carrier: string, subject: Subject, beside: Subject | undefined): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { name, load } of figures.filter((each) => `${carrier} ${each.name}`.includes(only))) {
    const figure = { carrier, figure: name };
    if (beside === undefined) rows.push({ ...figure, alone: await alone(load(subject), rounds, roundMs) });
    else rows.push({ ...figure, ...(await compare(load(subject), load(beside), rounds, roundMs)) });
  }
  await subject.close();
  await beside?.close();
  return rows;
}

function print(row: Row): void {
  const show = ({ rate, cpuMicros }: Round): string =>
    `${rate.toFixed(0).padStart(7)} (cpu ${cpuMicros.toFixed(cpuMicros < 10 ? 2 : 0).padStart(4)} us)`;
  const name = `${row.carrier.padEnd(11)}${row.figure.padEnd(31)}`;
  if ('alone' in row) return console.log(`${name}rpc${show(row.alone)}`);
  const { ours: mine, theirs, rateRatio, rateQuartiles, cpuRatio } = row;
  const [low, high] = rateQuartiles;
  console.log(
    `${name}rpc${show(mine)}  bare${show(theirs)}  ` +
      `ratio ${rateRatio.toFixed(2)} [${low.toFixed(2)} ${high.toFixed(2)}], by cpu ${cpuRatio.toFixed(2)}`,
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
    ...(await measure('tcp', await ours(), await bare())),
    ...(await measure('mutual tls', await ours(issue), await bare(issue))),
    ...(await measure('in-process', await ours(undefined, new InProcessHub()), undefined)),
  ];
  if (flags.includes('--json')) console.log(JSON.stringify(rows));
  else for (const row of rows) print(row);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
