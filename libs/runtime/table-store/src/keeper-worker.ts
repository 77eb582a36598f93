/** The thread on which runs are written and merged. */
import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { KeyFilter, partsOf, runOf } from '@skerry/domain-table';
import { present, toStatusError } from '@skerry/kernel';
import { openSorted } from '@skerry/runtime-kv';
import { nodeChecksum } from '@skerry/runtime-node';
import { Keeper, type NewRun } from './keeper.ts';
import type { FromKeeper, KeeperData, NewRunParts, ToKeeper } from './keeper-messages.ts';

/** Milliseconds of work between two looks at what was asked meanwhile. */
const pieceMs = 10;
/** Requests go first where there are fewer cores than threads. Linux counts it for each thread. */
const niceness = 2;

const port = present(parentPort, 'the port of a thread');
try {
  setPriority(niceness);
} catch {
  // It is only about who goes first.
}
const { path, mapSizeBytes } = workerData as KeeperData;
const store = await openSorted(path, mapSizeBytes);
let from = performance.now();
const keeper = new Keeper(store, nodeChecksum, () => {
  if (performance.now() - from < pieceMs) return undefined;
  return new Promise((resolve) =>
    setImmediate(() => {
      from = performance.now();
      resolve();
    }),
  );
});
const partsOfNew = ({ run, sizes }: NewRun): NewRunParts => ({ run: partsOf(run), sizes });

async function obey(message: ToKeeper): Promise<readonly NewRun[]> {
  switch (message.kind) {
    case 'flush':
      return keeper.flush(message.job);
    case 'merge': {
      const { schema, runs, others, number, time } = message;
      const filters = others.map((words) => new KeyFilter(words));
      const made = await keeper.merge({ schema, runs: runs.map(runOf), others: filters, number, time });
      return made === undefined ? [] : [made];
    }
    case 'remove':
      await keeper.remove(message.runs);
      return [];
    case 'close':
      await keeper.close();
      await Promise.allSettled(running);
      await store.close();
      return [];
  }
}
const running = new Set<Promise<unknown>>();
async function answer(message: ToKeeper): Promise<void> {
  const { id, kind } = message;
  let said: FromKeeper;
  const work = obey(message);
  if (kind !== 'close') running.add(work);
  try {
    said = { id, kind: 'runs', runs: (await work).map(partsOfNew) };
  } catch (thrown) {
    const { reason, message: text } = toStatusError(thrown);
    said = { id, kind: 'failed', reason, message: text };
  } finally {
    running.delete(work);
  }
  port.postMessage(said);
  if (kind === 'close') port.close();
}
port.on('message', (message: ToKeeper) => void answer(message));
