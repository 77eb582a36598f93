/** The rpc service of all groups of one node: finds the group that a call is for. */
import { assert, StatusError, type GroupId, type NodeId } from '@skerry/kernel';
import { raft } from '@skerry/proto';
import type { CallContext } from '@skerry/runtime-rpc';
import { operatorRole } from '@skerry/runtime-security';
import { adminHandlers } from './admin.ts';
import { GroupLinks } from './group.ts';
import { defaultLimits, groupNameMaxBytes, groupsCountMax } from './limits.ts';
import { GroupIdentity } from './member.ts';
import { LinkMetrics } from './metrics.ts';
import { Refusals } from './refusals.ts';
import type { SnapshotAnswer } from './snapshot-receiver.ts';
import type { Incoming } from './stream.ts';
import type { RaftAdmin, RaftDoor, RaftDoorOptions, RaftGroupOptions, RaftLinks } from './types.ts';

export function openRaftDoor(options: RaftDoorOptions): RaftDoor {
  return new Door(options);
}

class Door implements RaftDoor {
  readonly #options: RaftDoorOptions;
  readonly #refusals: Refusals;
  readonly #groups = new Map<string, GroupLinks>();
  readonly #admins = new Map<string, RaftAdmin>();

  constructor(options: RaftDoorOptions) {
    const { rpc, role, telemetry, world } = options;
    this.#options = options;
    this.#refusals = new Refusals(world.clock, telemetry);
    rpc.serve(
      raft.RaftServiceDefinition,
      {
        exchange: (requests, context) => this.#exchange(requests, context),
        sendSnapshot: (requests, context) => this.#sendSnapshot(requests, context),
        ...adminHandlers(rpc.nodeId, () => this.#admins),
      },
      {
        exchange: [role],
        sendSnapshot: [role],
        getRaftStatus: [role, operatorRole],
        transferLeadership: [role, operatorRole],
        changeMembers: [role, operatorRole],
        takeSnapshot: [role, operatorRole],
        digestState: [role, operatorRole],
      },
    );
  }
  group(options: RaftGroupOptions): RaftLinks {
    const { group, epoch, resolve, handler, admin, limits } = options;
    assert(!this.#groups.has(group), `group "${group}" is there already`);
    assert(this.#groups.size < groupsCountMax, `a node has at most ${groupsCountMax} groups`);
    assert(Buffer.byteLength(group) <= groupNameMaxBytes, `group's name has more than ${groupNameMaxBytes} bytes`);
    const { rpc, world, telemetry } = this.#options;
    const member = {
      self: rpc.nodeId,
      identity: new GroupIdentity(group, epoch),
      rpc,
      resolve,
      handler,
      limits: { ...defaultLimits, ...limits },
      world,
      telemetry,
      metrics: new LinkMetrics(telemetry, group),
      refusals: this.#refusals,
    };
    const links = new GroupLinks(member, () => this.#forget(group));
    this.#groups.set(group, links);
    if (admin !== undefined) this.#admins.set(group, admin);
    return links;
  }
  async close(): Promise<void> {
    await Promise.all([...this.#groups.values()].map((links) => links.close()));
  }

  #forget(group: GroupId): void {
    this.#groups.delete(group);
    this.#admins.delete(group);
  }
  /** @throws StatusError `no_node`: not here, or not yet. */
  #find(group: string, caller: NodeId): GroupLinks {
    const found = this.#groups.get(group);
    if (found !== undefined) return found;
    const name = group.slice(0, groupNameMaxBytes);
    const failure = new StatusError('no_node', `Node "${this.#options.rpc.nodeId}" is no member of group "${name}"`);
    this.#refusals.refuse('group', name, caller, failure);
    throw failure;
  }
  async *#exchange(
    requests: AsyncIterable<Incoming>,
    { caller, signal }: CallContext,
  ): AsyncGenerator<{ readonly frame: raft.Frame }, void> {
    const incoming = requests[Symbol.asyncIterator]();
    const first = await incoming.next();
    if (first.done === true) return;
    const links = this.#find(first.value.frame?.group ?? '', caller.nodeId);
    const stream = links.accept(caller.nodeId, first.value, incoming);
    const over = new StatusError('connection_lost', `Stream with "${caller.nodeId}": the call is over`);
    const cut = (): void => stream.cut(over);
    signal.addEventListener('abort', cut, { once: true });
    try {
      for await (const message of stream.outgoing) yield message;
    } finally {
      signal.removeEventListener('abort', cut);
      stream.cut(over);
    }
  }
  async *#sendSnapshot(
    requests: AsyncIterable<Pick<raft.SendSnapshotRequest, 'part'>>,
    context: CallContext,
  ): AsyncGenerator<SnapshotAnswer, void> {
    const parts = requests[Symbol.asyncIterator]();
    const first = await parts.next();
    const part = first.done === true ? undefined : first.value.part;
    if (part?.$case !== 'offer') {
      const failure = new StatusError('malformed', 'Cannot take snapshot: its call begins without an offer');
      this.#refusals.refuse('snapshot', '', context.caller.nodeId, failure);
      throw failure;
    }
    yield* this.#find(part.value.group, context.caller.nodeId).receive(context, part.value, parts);
  }
}
