/** The processing role (requirement F3): executes command lines, keeps no state. */
export { start } from './load.ts';
export { settings, type Config } from './settings.ts';
