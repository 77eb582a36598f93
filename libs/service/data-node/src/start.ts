/** The data node: names in a replicated log, bytes in blobs, and the calls that join them. */
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { FileTree, type FileTreeEffect } from '@skerry/domain-file-tree';
import { type Entry, GroupId, NodeId, type OrderedStore, type OrderedWriter, unreachable } from '@skerry/kernel';
import { data } from '@skerry/proto';
import { type BlobsOptions, openBlobs } from '@skerry/runtime-blobs';
import { keepJoining, membershipOf, type Service, type ServiceEnvironment } from '@skerry/runtime-host';
import { openKv } from '@skerry/runtime-kv';
import { localPart, type Membership, openReplica, type Replica, type ReplicaOptions } from '@skerry/runtime-replica';
import { pause } from '@skerry/runtime-world';
import { Copies } from './copies/copies.ts';
import type { Peers } from './copies/members.ts';
import { access, DataHandlers } from './handlers.ts';
import { keepHouse } from './housekeeping.ts';
import { drainPauseMs } from './limits.ts';
import { ListedTree, Listings } from './listings.ts';
import { createMetrics, type Parts, propose } from './parts.ts';
import type { DataConfig } from './settings.ts';

const dataGroup = GroupId('data');
const dataMember = { group: dataGroup, role: 'data' } as const;
const logDirectory = 'log';
const storeDirectory = 'store';
const blobsDirectory = 'content';

export type Opened = { readonly parts: Parts; close(): Promise<void> };
type World = Pick<ServiceEnvironment, 'world' | 'telemetry' | 'fatal'> & {
  /** Default: a group of this node alone. */
  readonly membership?: Membership;
  /** The way to the other members' content; absent where there are none. */
  readonly peers?: Peers;
};
/** When log and small contents are tidied up, in bytes; smaller in tests, so that it happens at all. */
export type Sizes = Pick<ReplicaOptions<FileTreeEffect>, 'checkpointBytes' | 'logSegmentBytes' | 'cutKeepCountMax'> &
  Pick<BlobsOptions, 'packedSegmentSizeBytes'>;

/**
 * @throws StatusError of log, store or blobs: `format_newer`, `corrupt`, `disk_full`, `read_only_disk`, `disk_failed`.
 */
export async function start(config: DataConfig, environment: ServiceEnvironment): Promise<Service> {
  const { world, dataDirectory } = environment;
  const store = await openKv({ path: join(dataDirectory, storeDirectory), checksum: world.checksum });
  const membership = membershipOf(environment, dataMember, config.founders);
  const peers = { rpc: environment.rpc, directory: environment.directory };
  const { parts, close } = await openParts(config, { ...environment, membership, peers }, store);
  const joining = new AbortController();
  void keepJoining(environment, dataMember, parts.replica, () => parts.copies?.isWhole ?? true, joining.signal);
  const freeBytes = async (): Promise<number> => {
    const { bavail, bsize } = await statfs(dataDirectory);
    return bavail * bsize;
  };
  return serve({ ...parts, freeBytes }, environment, () => {
    joining.abort();
    return close();
  });
}

/** Owns `store` from here: closes it with the rest, also when it fails. */
export async function openParts(
  config: DataConfig,
  environment: World,
  store: OrderedStore,
  { packedSegmentSizeBytes, ...logSizes }: Sizes = {},
): Promise<Opened> {
  const { world, telemetry } = environment;
  const listings = new Listings();
  let replica: Replica | undefined;
  let copies: Copies | undefined;
  try {
    const blobs = await openBlobs({
      world,
      telemetry,
      directory: blobsDirectory,
      local: () => localPart(store),
      // Nothing is worth compacting before the replica is there: it has nothing to call.
      changeLocal: (body) => replica?.changeLocal(body),
      flushLocal: () => store.flush(),
      ...(packedSegmentSizeBytes === undefined ? {} : { packedSegmentSizeBytes }),
    });
    const perform = (effects: readonly FileTreeEffect[], _: Entry, local: OrderedWriter): void => {
      for (const effect of effects)
        switch (effect.kind) {
          case 'content':
            blobs.putSmall(effect.blob, effect.bytes, local);
            break;
          case 'needed':
            copies?.needed(effect.blob, effect.length);
            break;
          case 'forget':
            blobs.forget(effect.blob, local);
            copies?.forgotten(effect.blob);
            break;
          default:
            unreachable(effect);
        }
    };
    replica = await openReplica<FileTreeEffect>({
      world,
      telemetry,
      ...(environment.membership ?? { group: dataGroup, node: NodeId('data_1') }),
      logDirectory,
      store,
      stateMachine: new ListedTree(new FileTree(), listings),
      perform,
      beforeCut: () => blobs.sync(),
      restored: () => {
        listings.clear();
        copies?.restored();
      },
      admit: async (next, now) => copies?.admit(next, now),
      onFatal: (error) => environment.fatal(error),
      ...logSizes,
    });
    const opened = replica;
    const metrics = createMetrics(telemetry);
    const own: Parts = { config, world, telemetry, replica, blobs, listings, metrics };
    if (environment.peers !== undefined)
      copies = new Copies({
        config,
        world,
        telemetry,
        blobs,
        peers: environment.peers,
        replica: () => opened,
        forget: async (dead) => void (await propose(own, { kind: 'forget', blobs: dead })),
      });
    const parts: Parts = copies === undefined ? own : { ...own, copies, blobs: copies.blobs };
    const close = async (): Promise<void> => {
      try {
        await parts.copies?.close();
        await parts.replica.close();
      } finally {
        try {
          await blobs.close();
        } finally {
          await store.close();
        }
      }
    };
    return { parts, close };
  } catch (thrown) {
    // Why it cannot start matters more than what closing says.
    await Promise.allSettled([store.close()]);
    throw thrown;
  }
}

/** Answers calls until it is stopped; `close` closes what it stands on. */
export function serve(
  parts: Parts,
  { rpc, sealer }: Pick<ServiceEnvironment, 'rpc' | 'sealer'>,
  close: () => Promise<void>,
): Service {
  const { world, replica } = parts;
  const node = new DataHandlers(parts, sealer);
  rpc.serve(data.DataServiceDefinition, node.handlers(), access);
  parts.copies?.serve(rpc, (blob) => node.registry.blobs.has(blob));
  const stopping = new AbortController();
  const house = keepHouse(parts, node.registry, stopping.signal);
  let stopped: Promise<void> | undefined;

  const stop = async (graceMs: number): Promise<void> => {
    node.registry.close();
    const endMs = world.clock.monotonicMs() + graceMs;
    while (node.load > 0 && world.clock.monotonicMs() < endMs) await pause(world.clock, drainPauseMs);
    // What is still on its way becomes a stage: the client resumes it after the restart.
    await node.registry.cutAll();
    stopping.abort();
    await house;
    await node.compactor.close();
    await node.digests.close();
    await close();
  };
  return {
    endpoints: {},
    load: () => node.load,
    status: () => ({ ...replica.status(), uploads: node.registry.count, copies: parts.copies?.status() }),
    stop: (graceMs) => (stopped ??= stop(graceMs)),
  };
}
