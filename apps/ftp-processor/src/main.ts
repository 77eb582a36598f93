/** One processor in a process of its own. */
import { runNodeProgram } from '@skerry/runtime-host';
import { settings, start } from '@skerry/service-ftp-processor';
import packageJson from '../package.json' with { type: 'json' };

await runNodeProgram({
  name: 'ftp-processor',
  role: 'processing',
  summary: 'runs one node of the role "processing": it executes FTP command lines and keeps no state',
  settings,
  start,
  version: packageJson.version,
  examples: [
    'ftp-processor --id processing_1 --host 127.0.0.1 --data ./skerry-data --join 127.0.0.1:7400',
    'SKERRY_FTP_BACKEND_DEADLINE_MS=2000 ftp-processor --id processing_1',
  ],
});
