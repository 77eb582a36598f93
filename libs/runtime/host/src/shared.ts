/** What the nodes of one process have in common: the embedded system. */
import { isNodeId, type NodeId } from '@skerry/kernel';
import { InProcessHub, type RpcNode } from '@skerry/runtime-rpc';
import { mergeMetrics, type Level, type StatusReaders, type Telemetry } from '@skerry/runtime-telemetry';
import { createWorkerPool, type WorkerPool } from '@skerry/runtime-workers';

export type SharedParts = {
  readonly hub: InProcessHub;
  readonly workers: WorkerPool;
  /** Addresses of the nodes in this process, whether a door is behind them or not. */
  readonly addresses: Map<string, NodeId>;
  /** Of the nodes in this process: a status door tells the figures of all, and sets the level of all. */
  readonly telemetries: Set<Telemetry>;
};

export const createSharedParts = (workers = createWorkerPool()): SharedParts => ({
  hub: new InProcessHub(),
  workers,
  addresses: new Map(),
  telemetries: new Set(),
});

/** The address of a node without a door: nobody outside of its process can call it. */
export const doorlessAddress = (nodeId: NodeId): string => `${nodeId}:0`;

/**
 * The same node, that knows its neighbours by address too: discovery is called by address alone, and would otherwise go
 * over TCP to a node that is next door, or to one without a door.
 */
export function withNeighbours(rpc: RpcNode, { addresses }: SharedParts): RpcNode {
  return {
    nodeId: rpc.nodeId,
    serve: (definition, handlers, access) => rpc.serve(definition, handlers, access),
    listen: (address) => rpc.listen(address),
    setReady: (ready) => rpc.setReady(ready),
    client: (definition, target) => {
      const known = isNodeId(target.nodeId) ? undefined : addresses.get(target.address);
      return rpc.client(definition, known === undefined ? target : { ...target, nodeId: known });
    },
    close: (graceMs) => rpc.close(graceMs),
  };
}

/** For a status door: the figures and the level of all nodes of the process. */
export const readersOfAll = (
  own: Telemetry,
  { telemetries }: SharedParts,
): Pick<StatusReaders, 'metrics' | 'setLevel'> => ({
  metrics: async () => mergeMetrics(await Promise.all([...telemetries].map((each) => each.metricsText()))),
  setLevel(level: Level) {
    const previous = own.level;
    for (const each of telemetries) each.setLevel(level);
    return previous;
  },
});
