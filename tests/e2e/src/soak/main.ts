/** `npm run soak`, its options as JSON: a line for each round, and what came of it, as JSON. */
import { join } from 'node:path';
import { removeFolder, temporaryFolder } from '../system.ts';
import { soak, type SoakOptions } from './run.ts';

/** As `tools/soak.mjs` has validated them. */
export type SoakArguments = Omit<SoakOptions, 'data' | 'tell'> & { readonly verbose: boolean };

const { verbose, ...options } = JSON.parse(process.argv[2] ?? '{}') as SoakArguments;
const folder = temporaryFolder('soak');
const beganMs = performance.now();
const report = await soak({
  ...options,
  data: join(folder, 'data'),
  tell: (line) => {
    const atS = ((performance.now() - beganMs) / 1_000).toFixed(1);
    if (verbose || line.startsWith('round')) process.stdout.write(`${atS.padStart(8)} s  ${line}\n`);
  },
});
process.stdout.write(`${JSON.stringify(report)}\n`);
if (report.faults.length === 0) removeFolder(folder);
else process.stderr.write(`faults found; all data and logs: ${folder}\n`);
process.exitCode = report.faults.length === 0 ? 0 : 1;
