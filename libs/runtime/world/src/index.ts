/** The world's interfaces: time, files, network. `runtime/node` and `runtime/simulation` implement them; `testing` holds their contract suite. */
export * from './back-off.ts';
export * from './blocks.ts';
export * from './clock.ts';
export * from './disk.ts';
export * from './durable-directory.ts';
export * from './disk-path.ts';
export * from './link-filter.ts';
export * from './network.ts';
export * from './wake.ts';
export * from './world.ts';
