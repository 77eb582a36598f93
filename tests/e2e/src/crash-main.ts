/** `npm run crash`: the crash test for as long as one likes. */
import { join } from 'node:path';
import { crashTest } from './crash.ts';
import { removeFolder, temporaryFolder } from './system.ts';

const [seconds = '600', seed = '1'] = process.argv.slice(2);
const folder = temporaryFolder('crash');
const report = await crashTest({
  seconds: Number(seconds),
  seed: Number(seed),
  data: join(folder, 'data'),
  report: (line) => process.stdout.write(`${line}\n`),
});
process.stdout.write(`${JSON.stringify(report)}\n`);
if (report.faults.length === 0) removeFolder(folder);
process.exitCode = report.faults.length === 0 ? 0 : 1;
