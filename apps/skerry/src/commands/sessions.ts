/** `skerry sessions …`: who is connected, and out with them. */
import { StatusError } from '@skerry/kernel';
import { command } from '@skerry/runtime-config';
import { jsonSetting } from '../common-settings.ts';
import { operatorSettings, withOperator } from '../operator.ts';
import { table } from '../table.ts';

const listSessions = command({
  path: ['sessions', 'list'],
  summary: 'List the FTP sessions of all routers.',
  settings: { ...operatorSettings, json: jsonSetting },
  examples: ['skerry sessions list', 'skerry sessions list --json'],
  run: async (config, context) => {
    const sessions = await withOperator(config, async ({ routers }) => {
      const answers = await Promise.all(
        routers.map(async ({ nodeId, client }) =>
          (await client.listSessions({}, { idempotent: true })).sessions.map((session) => ({
            router: nodeId,
            ...session,
          })),
        ),
      );
      return answers.flat();
    });
    const rows = sessions.map(({ sessionId, user, clientAddress, command: line, workingDirectory, tls }) => [
      sessionId,
      user,
      clientAddress,
      tls ? 'tls' : '',
      workingDirectory,
      line,
    ]);
    context.stdout.write(
      config.json
        ? `${JSON.stringify(sessions)}\n`
        : `${table(['session', 'user', 'client', '', 'directory', 'command'], rows)}\n`,
    );
    return 0;
  },
});

const kick = command({
  path: ['sessions', 'kick'],
  summary: 'End a session with reply 421.',
  positional: '<session>',
  settings: operatorSettings,
  examples: ['skerry sessions kick 4f1c8b2e9a7d4c03b5e6f7a8091b2c3d'],
  run: async (config, { arguments: [sessionId = ''], stdout }) => {
    const found = await withOperator(config, async ({ routers }) => {
      const answers = await Promise.all(
        routers.map(({ client }) => client.kickSession({ sessionId }, { idempotent: true })),
      );
      return answers.some((answer) => answer.found);
    });
    if (!found) throw new StatusError('no_such_entry', `Cannot find session "${sessionId}": see skerry sessions list`);
    stdout.write(`ended ${sessionId}\n`);
    return 0;
  },
});

export const sessionCommands = [listSessions, kick];
