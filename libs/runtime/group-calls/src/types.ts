import type { GroupId, NodeId, OperationId } from '@skerry/kernel';
import type { RpcNode } from '@skerry/runtime-rpc';
import type { World } from '@skerry/runtime-world';

export type MemberPlace = { readonly nodeId: NodeId; readonly address: string };

export type GroupClientOptions = {
  readonly rpc: Pick<RpcNode, 'client'>;
  readonly world: Pick<World, 'clock' | 'random'>;
  readonly group: GroupId;
  /** Known now; asked again whenever the leader is looked for. */
  readonly members: () => readonly MemberPlace[];
};
export type OperationOptions = {
  /** In all, retries included. Default: {@link operationDeadlineMs}. */
  readonly deadlineMs?: number;
};

/** Failures are StatusErrors: those of the member, `overloaded` here, `deadline` with why the last try failed. */
export interface GroupCalls {
  /** What `apply` returned. A new operation id when none is given. */
  propose(
    command: Uint8Array,
    options?: OperationOptions & { readonly operationId?: OperationId },
  ): Promise<Uint8Array>;
  /** What the query gives of a state that has all that was acknowledged before the call. */
  query(query: Uint8Array, options?: OperationOptions): Promise<Uint8Array>;
  /** Where it goes now. */
  readonly leader: NodeId | undefined;
  close(): Promise<void>;
}
