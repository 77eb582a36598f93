/** `DIR/cluster.json`: what runs where, for tools and people (contracts). Written atomically, again at each change. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StatusError } from '@skerry/kernel';
import { readJson, shape } from '@skerry/runtime-config';

const clusterNode = shape.object({
  name: shape.string(),
  role: shape.string(),
  site: shape.string(),
  pid: shape.number(),
  host: shape.string(),
  grpc: shape.string(),
  endpoints: shape.record(shape.string(), shape.string()),
  data: shape.string(),
  log: shape.string(),
  command: shape.array(shape.string()),
  state: shape.enum(['running', 'dead', 'paused', 'isolated']),
});
const clusterFile = shape.object({
  topology: shape.string(),
  pid: shape.number(),
  /** The supervisor's own door, on loopback, for `skerry cluster start` and its kin. */
  control: shape.object({ port: shape.number(), token: shape.string() }),
  /** Plaintext between nodes. */
  insecure: shape.boolean(),
  nodes: shape.array(clusterNode),
  endpoints: shape.record(shape.string(), shape.string()),
});

export type ClusterNode = Readonly<ReturnType<typeof clusterNode.parse>>;
export type ClusterFile = Omit<Readonly<ReturnType<typeof clusterFile.parse>>, 'nodes'> & {
  readonly nodes: readonly ClusterNode[];
};

export const clusterFilePath = (data: string): string => join(data, 'cluster.json');

/** Readable by its owner only: it holds the control door's token. */
export async function writeClusterFile(data: string, cluster: ClusterFile): Promise<void> {
  const path = clusterFilePath(data);
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, `${JSON.stringify(cluster, null, 2)}\n`, { mode: 0o600 });
  await rename(temporary, path);
}

/** @throws StatusError `no_such_node` when no cluster was started there. */
export async function readClusterFile(data: string): Promise<ClusterFile> {
  const text = await readFile(clusterFilePath(data), 'utf8').catch((cause: unknown) => {
    throw new StatusError(
      'no_such_node',
      `Cannot find a cluster in "${data}": start one with skerry cluster up ftp --data ${data}`,
      { cause },
    );
  });
  return readJson(clusterFile, text, clusterFilePath(data));
}
