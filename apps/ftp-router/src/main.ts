/** One router in a process of its own. */
import { runNodeProgram } from '@skerry/runtime-host';
import { settings, start } from '@skerry/service-ftp-router';
import packageJson from '../package.json' with { type: 'json' };

await runNodeProgram({
  name: 'ftp-router',
  role: 'routing',
  summary: 'runs one node of the role "routing": FTP clients and their data connections',
  settings,
  start,
  version: packageJson.version,
  examples: [
    'ftp-router --id routing_1 --host 127.0.0.1 --data ./skerry-data --join 127.0.0.1:7400',
    'SKERRY_PASSIVE_HOST=203.0.113.9 ftp-router --id routing_1 --host 0.0.0.0 --ftp-port 21',
  ],
});
