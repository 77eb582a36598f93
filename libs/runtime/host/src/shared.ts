/** What the nodes of one process have in common: the embedded system. */
import { isNodeId, type NodeId } from '@skerry/kernel';
import { InProcessHub, type RpcNode } from '@skerry/runtime-rpc';
import { createWorkerPool, type WorkerPool } from '@skerry/runtime-workers';
import type { Neighbour } from './door-view.ts';

export type SharedParts = {
  readonly hub: InProcessHub;
  readonly workers: WorkerPool;
  /** Addresses of the nodes in this process, whether a door is behind them or not. */
  readonly addresses: Map<string, NodeId>;
  /** The nodes in this process, from the beginning of their start to the end of their stop: a door answers for all. */
  readonly nodes: Set<Neighbour>;
};

export const createSharedParts = (workers = createWorkerPool()): SharedParts => ({
  hub: new InProcessHub(),
  workers,
  addresses: new Map(),
  nodes: new Set(),
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
    disconnect: (target) => rpc.disconnect(target),
    close: (graceMs) => rpc.close(graceMs),
  };
}
