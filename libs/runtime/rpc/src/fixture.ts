/** For the tests: nodes that serve or call the echo service. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isReason, NodeId, StatusError } from '@skerry/kernel';
import { testing } from '@skerry/proto';
import { nodeWorld } from '@skerry/runtime-node';
import {
  createRevocationList,
  createSealer,
  initAuthority,
  issueCertificate,
  type TlsMaterial,
} from '@skerry/runtime-security';
import { createTelemetry, type TelemetryEvent } from '@skerry/runtime-telemetry';
import { formatAddress, pause, type LinkFilter, type World } from '@skerry/runtime-world';
import { chunkOf, verifiedBytes } from './chunk.ts';
import type { InProcessHub } from './in-process.ts';
import { createRpcNode } from './node.ts';
import type { Client, Handlers, RpcNode, Target } from './types.ts';

export const { EchoServiceDefinition } = testing;
export type Echo = typeof EchoServiceDefinition;
export const sealingKey = new Uint8Array(32).fill(5);

export function temporaryWorld(): { world: World; remove: () => void } {
  const directory = mkdtempSync(join(tmpdir(), 'skerry-rpc-'));
  return { world: nodeWorld(directory), remove: () => rmSync(directory, { recursive: true, force: true }) };
}

export type NodeUnderTest = {
  readonly rpc: RpcNode;
  readonly revocations: ReturnType<typeof createRevocationList>;
  readonly events: TelemetryEvent[];
  readonly metrics: () => Promise<string>;
};
export function makeNode(
  name: string,
  role: string,
  world: World,
  {
    hub,
    tls,
    key = sealingKey,
    links,
  }: { hub?: InProcessHub; tls?: TlsMaterial; key?: Uint8Array; links?: LinkFilter } = {},
): NodeUnderTest {
  const nodeId = NodeId(name);
  const telemetry = createTelemetry({ nodeId, role, output: 'silent', processMetrics: false });
  const events: TelemetryEvent[] = [];
  telemetry.listen((event) => events.push(event));
  const revocations = createRevocationList();
  const identity = { cluster: 'test', nodeId, role, tls, sealingKey: key };
  const rpc = createRpcNode({
    world,
    identity,
    sealer: createSealer(key),
    revocations,
    telemetry,
    ...(hub && { hub }),
    links,
  });
  return { rpc, revocations, events, metrics: () => telemetry.metricsText() };
}

/** `seen` counts what the handlers did; headers are those of the messages as they came. */
export type Seen = { unary: number; produced: number; aborted: StatusError[]; headers: unknown[]; cleanedUp: number };
export const nothingSeen = (): Seen => ({ unary: 0, produced: 0, aborted: [], headers: [], cleanedUp: 0 });

const failure = (reason: string): void => {
  if (reason === 'bug') throw new TypeError('secret insides');
  if (reason !== '' && isReason(reason)) throw new StatusError(reason, `asked to fail: ${reason}`, { cause: 'secret' });
};

export function echoHandlers({ clock, checksum, crc32 }: World, seen: Seen): Handlers<Echo> {
  return {
    async unary({ text, data, delayMs, fail }, context) {
      const { caller, messageId } = context;
      seen.unary += 1;
      if (delayMs > 0) {
        const { signal } = context;
        await pause(clock, delayMs, signal);
        if (signal.aborted) seen.aborted.push(signal.reason as StatusError);
      }
      failure(fail);
      return { text, data, callerNodeId: caller.nodeId, callerRole: caller.role, messageId };
    },
    async *serverStream({ count, size, fail }, { signal }) {
      const bytes = new Uint8Array(size).fill(7);
      try {
        for (let i = 0; i < count; i++) {
          seen.produced += 1;
          yield { chunk: chunkOf(bytes, crc32) };
        }
        failure(fail);
      } finally {
        seen.cleanedUp += 1;
        if (signal.aborted) seen.aborted.push(signal.reason as StatusError);
      }
    },
    async clientStream(requests) {
      let [count, size] = [0, 0];
      for await (const { chunk, header } of requests) {
        if (header !== undefined) seen.headers.push(header);
        if (chunk === undefined) throw new StatusError('malformed', 'no chunk');
        size += verifiedBytes(chunk, { checksum, crc32 }).length;
        count += 1;
      }
      return { count, size };
    },
    async *bidi(requests, { signal }) {
      try {
        for await (const { chunk } of requests) yield { chunk };
      } catch (thrown) {
        seen.aborted.push(thrown as StatusError);
        throw thrown;
      } finally {
        seen.cleanedUp += 1;
        if (signal.aborted) seen.aborted.push(signal.reason as StatusError);
      }
    },
  };
}

export const echoAccess = { unary: 'any', serverStream: 'any', clientStream: 'any', bidi: ['processing'] } as const;

export type Pair = {
  readonly client: Client<Echo>;
  readonly server: NodeUnderTest;
  readonly caller: NodeUnderTest;
  readonly target: Target;
  readonly seen: Seen;
  readonly world: World;
  close(): Promise<void>;
};
export type Issue = (name: string, role: string) => Promise<TlsMaterial>;
export type PairOptions = {
  readonly tls?: Issue;
  readonly hub?: InProcessHub;
  readonly role?: string | undefined;
  /** Of the caller. */
  readonly links?: LinkFilter;
};

/** An authority of its own. */
export async function certificates(): Promise<{ issue: Issue; remove: () => void }> {
  const directory = mkdtempSync(join(tmpdir(), 'skerry-rpc-ca-'));
  const authority = await initAuthority(join(directory, 'ca'));
  return {
    issue: (name, role) => issueCertificate(authority, { nodeId: NodeId(name), role, hosts: [] }),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** `processing_1` calls `data_1`. */
export async function startPair({ tls, hub, role = 'processing', links }: PairOptions): Promise<Pair> {
  const { world, remove } = temporaryWorld();
  const options = async (name: string, itsRole: string) => ({
    ...(hub && { hub }),
    ...(tls && { tls: await tls(name, itsRole) }),
  });
  const server = makeNode('data_1', 'data', world, await options('data_1', 'data'));
  const caller = makeNode('processing_1', role, world, {
    ...(await options('processing_1', role)),
    ...(links && { links }),
  });
  const seen = nothingSeen();
  server.rpc.serve(EchoServiceDefinition, echoHandlers(world, seen), echoAccess);
  const address = await server.rpc.listen({ host: '127.0.0.1', port: 0 });
  server.rpc.setReady(true);
  const target = { nodeId: server.rpc.nodeId, address: formatAddress(address) };
  return {
    client: caller.rpc.client(EchoServiceDefinition, target),
    server,
    caller,
    target,
    seen,
    world,
    async close() {
      await Promise.all([caller.rpc.close(0), server.rpc.close(0)]);
      remove();
    },
  };
}

const untilMaxMs = 4_000;
/** Resolves when the condition holds. */
export async function until(condition: () => boolean): Promise<void> {
  const start = performance.now();
  while (!condition()) {
    if (performance.now() - start > untilMaxMs) throw new Error(`waited ${untilMaxMs} ms for ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
export async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}
