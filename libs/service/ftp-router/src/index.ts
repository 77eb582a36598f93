/** The routing role (requirement F3): client sockets, TLS, session state, data connections. */
export { settings, type Config } from './settings.ts';
export { start } from './start.ts';
