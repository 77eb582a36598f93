/** Where each of the 70 known bugs of `raft.md` is shown not to be here: by a rule, a scenario; or why it cannot be here. */
import { rules } from '../rules/all.fixture.ts';
import { scenarios } from '../scenarios/all.fixture.ts';

export const bugCountMax = 70;

const disk = 'files and fsync: `runtime/wal`, `runtime/raft-log`';
const driver = 'the driver: `runtime/replica`';
const shards = 'one group, one shard: no map, no balance';

/** No rule of the pure machine. Where the simulator's own driver has the rule, a mutant switches it off there. */
export const elsewhere: ReadonlyMap<number, string> = new Map([
  [30, `${driver} saves the applied index with the state; the simulator's does, and has a mutant`],
  [31, `${driver} purges at start what a snapshot replaced; the simulator's does, and has a mutant`],
  [49, disk],
  [50, disk],
  [51, disk],
  [52, disk],
  [53, disk],
  [56, `${disk}; the machine's part is the standing \`damaged\``],
  [57, "`Once` in the kernel, and the driver's snapshots; the simulator runs them, and has mutants"],
  [58, `${driver} answers by index and term; the simulator's does, and has a mutant`],
  [60, 'the state machines of data and auth; the simulator compares digests of state and answers'],
  [61, driver],
  [62, 'clients: one hop to the leader'],
  [65, `${driver}, and \`runtime/raft-links\``],
  [66, '`runtime/raft-links`'],
  [68, shards],
  [69, shards],
  [70, shards],
]);

const numbersOf = (text: string): readonly number[] => text.split(',').map(Number);

/** Names of the rules and scenarios that show that it is not here. */
export const shownBy = (bug: number): readonly string[] => [
  ...rules.filter((rule) => numbersOf(rule.bug).includes(bug)).map(({ name }) => name),
  ...scenarios.filter(({ bugs }) => numbersOf(bugs).includes(bug)).map(({ name }) => `scenario: ${name}`),
];
