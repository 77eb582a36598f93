/** The role's start, its code loaded when it is wanted: who runs another role, or asks for help, need not read it. */
import type { start as begin } from './start.ts';

export const start: typeof begin = async (config, environment) =>
  (await import('./start.ts')).start(config, environment);
