/** The namespace of files and directories: a deterministic state machine, and questions to its state. */
export type * from './command.ts';
export { decodeCommand, encodeCommand } from './command-codec.ts';
export { quotaFault, stagedFault } from './change.ts';
export { type EntryHead, type EntryKind, type EntryVersion, type NamedHead, namedHead } from './entry.ts';
export * from './extents.ts';
export { FileTree } from './file-tree.ts';
export { EntryId, type Place, rootDirectory } from './ids.ts';
export { directoryInKey, nameInKey } from './keys.ts';
export * from './limits.ts';
export { decodeOutcome, type Outcome } from './outcome.ts';
export { formatPath, nameFault, parsePath } from './path.ts';
export {
  type ContentCursor,
  entryAt,
  type Found,
  headAt,
  isDead,
  isReferenced,
  listContent,
  listDirectory,
  listStages,
  lookup,
  pathOf,
  placeAt,
  type PlacedStage,
  type Reached,
  referenceCount,
  stageOf,
  treeHash,
  type Usage,
  usageOf,
} from './read.ts';
export { type Stage, stageLength, type StageMark } from './stage.ts';
