/** The operator's calls, each handed to the group that it names. */
import { StatusError, type NodeId } from '@skerry/kernel';
import type { raft } from '@skerry/proto';
import type { Handlers } from '@skerry/runtime-rpc';
import { encodeConfiguration, nodeIds } from './codec.ts';
import type { RaftAdmin } from './types.ts';

type Calls = 'getRaftStatus' | 'transferLeadership' | 'changeMembers' | 'takeSnapshot' | 'digestState';

/** @param admins of the groups that have one. */
export function adminHandlers(
  self: NodeId,
  admins: () => ReadonlyMap<string, RaftAdmin>,
): Pick<Handlers<typeof raft.RaftServiceDefinition>, Calls> {
  const adminOf = (group: string): RaftAdmin => {
    const found = admins().get(group);
    if (found !== undefined) return found;
    throw new StatusError('no_node', `Cannot serve group "${group.slice(0, 80)}": node "${self}" is no member of it`);
  };
  return {
    async getRaftStatus({ group }) {
      const asked = group === '' ? [...admins().values()] : [adminOf(group)];
      return { groups: asked.map((admin) => admin.status()) };
    },
    async transferLeadership({ group, to }, { signal }) {
      const [wanted] = nodeIds(to === '' ? [] : [to]);
      return adminOf(group).transferLeadership(wanted, signal);
    },
    async changeMembers({ group, add, promote, demote, remove }, { signal }) {
      const change = {
        add: nodeIds(add),
        promote: nodeIds(promote),
        demote: nodeIds(demote),
        remove: nodeIds(remove),
      };
      const { configuration, index } = await adminOf(group).changeMembers(change, signal);
      return { configuration: encodeConfiguration(configuration), index };
    },
    async takeSnapshot({ group }, { signal }) {
      return adminOf(group).takeSnapshot(signal);
    },
    async digestState({ group }, { signal }) {
      return adminOf(group).digestState(signal);
    },
  };
}
