/** One data node in a process of its own. */
import { runNodeProgram } from '@skerry/runtime-host';
import { settings, start } from '@skerry/service-data-node';
import packageJson from '../package.json' with { type: 'json' };

await runNodeProgram({
  name: 'data-node',
  role: 'data',
  summary: 'runs one node of the role "data": it keeps files and directories',
  settings,
  start,
  version: packageJson.version,
  examples: [
    'data-node --id data_1 --host 127.0.0.1 --data ./skerry-data --join 127.0.0.1:7400',
    'SKERRY_STAGE_KEEP_HOURS=48 data-node --id data_1',
  ],
});
