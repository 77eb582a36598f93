/** Finding the other nodes: names, discovery nodes, broadcast, sweep; registration, heartbeat, watch (F3, F11, F12). */
export { announceWaitMs, defaultDnsNames, startDirectory } from './directory.ts';
export { fixedDirectory } from './node-table.ts';
export { discoveryPortDefault, startResponder, type Responder, type ResponderOptions } from './probe.ts';
export { RoleCaller, type Deadline, type RoleCallerOptions, type RoleCallerParts } from './role-caller.ts';
export * from './types.ts';
