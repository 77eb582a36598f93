/** `skerry tokens …`: what is void before its time. */
import { StatusError } from '@skerry/kernel';
import { command, integer } from '@skerry/runtime-config';
import { askAll } from '../ask-all.ts';
import { jsonSetting } from '../common-settings.ts';
import { operatorSettings, withOperator } from '../operator.ts';

const dayMs = 24 * 3_600_000;
const idPattern = /^[a-z0-9][a-z0-9_-]{0,62}$/;

const revoke = command({
  path: ['tokens', 'revoke'],
  summary: "Void a service token, or a node's with all that it makes from now on, at all nodes within seconds.",
  positional: '<id>',
  settings: {
    ...operatorSettings,
    days: integer({
      default: 31,
      min: 1,
      max: 31,
      unit: 'days',
      help: 'For how long: a token lives for a minute, a node may use its name again after that.',
    }),
    json: jsonSetting,
  },
  examples: [
    'skerry tokens revoke data_3                                   # a node whose keys may be known to others',
    'skerry tokens revoke 0b1cf7a2-6a0e-4a5b-9d0e-3f1f6b7d2c11     # one token',
  ],
  run: async (config, { arguments: [id = ''], stdout, stderr }) => {
    if (!idPattern.test(id))
      throw new StatusError('malformed', `Cannot read id: must be a node's name or a token's id: got "${id}"`);
    const revocations = [{ id, expiresAtMs: Date.now() + config.days * dayMs }];
    const { answers, missing } = await withOperator(config, ({ discoveries }) =>
      askAll(discoveries, 'discovery node', (client) => client.revoke({ revocations }, { idempotent: true })),
    );
    for (const line of missing) stderr.write(`${line}; the others tell it\n`);
    const told = answers.map(({ nodeId }) => nodeId);
    stdout.write(config.json ? `${JSON.stringify({ revoked: id, told })}\n` : `revoked ${id}\n`);
    return 0;
  },
});

export const tokenCommands = [revoke];
