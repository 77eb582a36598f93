/**
 * The state machine: one record in, one outcome and its effects out. Deterministic: see the kernel's `StateMachine`.
 */
import { Epoch, hybridTimeZero, OperationId, StatusError, unreachable, versionVectorZero } from '@skerry/kernel';
import type { Applied, Entry, OrderedWriter, StateMachine } from '@skerry/kernel';
import { applyCombine } from './apply-combine.ts';
import {
  applyCompact,
  applyDropStage,
  applyExtendStage,
  applyForget,
  applyOpenStage,
  applyPut,
  applySupersedeStage,
} from './apply-content.ts';
import {
  applyMakeDirectory,
  applyRemoveDirectory,
  applyRemoveFile,
  applyRename,
  applySetAttributes,
} from './apply-names.ts';
import { Change } from './change.ts';
import { decodeCommand } from './command-codec.ts';
import type { FileTreeCommand, FileTreeEffect } from './command.ts';
import { encodeEntry } from './entry.ts';
import { rootDirectory } from './ids.ts';
import { rootKey } from './keys.ts';
import { deadMarkSweepRecords } from './limits.ts';
import { encodeOutcome, type Outcome } from './outcome.ts';

const noId = '0'.repeat(32);

function run(change: Change, command: FileTreeCommand): Outcome {
  switch (command.kind) {
    case 'put':
      return applyPut(change, command);
    case 'openStage':
      return applyOpenStage(change, command);
    case 'extendStage':
      return applyExtendStage(change, command);
    case 'supersedeStage':
      return applySupersedeStage(change, command);
    case 'dropStage':
      return applyDropStage(change, command);
    case 'makeDirectory':
      return applyMakeDirectory(change, command);
    case 'removeDirectory':
      return applyRemoveDirectory(change, command);
    case 'removeFile':
      return applyRemoveFile(change, command);
    case 'rename':
      return applyRename(change, command);
    case 'setAttributes':
      return applySetAttributes(change, command);
    case 'forget':
      return applyForget(change, command);
    case 'compact':
      return applyCompact(change, command);
    case 'combine':
      return applyCombine(change, command);
    default:
      return unreachable(command);
  }
}

export class FileTree implements StateMachine<FileTreeEffect> {
  initialise(state: OrderedWriter): void {
    const root = {
      kind: 'directory',
      id: rootDirectory,
      size: 0,
      modifiedMs: 0,
      createdMs: 0,
      mode: 0o755,
      owner: '',
      group: '',
      version: 0,
      epoch: Epoch(noId),
      time: hybridTimeZero,
      operation: OperationId(noId),
      context: versionVectorZero,
      extents: [],
    } as const;
    state.put(rootKey, encodeEntry([root]));
  }

  /**
   * Expected failures are thrown by the checks, all before the first write, and become the outcome here.
   * @throws StatusError `format_newer`: a record that this program does not know must stop it, not be passed over.
   */
  apply(entry: Entry, state: OrderedWriter): Applied<FileTreeEffect> {
    const change = new Change(entry, state);
    if (entry.index % deadMarkSweepRecords === 0) change.sweepDeadMarks();
    let outcome: Outcome;
    try {
      outcome = run(change, decodeCommand(entry.command));
    } catch (thrown) {
      if (!(thrown instanceof StatusError) || thrown.reason === 'format_newer') throw thrown;
      outcome = { ok: false, error: thrown };
    }
    return { result: encodeOutcome(outcome), effects: change.effects };
  }
}
