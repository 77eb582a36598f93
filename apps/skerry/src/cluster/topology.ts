/** The clusters that `skerry cluster up` knows, as data. */
import { StatusError } from '@skerry/kernel';

export const ftpRoles = ['discovery', 'auth', 'data', 'processing', 'routing'] as const;
export type FtpRole = (typeof ftpRoles)[number];

/** One process to be. Started in the order of the list: discovery first, since the others join it. */
export type PlannedNode = {
  readonly name: string;
  readonly role: FtpRole;
  /** Of a replicated role: all that begin its group. */
  readonly founders: readonly string[];
};
export type Topology = { readonly name: string; readonly nodes: readonly PlannedNode[] };

/** Most nodes of one role in one cluster on one machine: each is a process of some 60 MB. */
export const replicasMax = 9;
/** Roles whose state is replicated: their nodes begin one group together. */
export const replicatedRoles = ['data', 'auth'] as const satisfies readonly FtpRole[];
const replicated: ReadonlySet<FtpRole> = new Set(replicatedRoles);

/**
 * How many nodes of each role: `2` for all, or `routing=2,processing=3` with 1 for those not named.
 *
 * @throws StatusError `malformed`.
 */
export function parseReplicas(text: string): Readonly<Record<FtpRole, number>> {
  const counts: Record<FtpRole, number> = { discovery: 1, auth: 1, data: 1, processing: 1, routing: 1 };
  for (const part of text.split(',')) {
    const match = /^(?:([a-z]+)=)?(\d{1,2})$/.exec(part);
    const count = Number(match?.[2]);
    const role = ftpRoles.find((each) => each === match?.[1]);
    if (match === null || count < 1 || count > replicasMax || (match[1] !== undefined && role === undefined))
      throw new StatusError(
        'malformed',
        `Cannot read --replicas: must be N or ROLE=N,… with N in [1, ${replicasMax}] and ROLE of ${ftpRoles.join(', ')}: got "${text}"`,
      );
    for (const each of role === undefined ? ftpRoles : [role]) counts[each] = count;
  }
  return counts;
}

/** @throws StatusError `malformed` for a name that is not known. */
export function planTopology(name: string, replicas: string): Topology {
  if (name !== 'ftp') throw new StatusError('malformed', `Cannot start topology "${name}": wanted one of ftp`);
  const counts = parseReplicas(replicas);
  const nodes = ftpRoles.flatMap((role) => {
    const names = Array.from({ length: counts[role] }, (_, i) => `${role}_${i + 1}`);
    const founders = replicated.has(role) ? names : [];
    return names.map((each): PlannedNode => ({ name: each, role, founders }));
  });
  return { name, nodes };
}

/**
 * The nodes that began a group keep it: begun anew by others, it would be another group under the same name.
 *
 * @param before of the cluster that was here last.
 * @throws StatusError `malformed`.
 */
export function requireSameGroups(
  { nodes }: Topology,
  before: readonly { readonly name: string; readonly role: string }[],
): void {
  for (const role of replicatedRoles) {
    const was = before.filter((node) => node.role === role).length;
    const wanted = nodes.filter((node) => node.role === role).length;
    if (was === 0 || was === wanted) continue;
    throw new StatusError(
      'malformed',
      `Cannot start ${wanted} ${role} node${wanted === 1 ? '' : 's'} where a group of ${was} has its data: ` +
        `give --replicas ${role}=${was} (and N for the other roles), or another --data`,
    );
  }
}
