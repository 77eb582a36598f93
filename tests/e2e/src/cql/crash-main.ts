/** `npm run crash -- --cql`: the crash test of the CQL node for as long as one likes. */
import { join } from 'node:path';
import { removeFolder, temporaryFolder } from '../system.ts';
import { cqlCrashTest } from './crash.ts';

const [seconds = '600', seed = '1'] = process.argv.slice(2);
const folder = temporaryFolder('cql-crash');
const report = await cqlCrashTest({
  seconds: Number(seconds),
  seed: Number(seed),
  data: join(folder, 'data'),
  report: (line) => process.stdout.write(`${line}\n`),
});
process.stdout.write(`${JSON.stringify(report)}\n`);
if (report.faults.length === 0) removeFolder(folder);
process.exitCode = report.faults.length === 0 ? 0 : 1;
