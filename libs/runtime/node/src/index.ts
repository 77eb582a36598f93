/** Clock, disk and network of a real machine, on Node. */
export * from './checksum.ts';
export * from './clock.ts';
export * from './disk.ts';
export * from './network.ts';
export * from './random.ts';
export * from './world.ts';
