/** Cluster: who is there (F3 discovery, F11, F12). */
export * from './registry.ts';
