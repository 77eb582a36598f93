/** The world's three interfaces again, in virtual time and from a seed, with faults. */
export { DiskState, sectorSizeBytes } from './disk-state.ts';
export { Links, type LinkSettings } from './links.ts';
export * from './simulation.ts';
