/** The data role: files and directories. See README. */
export { access } from './handlers.ts';
export { type DataConfig, settings } from './settings.ts';
export { start } from './start.ts';
