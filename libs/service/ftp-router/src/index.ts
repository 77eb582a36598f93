/** The routing role (requirement F3): client sockets, TLS, session state, data connections. */
export { parseOverride, requireReachable } from './passive-hosts.ts';
export { parsePortRange, passiveShortage, settings, type Config } from './settings.ts';
export { start } from './load.ts';
