/**
 * A gRPC tool of a stranger, as grpcurl is one: it knows the reflection protocol and nothing of Skerry; all else it
 * learns from the server that it asks.
 *
 * Source: gRPC server reflection protocol (https://github.com/grpc/grpc/blob/master/doc/server-reflection.md).
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as grpc from '@grpc/grpc-js';
import { fromJSON, loadFileDescriptorSetFromBuffer, type PackageDefinition } from '@grpc/proto-loader';
import { NodeId, randomId, toUuid, type RandomBytes } from '@skerry/kernel';
import { common } from '@skerry/proto';
import {
  createSealer,
  issueCertificate,
  loadAuthority,
  type Authority,
  type SealPurpose,
  type TlsMaterial,
} from '@skerry/runtime-security';
import { program, type System } from './system.ts';

export type ReflectionVersion = 'v1' | 'v1alpha';
export type Answer = {
  readonly code: number;
  readonly details: string;
  readonly reason: string;
  readonly value: Value;
};
type Value = Readonly<Record<string, unknown>>;
/** What a tool proves itself with: a certificate; without TLS nothing, or a token. */
export type Proof = { readonly credentials: grpc.ChannelCredentials; readonly token?: Uint8Array };

export const { status } = grpc;
const callDeadlineMs = 5_000;
const loaderOptions = { longs: Number, enums: String, defaults: true, oneofs: true } as const;

const text = (id: number) => ({ type: 'string', id });
/** Written down from the protocol, not taken from our own proto/: a wrong number there must not go unseen. */
const reflectionMessages = {
  ServerReflectionRequest: {
    oneofs: { messageRequest: { oneof: ['fileByFilename', 'fileContainingSymbol', 'listServices'] } },
    fields: { host: text(1), fileByFilename: text(3), fileContainingSymbol: text(4), listServices: text(7) },
  },
  FileDescriptorResponse: { fields: { fileDescriptorProto: { rule: 'repeated', type: 'bytes', id: 1 } } },
  ServiceResponse: { fields: { name: text(1) } },
  ListServiceResponse: { fields: { service: { rule: 'repeated', type: 'ServiceResponse', id: 1 } } },
  ErrorResponse: { fields: { errorCode: { type: 'int32', id: 1 }, errorMessage: text(2) } },
  ServerReflectionResponse: {
    fields: {
      fileDescriptorResponse: { type: 'FileDescriptorResponse', id: 4 },
      listServicesResponse: { type: 'ListServiceResponse', id: 6 },
      errorResponse: { type: 'ErrorResponse', id: 7 },
    },
  },
  ServerReflection: {
    methods: {
      ServerReflectionInfo: {
        requestType: 'ServerReflectionRequest',
        requestStream: true,
        responseType: 'ServerReflectionResponse',
        responseStream: true,
        comment: '',
      },
    },
  },
};
const reflection = (version: ReflectionVersion): PackageDefinition =>
  fromJSON({ nested: { grpc: { nested: { reflection: { nested: { [version]: { nested: reflectionMessages } } } } } } });
type ReflectionAnswer = {
  readonly fileDescriptorResponse?: { readonly fileDescriptorProto: readonly Buffer[] } | null;
  readonly listServicesResponse?: { readonly service: readonly { readonly name: string }[] } | null;
  readonly errorResponse?: { readonly errorCode: number; readonly errorMessage: string } | null;
};

/** google.protobuf.FileDescriptorSet: field 1, one for each file. */
function descriptorSet(files: readonly Buffer[]): Buffer {
  const parts = files.flatMap((file) => {
    const prefix = [0x0a];
    let rest = file.length;
    for (; rest >= 128; rest = Math.floor(rest / 128)) prefix.push((rest % 128) + 128);
    return [Buffer.from([...prefix, rest]), file];
  });
  return Buffer.concat(parts);
}

const serviceOf = (definitions: PackageDefinition, name: string): grpc.ServiceDefinition => {
  const found = definitions[name];
  if (found === undefined || 'format' in found)
    throw new Error(`"${name}" is no service of ${Object.keys(definitions)}`);
  return found as grpc.ServiceDefinition;
};

/** One connection to one door. */
export class Tool {
  readonly #address: string;
  readonly #proof: Proof;
  readonly #options: grpc.ChannelOptions;
  readonly #described = new Map<string, grpc.ServiceDefinition>();
  readonly #clients = new Map<string, grpc.Client>();

  constructor(address: string, proof: Proof, options: grpc.ChannelOptions = {}) {
    this.#address = address;
    this.#proof = proof;
    this.#options = { 'grpc.use_local_subchannel_pool': 1, 'grpc.enable_http_proxy': 0, ...options };
  }
  /** Names of the services, in the order told. */
  async list(version: ReflectionVersion): Promise<readonly string[]> {
    const { listServicesResponse } = await this.#reflect(version, { listServices: '*' });
    return (listServicesResponse?.service ?? []).map(({ name }) => name);
  }
  /** Definitions of the file that holds the symbol and of all that it imports. */
  async describe(version: ReflectionVersion, symbol: string): Promise<PackageDefinition> {
    const answer = await this.#reflect(version, { fileContainingSymbol: symbol });
    const files = answer.fileDescriptorResponse?.fileDescriptorProto;
    if (files === undefined) throw new Error(`"${symbol}": ${JSON.stringify(answer.errorResponse)}`);
    return loadFileDescriptorSetFromBuffer(descriptorSet(files), loaderOptions);
  }
  async methodsOf(version: ReflectionVersion, service: string): Promise<readonly string[]> {
    return Object.keys(serviceOf(await this.describe(version, service), service));
  }
  /** Calls a unary method, whose shape it asks for first. */
  async call(service: string, method: string, request: object = {}, token = this.#proof.token): Promise<Answer> {
    let definition = this.#described.get(service);
    if (definition === undefined) {
      definition = serviceOf(await this.describe('v1', service), service);
      this.#described.set(service, definition);
    }
    return this.callDescribed(definition, service, method, request, token);
  }
  /** The same where reflection cannot be asked. */
  callDescribed(
    definition: grpc.ServiceDefinition,
    service: string,
    method: string,
    request: object,
    token = this.#proof.token,
  ): Promise<Answer> {
    const shape = definition[method];
    if (shape === undefined) throw new Error(`"${service}" has no method "${method}"`);
    const metadata = new grpc.Metadata();
    if (token !== undefined) metadata.set('skerry-token-bin', Buffer.from(token));
    const deadline = Date.now() + callDeadlineMs;
    return new Promise((resolve) => {
      this.#client(service, definition).makeUnaryRequest(
        shape.path,
        shape.requestSerialize,
        shape.responseDeserialize,
        request,
        metadata,
        { deadline },
        (error, value) => {
          if (error === null) return resolve({ code: 0, details: '', reason: '', value: value as Value });
          const [detail] = error.metadata.get('skerry-error-bin');
          const reason = detail instanceof Buffer ? common.ErrorDetail.decode(detail).reason : '';
          resolve({ code: error.code, details: error.details, reason, value: {} });
        },
      );
    });
  }
  close(): void {
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
  }

  #client(service: string, definition: grpc.ServiceDefinition): grpc.Client {
    let client = this.#clients.get(service);
    if (client === undefined) {
      const Maker = grpc.makeClientConstructor(definition, service);
      client = new Maker(this.#address, this.#proof.credentials, this.#options);
      this.#clients.set(service, client);
    }
    return client;
  }
  #reflect(version: ReflectionVersion, question: object): Promise<ReflectionAnswer> {
    const name = `grpc.reflection.${version}.ServerReflection`;
    const definition = serviceOf(reflection(version), name);
    const shape = definition['ServerReflectionInfo'];
    if (shape === undefined) throw new Error('no reflection');
    const call = this.#client(name, definition).makeBidiStreamRequest(
      shape.path,
      shape.requestSerialize,
      shape.responseDeserialize,
      new grpc.Metadata(),
      { deadline: Date.now() + callDeadlineMs },
    );
    return new Promise((resolve, reject) => {
      let answer: ReflectionAnswer | undefined;
      call.on('data', (message: ReflectionAnswer) => (answer = message));
      call.on('error', reject);
      call.on('end', () => (answer === undefined ? reject(new Error('no answer')) : resolve(answer)));
      call.end(question);
    });
  }
}

export const credentialsOf = ({ caCertificate, certificate, privateKey }: TlsMaterial): grpc.ChannelCredentials =>
  grpc.credentials.createSsl(Buffer.from(caCertificate), Buffer.from(privateKey), Buffer.from(certificate));
export const withoutCertificate = (caCertificate: string): grpc.ChannelCredentials =>
  grpc.credentials.createSsl(Buffer.from(caCertificate));
export const plaintext = (): grpc.ChannelCredentials => grpc.credentials.createInsecure();

/** As `skerry up` leaves it in `DIR/ca` for an operator's tools. */
export function operatorCertificate(data: string): TlsMaterial {
  const file = (name: string): string => readFileSync(join(data, 'ca', name), 'utf8');
  return { caCertificate: file('ca.crt'), certificate: file('operator.crt'), privateKey: file('operator.key') };
}
export async function authorityOf(data: string): Promise<Authority> {
  const authority = await loadAuthority(join(data, 'ca'));
  if (authority === undefined) throw new Error(`no authority in "${data}"`);
  return authority;
}
export const certificateFor = (authority: Authority, nodeId: string, role: string): Promise<TlsMaterial> =>
  issueCertificate(authority, { nodeId: NodeId(nodeId), role, hosts: [] });

export type TokenClaims = {
  readonly nodeId: string;
  readonly role: string;
  readonly tokenId?: string;
  /** From now, in ms. */
  readonly issuedMs?: number;
  readonly lifeMs?: number;
  readonly purpose?: SealPurpose;
};
const random: RandomBytes = (count) => crypto.getRandomValues(new Uint8Array(count));
/** A service token as a node would seal it, or as a forger with that key would. */
export function sealToken(key: Uint8Array, claims: TokenClaims): Uint8Array {
  const { nodeId, role, tokenId, issuedMs = 0, lifeMs = 60_000, purpose = 'service-token' } = claims;
  const issuedAtMs = Date.now() + issuedMs;
  const payload = common.ServiceToken.encode({
    tokenId: tokenId ?? toUuid(randomId(random)),
    nodeId,
    role,
    issuedAtMs,
    expiresAtMs: issuedAtMs + lifeMs,
  }).finish();
  return createSealer(key).seal(purpose, payload);
}

/** A node's gRPC door. The embedded system's one door stands for all roles. */
export type Door = {
  readonly name: string;
  readonly role: string;
  readonly grpc: string;
  readonly metrics: string;
  /** File of its log; empty where it goes to standard error. */
  readonly log: string;
};
export function doorsOf({ data, ready }: System): readonly Door[] {
  const { grpc: address, metrics = '' } = ready.endpoints;
  if (address !== undefined) return [{ name: 'skerry_1', role: 'all', grpc: address, metrics, log: '' }];
  const { nodes } = JSON.parse(readFileSync(join(data, 'cluster.json'), 'utf8')) as {
    nodes: readonly (Omit<Door, 'metrics'> & { endpoints: Readonly<Record<string, string>> })[];
  };
  return nodes.map(({ endpoints, ...node }) => ({ ...node, metrics: endpoints['metrics'] ?? '' }));
}

/** Starts a data node, waits until it has looked for its cluster, and ends it. Its log. */
export async function tryDataNode(settings: readonly string[]): Promise<string> {
  const args = [program, 'node', 'data', '--json', ...settings];
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, SKERRY_LOG_LEVEL: 'debug' },
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
  // It goes on looking for its own cluster, and says that it has not found it.
  await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
  child.kill('SIGTERM');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return log;
}
