/** The common boot of every node. */
export { advertisedHost, isLoopback } from './addresses.ts';
export { onHangUp } from './hang-up.ts';
export { revokedIdsPerCallMax } from './admin.ts';
export { keepJoining } from './keep-joining.ts';
export { type GroupConfig, type GroupName, groupSettings, membershipOf } from './membership.ts';
export { nodeCommand, runNodeProgram, type NodeCommand } from './node-command.ts';
export { folderFormat, makeFolder, openNodeFolder, type NodeFolder } from './node-folder.ts';
export { takeIdentity, type IdentityRequest } from './node-identity.ts';
export { drainGraceMs, exitCodes, runProcess, type RunningProcess } from './run-process.ts';
export { metricsPortFirst, nodeSettings, readNodeSettings, type NodeConfig } from './settings.ts';
export { createSharedParts, doorlessAddress, type SharedParts } from './shared.ts';
export type { CutMessage, CutTaken } from './supervised.ts';
export { startNode, type NodeOptions, type RunningNode } from './start-node.ts';
export type * from './types.ts';
