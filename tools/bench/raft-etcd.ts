/**
 * The peer of tools/bench/raft.ts: three members of Debian's etcd-server (fsync on, as it comes), asked over one HTTP/2
 * connection to its leader by @grpc/grpc-js. Where: `etcd` in the path, or `RAFT_PEERS=folder` with an unpacked package.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as grpc from '@grpc/grpc-js';

const places = ['/usr/bin/etcd', join(process.env['RAFT_PEERS'] ?? '/nowhere', 'usr/bin/etcd')];
export const etcdBinary = places.find((path) => existsSync(path));

/** A field of a protobuf message whose value has a length (fields 1 to 15). */
function field(number: number, value: Uint8Array): Buffer {
  const length: number[] = [];
  for (let rest = value.length; ; rest >>>= 7) {
    length.push(rest > 127 ? (rest & 127) | 128 : rest);
    if (rest <= 127) break;
  }
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), value]);
}
const passOn = (bytes: Buffer): Buffer => bytes;
const method = (path: string): grpc.MethodDefinition<Buffer, Buffer> => ({
  path,
  requestStream: false,
  responseStream: false,
  requestSerialize: passOn,
  requestDeserialize: passOn,
  responseSerialize: passOn,
  responseDeserialize: passOn,
});
const Kv = grpc.makeGenericClientConstructor(
  {
    put: method('/etcdserverpb.KV/Put'),
    range: method('/etcdserverpb.KV/Range'),
    status: method('/etcdserverpb.Maintenance/Status'),
  },
  'etcd',
);
type Call = (request: Buffer, done: (error: grpc.ServiceError | null, answer?: Buffer) => void) => void;

export class Etcd {
  readonly #processes: ChildProcess[];
  readonly #clients: grpc.Client[];
  #leader: grpc.Client;

  private constructor(processes: ChildProcess[], clients: grpc.Client[]) {
    this.#processes = processes;
    this.#clients = clients;
    this.#leader = clients[0] as grpc.Client;
  }
  static async start(folder: string, ports: readonly number[]): Promise<Etcd> {
    const name = (i: number): string => `e${i + 1}`;
    const peer = (i: number): string => `http://127.0.0.1:${ports[3 + i]}`;
    const client = (i: number): string => `http://127.0.0.1:${ports[i]}`;
    const cluster = [0, 1, 2].map((i) => `${name(i)}=${peer(i)}`).join(',');
    const processes = [0, 1, 2].map((i) =>
      spawn(
        etcdBinary ?? 'etcd',
        [
          ...['--name', name(i), '--data-dir', join(folder, name(i)), '--log-level', 'error', '--logger', 'zap'],
          ...['--listen-client-urls', client(i), '--advertise-client-urls', client(i)],
          ...['--listen-peer-urls', peer(i), '--initial-advertise-peer-urls', peer(i), '--initial-cluster', cluster],
        ],
        { stdio: 'ignore' },
      ),
    );
    const clients = [0, 1, 2].map((i) => new Kv(`127.0.0.1:${ports[i]}`, grpc.credentials.createInsecure()));
    const etcd = new Etcd(processes, clients);
    const endMs = performance.now() + 20_000;
    while (!(await etcd.#findLeader())) {
      if (performance.now() > endMs) throw new Error('etcd has no leader after 20 s');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return etcd;
  }
  #call(client: grpc.Client, name: 'put' | 'range' | 'status', request: Buffer): Promise<Buffer> {
    const call = (client as unknown as Record<string, Call>)[name] as Call;
    return new Promise((resolve, reject) => {
      call.call(client, request, (error, answer) =>
        error === null ? resolve(answer ?? Buffer.alloc(0)) : reject(error),
      );
    });
  }
  /** StatusResponse: header 1 (member id 2), leader 4. */
  async #findLeader(): Promise<boolean> {
    for (const client of this.#clients) {
      const answer = await this.#call(client, 'status', Buffer.alloc(0)).catch(() => undefined);
      if (answer === undefined) continue;
      const [member, leader] = idsIn(answer);
      if (leader === undefined || leader !== member) continue;
      this.#leader = client;
      return true;
    }
    return false;
  }
  get pids(): readonly number[] {
    return this.#processes.map(({ pid }) => pid ?? 0);
  }
  async put(key: Uint8Array, value: Uint8Array): Promise<void> {
    await this.#call(this.#leader, 'put', Buffer.concat([field(1, key), field(2, value)]));
  }
  /** Linearizable, as it comes. */
  async get(key: Uint8Array): Promise<void> {
    await this.#call(this.#leader, 'range', field(1, key));
  }
  async stop(): Promise<void> {
    for (const client of this.#clients) client.close();
    for (const child of this.#processes) {
      if (child.exitCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
}

/** Of a status: the member's id within the header, and the leader's. */
function idsIn(message: Buffer): readonly [bigint | undefined, bigint | undefined] {
  const top = fieldsOf(message);
  const header = top.get(1);
  const member = header instanceof Buffer ? fieldsOf(header).get(2) : undefined;
  const leader = top.get(4);
  return [typeof member === 'bigint' ? member : undefined, typeof leader === 'bigint' ? leader : undefined];
}
function fieldsOf(message: Buffer): Map<number, bigint | Buffer> {
  const fields = new Map<number, bigint | Buffer>();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message[at++] ?? 0;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const tag = Number(varint());
    if ((tag & 7) === 0) fields.set(tag >> 3, varint());
    else {
      const length = Number(varint());
      fields.set(tag >> 3, message.subarray(at, at + length));
      at += length;
    }
  }
  return fields;
}
