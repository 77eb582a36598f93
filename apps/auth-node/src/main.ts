/** One auth node in a process of its own. */
import { runNodeProgram } from '@skerry/runtime-host';
import { settings, start } from '@skerry/service-auth-node';
import packageJson from '../package.json' with { type: 'json' };

await runNodeProgram({
  name: 'auth-node',
  role: 'auth',
  summary: 'runs one node of the role "auth": it keeps users and checks their passwords',
  settings,
  start,
  version: packageJson.version,
  examples: [
    'auth-node --id auth_1 --host 127.0.0.1 --data ./skerry-data --join 127.0.0.1:7400',
    'SKERRY_ADMIN_PASSWORD=… auth-node --id auth_1',
  ],
});
