/** For tests only. This entry is pure; what needs files is in `@skerry/testing/node`. */
export * from './clock-contract.ts';
export * from './crashable-store.ts';
export * from './disk-contract.ts';
export * from './eventually.ts';
export * from './network-contract.ts';
export * from './ordered-store-contract.ts';
export * from './scenario.ts';
export * from './seeds.ts';
export * from './subject.ts';
