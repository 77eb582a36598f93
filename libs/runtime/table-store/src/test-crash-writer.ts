/** A process to be killed: writes rows without end and says, for each turn, up to which row is acknowledged. */
import { writeSync } from 'node:fs';
import { insert, openIn } from './test-tables.ts';

const [folder = '', first = '0', mode = 'periodic'] = process.argv.slice(2);
const rowsInTurn = 20;
const partitionCount = 97;

// A node's sockets keep it running; a clock's timers do not.
setInterval(() => undefined, 60_000);
const store = await openIn(folder, { mode: mode === 'batch' ? 'batch' : 'periodic', logSegmentBytes: 256 * 1024 });
for (let row = Number(first); ;) {
  await store.room();
  for (let i = 0; i < rowsInTurn; i++, row++) insert(store, `k${row % partitionCount}`, `r${row}`, `${row}`.repeat(20));
  await store.endTurn();
  // At once: what is said must not wait for a turn that never comes.
  writeSync(1, `${row}\n`);
  await new Promise((resolve) => setImmediate(resolve));
}
