/** How a node of a replicated role finds the other members of its group, and they it. */
import { createHmac } from 'node:crypto';
import { Epoch, type GroupId, isNodeId, NodeId } from '@skerry/kernel';
import { type ConfigOf, list } from '@skerry/runtime-config';
import { openRaftDoor } from '@skerry/runtime-raft-links';
import type { Beginning, Membership } from '@skerry/runtime-replica';
import { findGroup, findGroupMaxMs, founderFindsMaxMs } from './find-group.ts';
import type { ServiceEnvironment } from './types.ts';

/** Of every role whose state is replicated. */
export const groupSettings = {
  founders: list({
    default: [],
    pattern: /^[a-z0-9][a-z0-9_-]{0,62}$/,
    wanted: 'names of nodes, separated by commas',
    placeholder: 'ID,…',
    help: 'nodes of this role that begin the group together, the same at each; by default it joins those it finds, or begins alone',
  }),
} as const;
export type GroupConfig = ConfigOf<typeof groupSettings>;
export type GroupName = { readonly group: GroupId; readonly role: string };

/** 16 bytes, as hexadecimal digits. */
const epochDigits = 32;

/** Registers the group's calls on the node's door: before it listens. */
export function membershipOf(
  environment: ServiceEnvironment,
  { group, role }: GroupName,
  names: readonly string[],
): Membership {
  const { rpc, directory, telemetry, world } = environment;
  const door = openRaftDoor({ rpc, role, world, telemetry });
  return {
    group,
    node: rpc.nodeId,
    begin: () => begin(environment, { group, role }, names.filter(isNodeId).map(NodeId).toSorted()),
    connect: ({ epoch, handler, admin }) =>
      door.group({
        group,
        epoch: () => epoch,
        resolve: (id) => directory.nodes(role).find(({ nodeId }) => nodeId === id)?.address,
        handler,
        admin,
      }),
  };
}

/**
 * A node without a past. A founder whose group has begun without it, or with it and it has lost its disk, joins: a group
 * begins once (raft.md 48, 54). One that no founders were named to joins the group that it finds, or begins alone.
 */
async function begin(
  environment: ServiceEnvironment,
  name: GroupName,
  founders: readonly NodeId[],
): Promise<Beginning> {
  const self = environment.rpc.nodeId;
  if (founders.length === 1 && founders[0] === self) return { founders, epoch: undefined };
  const found = await findGroup(environment, name, founders.length > 0 ? founderFindsMaxMs : findGroupMaxMs);
  if (found !== undefined) {
    environment.telemetry.emit({ event: 'group_found', group: name.group, at: found.node, epoch: found.epoch });
    return { founders: [], epoch: found.epoch };
  }
  if (founders.length === 0) return { founders: [self], epoch: undefined };
  return { founders, epoch: epochOf(environment.identity.sealingKey, name.group, founders) };
}

/** The same at all founders of one cluster's group, and at nobody else. */
function epochOf(sealingKey: Uint8Array, group: GroupId, founders: readonly NodeId[]): Epoch {
  const mac = createHmac('sha256', sealingKey).update(JSON.stringify(['epoch', group, founders]));
  return Epoch(mac.digest('hex').slice(0, epochDigits));
}
