/** Role discovery: service registry, heartbeats, the answer to broadcasts (F3, F11, F12). */
export { start } from './load.ts';
export { settings, type DiscoveryConfig } from './settings.ts';
