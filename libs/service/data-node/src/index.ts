/** The data role: files and directories. See README. */
export { type DataConfig, settings } from './settings.ts';
export { start } from './load.ts';
