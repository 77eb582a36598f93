/** One Cassandra-compatible node in a process of its own. */
import { runNodeProgram } from '@skerry/runtime-host';
import { settings, start } from '@skerry/service-cassandra-node';
import packageJson from '../package.json' with { type: 'json' };

await runNodeProgram({
  name: 'cassandra-node',
  role: 'cassandra',
  summary: 'runs one node of the role "cassandra": tables, over Cassandra\'s native protocol',
  settings,
  start,
  version: packageJson.version,
  examples: [
    'cassandra-node --id cassandra_1 --host 127.0.0.1 --data ./skerry-data',
    'SKERRY_CQL_PORT=9142 cassandra-node --id cassandra_1 --cql-authenticator password',
  ],
});
