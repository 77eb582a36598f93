/** `skerry user …`: FTP users, through the auth nodes. */
import { readFile } from 'node:fs/promises';
import { randomId, StatusError, type RandomBytes } from '@skerry/kernel';
import type { auth } from '@skerry/proto';
import { command, flag, optionalInteger, optionalText, list, text, type CommandContext } from '@skerry/runtime-config';
import { operatorSettings, withOperator, type Operator } from '../operator.ts';
import { readPassword } from '../password-input.ts';
import { table } from '../table.ts';

const random: RandomBytes = (count) => crypto.getRandomValues(new Uint8Array(count));
const json = flag({ help: 'Print JSON on stdout and nothing else there.' });
const passwordSettings = {
  password: optionalText({
    help: 'The password; others on this machine may see it in the list of processes: prefer --password-stdin.',
    secret: true,
    placeholder: 'P',
  }),
  passwordStdin: flag({ help: 'Read the password from the first line of standard input.' }),
};
const quotaSettings = {
  quotaBytes: optionalInteger({
    help: 'Most bytes that the user may keep.',
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    unit: 'bytes',
  }),
  quotaFiles: optionalInteger({ help: 'Most files that the user may keep.', min: 0, max: Number.MAX_SAFE_INTEGER }),
};
const path = ['user'];

const shown = (user: auth.User): Record<string, unknown> => ({
  name: user.name,
  home: user.home,
  groups: user.groups,
  disabled: user.disabled,
  administrator: user.administrator,
  quotaBytes: user.quotaBytes ?? null,
  quotaFiles: user.quotaFiles ?? null,
  rules: user.rules.map((rule) => ({ path: rule.path, allow: rule.allow, deny: rule.deny })),
});

function tell(context: CommandContext, asJson: boolean, value: unknown, line: string): number {
  context.stdout.write(asJson ? `${JSON.stringify(value)}\n` : `${line}\n`);
  return 0;
}
const named = ({ arguments: [name] }: CommandContext): string => {
  if (name === undefined) throw new StatusError('malformed', 'Cannot go on: the name of a user is missing');
  return name;
};

const add = command({
  path: [...path, 'add'],
  summary: 'Add a user.',
  positional: '<name>',
  settings: {
    ...operatorSettings,
    ...passwordSettings,
    home: text({
      default: '/',
      help: 'Directory of the file tree that the user sees as /; made at the first login.',
      pattern: /^\/[^\0]*$/,
      wanted: 'an absolute path',
      placeholder: 'PATH',
    }),
    group: list({ default: [], help: 'Groups that the user is in.', placeholder: 'G,…' }),
    ...quotaSettings,
    administrator: flag({ help: 'May use SITE commands for operators.' }),
    json,
  },
  examples: [
    'skerry user add ada --home /home/ada',
    'printf %s "$SECRET" | skerry user add bob --password-stdin --quota-bytes 1000000000',
  ],
  run: async (config, context) => {
    const password = await readPassword(config, context);
    const { user } = await withOperator(config, ({ auth: service }) =>
      service.addUser({
        operationId: randomId(random),
        user: {
          name: named(context),
          home: config.home,
          groups: [...config.group],
          administrator: config.administrator,
          quotaBytes: config.quotaBytes,
          quotaFiles: config.quotaFiles,
        },
        password,
      }),
    );
    return tell(context, config.json, user === undefined ? {} : shown(user), `added ${named(context)}`);
  },
});

type Change = Parameters<Operator['auth']['changeUser']>[0];
const change = async (
  config: Parameters<typeof withOperator>[0] & { readonly json: boolean },
  context: CommandContext,
  fields: Change,
  done: string,
): Promise<number> => {
  const name = named(context);
  const { user } = await withOperator(config, ({ auth: service }) =>
    service.changeUser({ operationId: randomId(random), name, ...fields }),
  );
  return tell(context, config.json, user === undefined ? {} : shown(user), `${done} ${name}`);
};

const passwd = command({
  path: [...path, 'passwd'],
  summary: 'Give a user a new password; their sessions end.',
  positional: '<name>',
  settings: { ...operatorSettings, ...passwordSettings, json },
  examples: ['skerry user passwd ada', 'skerry user passwd ada --password-stdin < secret'],
  run: async (config, context) =>
    change(config, context, { password: await readPassword(config, context) }, 'new password for'),
});
const disable = command({
  path: [...path, 'disable'],
  summary: 'Refuse a user from now on; their sessions end within seconds, their files stay.',
  positional: '<name>',
  settings: { ...operatorSettings, json },
  examples: ['skerry user disable ada'],
  run: (config, context) => change(config, context, { disabled: true }, 'disabled'),
});
const enable = command({
  path: [...path, 'enable'],
  summary: 'Let a disabled user in again.',
  positional: '<name>',
  settings: { ...operatorSettings, json },
  examples: ['skerry user enable ada'],
  run: (config, context) => change(config, context, { disabled: false }, 'enabled'),
});
const remove = command({
  path: [...path, 'remove'],
  summary: 'Remove a user; their files stay.',
  positional: '<name>',
  settings: { ...operatorSettings, json },
  examples: ['skerry user remove ada'],
  run: async (config, context) => {
    const name = named(context);
    await withOperator(config, ({ auth: service }) => service.removeUser({ operationId: randomId(random), name }));
    return tell(context, config.json, { removed: name }, `removed ${name}`);
  },
});

const listUsers = command({
  path: [...path, 'list'],
  summary: 'List the users.',
  settings: { ...operatorSettings, json },
  examples: ['skerry user list', 'skerry user list --json | jq .[].name'],
  run: async (config, context) => {
    const { users } = await withOperator(config, ({ auth: service }) => service.listUsers({}));
    const rows = users.map((user) => [
      user.name,
      user.home,
      user.groups.join(','),
      String(user.quotaBytes ?? ''),
      user.disabled ? 'disabled' : '',
    ]);
    return tell(context, config.json, users.map(shown), table(['user', 'home', 'groups', 'quota bytes', ''], rows));
  },
});

const exportUsers = command({
  path: [...path, 'export'],
  summary: 'Print all users as JSON, with salted slow hashes in place of passwords.',
  settings: { ...operatorSettings },
  examples: ['skerry user export > users.json'],
  run: async (config, context) => {
    const answer = await withOperator(config, ({ auth: service }) => service.exportUsers({}));
    context.stdout.write(answer.json.endsWith('\n') ? answer.json : `${answer.json}\n`);
    return 0;
  },
});

const importUsers = command({
  path: [...path, 'import'],
  summary: 'Add or replace users from a file that export wrote: all of them, or none and the first fault named.',
  positional: '<file>',
  settings: { ...operatorSettings, json },
  examples: ['skerry user import users.json'],
  run: async (config, context) => {
    const file = named(context);
    const text = await readFile(file, 'utf8').catch((cause: unknown) => {
      throw new StatusError('no_such_entry', `Cannot read "${file}": ${(cause as Error).message}`, { cause });
    });
    const answer = await withOperator(config, ({ auth: service }) =>
      service.importUsers({ operationId: randomId(random), json: text }),
    );
    return tell(
      context,
      config.json,
      { added: answer.added, replaced: answer.replaced },
      `added ${answer.added}, replaced ${answer.replaced}`,
    );
  },
});

export const userCommands = [add, passwd, disable, enable, remove, listUsers, exportUsers, importUsers];
