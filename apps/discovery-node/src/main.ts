/** One discovery node in a process of its own. */
import { runNodeProgram } from '@skerry/runtime-host';
import { settings, start } from '@skerry/service-discovery-node';
import packageJson from '../package.json' with { type: 'json' };

await runNodeProgram({
  name: 'discovery-node',
  role: 'discovery',
  summary: 'runs one node of the role "discovery": it knows which nodes there are',
  settings,
  start,
  version: packageJson.version,
  examples: [
    'discovery-node --id discovery_1 --host 127.0.0.1 --port 7400 --data ./skerry-data',
    'SKERRY_LEASE_MS=3000 discovery-node --id discovery_2 --join 127.0.0.1:7400',
  ],
});
