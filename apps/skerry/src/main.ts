/** The `skerry` command: reads the words, runs the row of the table that they name. */
import { runCommandLine } from '@skerry/runtime-config';
import { cassandraCommands } from './commands/cassandra.ts';
import { certificateCommands } from './commands/certs.ts';
import { clusterCommands } from './commands/cluster.ts';
import { cqlshCommand } from './commands/cqlsh.ts';
import { ftpConfigCommand } from './commands/ftp-config.ts';
import { groupCommands } from './commands/group.ts';
import { nodeCommands } from './commands/node.ts';
import { raftCommands } from './commands/raft.ts';
import { sessionCommands } from './commands/sessions.ts';
import { tokenCommands } from './commands/tokens.ts';
import { upCommand } from './commands/up.ts';
import { userCommands } from './commands/user.ts';
import { version } from './version.ts';

// Whoever reads our output may have read enough (`skerry user list | head`): no fault of anybody.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });

process.exitCode = await runCommandLine(
  {
    name: 'skerry',
    version,
    summary: 'An FTP server and a Cassandra-compatible database that a small machine runs with one command.',
    groups: {
      node: 'One node of one role: what a container runs.',
      user: 'FTP users, through the auth nodes.',
      group: 'Defaults for the users in a group.',
      sessions: 'Who is connected.',
      tokens: 'What nodes prove themselves with to each other.',
      'ftp-config': 'Settings of an FTP router.',
      certs: "The cluster's authority and its nodes' certificates.",
      raft: 'The replicated groups of data and auth nodes: who leads, who votes, how far each is.',
      cassandra: 'Cassandra-compatible nodes: what nodetool is for Cassandra.',
      cluster: 'A real cluster on this machine, one process for each node.',
    },
    commands: [
      upCommand,
      ...nodeCommands,
      ...userCommands,
      ...groupCommands,
      ...sessionCommands,
      ...tokenCommands,
      ftpConfigCommand,
      ...certificateCommands,
      ...raftCommands,
      ...cassandraCommands,
      cqlshCommand,
      ...clusterCommands,
    ],
  },
  process.argv.slice(2),
  { stdout: process.stdout, stderr: process.stderr, environment: process.env },
);

/** What a finished command may leave behind, such as a handshake with a node that is paused, is not waited for longer, in milliseconds. */
const lingerMs = 200;
setTimeout(() => process.stdout.write('', () => process.exit()), lingerMs).unref();
