/** Raft as a pure machine (thesis terms). See README. */
export {
  configurationOf,
  decodeConfiguration,
  encodeConfiguration,
  hasQuorum,
  isJoint,
  isVoter,
  membersOf,
  quorumLost,
  quorumValue,
} from './configuration.ts';
export { entryOverheadBytes } from './core.ts';
export { defaults } from './options.ts';
export { Raft, type Status } from './raft.ts';
export type * from './types.ts';
