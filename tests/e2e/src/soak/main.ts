/** `npm run soak`: the faults workload for as long as one likes; a line for each round, and what came of it as JSON. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { removeFolder, temporaryFolder } from '../system.ts';
import { soak } from './run.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    clients: { type: 'string', default: '6' },
    'round-seconds': { type: 'string', default: '60' },
    'kill-all-every': { type: 'string', default: '4' },
    verbose: { type: 'boolean', default: false },
  },
});
/** @throws Error unless it is a number in [min, max]. */
function numberOf(
  name: 'minutes' | 'seed' | 'clients' | 'round-seconds' | 'kill-all-every',
  min: number,
  max: number,
): number {
  const value = Number(values[name]);
  if (values[name].trim() !== '' && value >= min && value <= max) return value;
  throw new Error(`Cannot read --${name}: must be a number in [${min}, ${max}]: got "${values[name]}"`);
}

const folder = temporaryFolder('soak');
const beganMs = performance.now();
const report = await soak({
  data: join(folder, 'data'),
  seconds: numberOf('minutes', 0.1, 10_080) * 60,
  seed: numberOf('seed', 0, 2 ** 32 - 1),
  clients: numberOf('clients', 1, 100),
  roundSeconds: numberOf('round-seconds', 1, 3_600),
  killAllEvery: numberOf('kill-all-every', 1, 1_000_000),
  tell: (line) => {
    const atS = ((performance.now() - beganMs) / 1_000).toFixed(1);
    if (values.verbose || line.startsWith('round')) process.stdout.write(`${atS.padStart(8)} s  ${line}\n`);
  },
});
process.stdout.write(`${JSON.stringify(report)}\n`);
if (report.faults.length === 0) removeFolder(folder);
else process.stderr.write(`faults found; all data and logs: ${folder}\n`);
process.exitCode = report.faults.length === 0 ? 0 : 1;
