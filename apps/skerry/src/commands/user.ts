/** `skerry user …`: FTP users, through the auth nodes. */
import { readFile } from 'node:fs/promises';
import { randomId, StatusError } from '@skerry/kernel';
import { command, flag, hostPattern, list, oneOf, optionalText, type CommandContext } from '@skerry/runtime-config';
import { askAll } from '../ask-all.ts';
import { operatorSettings, withOperator, type Operator } from '../operator.ts';
import { readPassword } from '../password-input.ts';
import { table } from '../table.ts';
import {
  allowanceSettings,
  changedAllowances,
  changedGroups,
  expiresSetting,
  expiryMs,
  homeSetting,
  lines,
  named,
  newAllowances,
  random,
  shownUser,
  tell,
} from './account-fields.ts';

const json = flag({ help: 'Print JSON on stdout and nothing else there.' });
const passwordSettings = {
  password: optionalText({
    help: 'The password; others on this machine may see it in the list of processes: prefer --password-stdin.',
    secret: true,
    placeholder: 'P',
  }),
  passwordStdin: flag({ help: 'Read the password from the first line of standard input.' }),
};
const groupSetting = list({
  default: [],
  help: 'Groups that the user is in; each may carry defaults (skerry group add).',
  wanted: 'names, separated by commas; "none" takes them away',
  placeholder: 'G,…',
});
const path = ['user'];
const userOf = (context: CommandContext): string => named(context, 'user');

const add = command({
  path: [...path, 'add'],
  summary: 'Add a user.',
  positional: '<name>',
  settings: {
    ...operatorSettings,
    ...passwordSettings,
    home: homeSetting,
    group: groupSetting,
    expires: expiresSetting,
    ...allowanceSettings,
    administrator: flag({ help: 'May use SITE commands for operators.' }),
    json,
  },
  examples: [
    'skerry user add ada --home /home/ada',
    'printf %s "$SECRET" | skerry user add bob --password-stdin --quota-bytes 1000000000',
    'skerry user add guest --group visitors --expires 2027-01-31 --rules /pub=+list+read-write,/=-delete',
  ],
  run: async (config, context) => {
    const password = await readPassword(config, context);
    const { user } = await withOperator(config, ({ auth: service }) =>
      service.addUser({
        operationId: randomId(random),
        user: {
          ...newAllowances(config),
          name: userOf(context),
          home: config.home ?? '',
          groups: config.group.join() === 'none' ? [] : [...config.group],
          administrator: config.administrator,
          expiresAtMs: config.expires === undefined ? undefined : expiryMs(config.expires) || undefined,
        },
        password,
      }),
    );
    return tell(context, config.json, user === undefined ? {} : shownUser(user), `added ${userOf(context)}`);
  },
});

type Change = Parameters<Operator['auth']['changeUser']>[0];
const change = async (
  config: Parameters<typeof withOperator>[0] & { readonly json: boolean },
  context: CommandContext,
  fields: Change,
  done: string,
): Promise<number> => {
  const name = userOf(context);
  const { user } = await withOperator(config, ({ auth: service }) =>
    service.changeUser({ operationId: randomId(random), name, ...fields }),
  );
  return tell(context, config.json, user === undefined ? {} : shownUser(user), `${done} ${name}`);
};

const modify = command({
  path: [...path, 'modify'],
  summary: 'Change a user: what is given changes, the rest stays. Open sessions follow within seconds.',
  positional: '<name>',
  settings: {
    ...operatorSettings,
    home: homeSetting,
    group: groupSetting,
    expires: expiresSetting,
    ...allowanceSettings,
    administrator: oneOf({ default: 'as-is', choices: ['as-is', 'yes', 'no'], help: 'May use SITE commands.' }),
    json,
  },
  examples: [
    'skerry user modify ada --quota-bytes 5000000000 --sessions-max 4',
    'skerry user modify ada --quota-bytes 0      # that of the groups again, or none',
    'skerry user modify ada --expires never --networks none --group staff,crew',
  ],
  run: (config, context) => {
    const fields: Change = {
      ...changedAllowances(config),
      home: config.home,
      groups: changedGroups(config.group),
      expiresAtMs: config.expires === undefined ? undefined : expiryMs(config.expires),
      administrator: config.administrator === 'as-is' ? undefined : config.administrator === 'yes',
    };
    if (Object.values(fields).every((value) => value === undefined))
      throw new StatusError('malformed', 'Cannot modify the user: nothing to change was given; see --help');
    return change(config, context, fields, 'changed');
  },
});
const show = command({
  path: [...path, 'show'],
  summary: 'Show one user: what holds, with what the groups give.',
  positional: '<name>',
  settings: { ...operatorSettings, json },
  examples: ['skerry user show ada', 'skerry user show ada --json | jq .effective.quotaBytes'],
  run: async (config, context) => {
    const answer = await withOperator(config, ({ auth: service }) => service.showUser({ name: userOf(context) }));
    const { user, effective } = answer;
    if (user === undefined || effective === undefined)
      throw new StatusError('unexpected', 'Cannot show the user: the answer names none');
    return tell(context, config.json, { ...shownUser(user), effective: shownUser(effective) }, lines(effective));
  },
});

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
const unlock = command({
  path: [...path, 'unlock'],
  summary: 'Forget the failed logins of a user, an address, or one at the other, and with them a lock-out.',
  positional: '[name]',
  settings: {
    ...operatorSettings,
    address: optionalText({
      help: 'Failed logins from this client address; without a user, those of all users there.',
      pattern: hostPattern,
      wanted: 'an address',
      placeholder: 'ADDR',
    }),
    json,
  },
  examples: [
    'skerry user unlock ada',
    'skerry user unlock --address 203.0.113.9',
    'skerry user unlock ada --address 203.0.113.9',
  ],
  run: async (config, context) => {
    const [user = ''] = context.arguments;
    const { address: clientAddress = '' } = config;
    if (user === '' && clientAddress === '')
      throw new StatusError('malformed', 'Cannot unlock: give a user or --address; see --help');
    // Failed logins are in the memory of the auth node that checked them, and of the routers, who would tell it again.
    const { answers, missing } = await withOperator(config, async ({ auths, routers }) => {
      const about = { user, clientAddress };
      const options = { idempotent: true };
      const atRouters = await askAll(routers, 'router', (client) => client.forgetFailures(about, options));
      const atAuths = await askAll(auths, 'auth node', (client) => client.unlock(about, options));
      return {
        answers: [...atRouters.answers, ...atAuths.answers],
        missing: [...atRouters.missing, ...atAuths.missing],
      };
    });
    for (const line of missing) context.stderr.write(`${line}\n`);
    const forgotten = answers.reduce((sum, { answer }) => sum + answer.forgotten, 0);
    const whom = [user, clientAddress].filter((text) => text !== '').join(' at ');
    const said = forgotten === 0 ? `nothing to unlock: ${whom} has no failed logins` : `unlocked ${whom}`;
    return tell(context, config.json, { forgotten }, said);
  },
});
const logout = command({
  path: [...path, 'logout'],
  summary: "End a user's sessions at all routers, transfers too; the user may log in again.",
  positional: '<name>',
  settings: { ...operatorSettings, json },
  examples: ['skerry user logout ada', 'skerry user disable ada   # for good: sessions end as well'],
  run: async (config, context) => {
    const user = userOf(context);
    await withOperator(config, ({ auth: service }) => service.revokeSessions({ user }));
    return tell(context, config.json, { loggedOut: user }, `logged out ${user}`);
  },
});
const remove = command({
  path: [...path, 'remove'],
  summary: 'Remove a user; their files stay.',
  positional: '<name>',
  settings: { ...operatorSettings, json },
  examples: ['skerry user remove ada'],
  run: async (config, context) => {
    const name = userOf(context);
    await withOperator(config, ({ auth: service }) => service.removeUser({ operationId: randomId(random), name }));
    return tell(context, config.json, { removed: name }, `removed ${name}`);
  },
});

const expiryText = (atMs: number | undefined): string =>
  atMs === undefined
    ? ''
    : `${atMs <= Date.now() ? 'expired' : 'expires'} ${new Date(atMs).toISOString().slice(0, 10)}`;

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
      user.disabled ? 'disabled' : expiryText(user.expiresAtMs),
    ]);
    return tell(context, config.json, users.map(shownUser), table(['user', 'home', 'groups', 'quota bytes', ''], rows));
  },
});

const exportUsers = command({
  path: [...path, 'export'],
  summary: 'Print all users and groups as JSON, with salted slow hashes in place of passwords.',
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
  summary: 'Add or replace users and groups from a file that export wrote: all of them, or none and every fault named.',
  positional: '<file>',
  settings: { ...operatorSettings, json },
  examples: ['skerry user import users.json'],
  run: async (config, context) => {
    const file = named(context, 'file');
    const text = await readFile(file, 'utf8').catch((cause: unknown) => {
      throw new StatusError('no_such_entry', `Cannot read "${file}": ${(cause as Error).message}`, { cause });
    });
    const answer = await withOperator(config, ({ auth: service }) =>
      service.importUsers({ operationId: randomId(random), json: text }),
    );
    return tell(
      context,
      config.json,
      answer,
      `users: added ${answer.added}, replaced ${answer.replaced}; ` +
        `groups: added ${answer.groupsAdded}, replaced ${answer.groupsReplaced}`,
    );
  },
});

export const userCommands = [
  add,
  modify,
  show,
  passwd,
  disable,
  enable,
  unlock,
  logout,
  remove,
  listUsers,
  exportUsers,
  importUsers,
];
