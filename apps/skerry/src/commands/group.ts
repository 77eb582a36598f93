/** `skerry group …`: defaults for the users that are in a group. */
import { randomId, StatusError } from '@skerry/kernel';
import { command, optionalText } from '@skerry/runtime-config';
import { jsonSetting as json } from '../common-settings.ts';
import { operatorSettings, withOperator } from '../operator.ts';
import { table } from '../table.ts';
import {
  allowanceSettings,
  changedAllowances,
  lines,
  named,
  newAllowances,
  random,
  shownGroup,
  tell,
} from './account-fields.ts';

const path = ['group'];
const home = optionalText({
  help: "Home of the group's users; %u stands for the user's name.",
  pattern: /^(\/[^\0]*)?$/,
  wanted: 'an absolute path; empty takes it away',
  placeholder: 'PATH',
});

const add = command({
  path: [...path, 'add'],
  summary: "Give a group defaults; a user's own values go before, then the groups in order of their names.",
  positional: '<name>',
  settings: { ...operatorSettings, home, ...allowanceSettings, json },
  examples: [
    'skerry group add staff --home /home/%u --quota-bytes 10000000000 --sessions-max 8',
    'skerry group add visitors --home /pub --rules /pub=+list+read-write-delete-make-rename --rate-down 1000000',
  ],
  run: async (config, context) => {
    const name = named(context, 'group');
    const request = {
      operationId: randomId(random),
      group: { name, home: config.home ?? '', ...newAllowances(config) },
    };
    const { group } = await withOperator(config, ({ auth }) => auth.addGroup(request));
    return tell(context, config.json, group === undefined ? {} : shownGroup(group), `added group ${name}`);
  },
});
const modify = command({
  path: [...path, 'modify'],
  summary: 'Change a group: what is given changes, the rest stays. Open sessions of its users follow within seconds.',
  positional: '<name>',
  settings: { ...operatorSettings, home, ...allowanceSettings, json },
  examples: ['skerry group modify staff --quota-bytes 20000000000', 'skerry group modify visitors --rate-down 0'],
  run: async (config, context) => {
    const name = named(context, 'group');
    const fields = { home: config.home, ...changedAllowances(config) };
    if (Object.values(fields).every((value) => value === undefined))
      throw new StatusError('malformed', 'Cannot modify the group: nothing to change was given; see --help');
    const request = { operationId: randomId(random), name, ...fields };
    const { group } = await withOperator(config, ({ auth }) => auth.changeGroup(request));
    return tell(context, config.json, group === undefined ? {} : shownGroup(group), `changed group ${name}`);
  },
});
const remove = command({
  path: [...path, 'remove'],
  summary: "Remove a group's defaults; refused while users are in it.",
  positional: '<name>',
  settings: { ...operatorSettings, json },
  examples: ['skerry group remove visitors'],
  run: async (config, context) => {
    const name = named(context, 'group');
    await withOperator(config, ({ auth }) => auth.removeGroup({ operationId: randomId(random), name }));
    return tell(context, config.json, { removed: name }, `removed group ${name}`);
  },
});
const listGroups = command({
  path: [...path, 'list'],
  summary: 'List the groups that carry defaults.',
  settings: { ...operatorSettings, json },
  examples: ['skerry group list', 'skerry group list --json'],
  run: async (config, context) => {
    const { groups } = await withOperator(config, ({ auth }) => auth.listGroups({}));
    const rows = groups.map((group) => [
      group.name,
      group.home,
      String(group.quotaBytes ?? ''),
      String(group.sessionsMax ?? ''),
      String(group.rules.length),
    ]);
    const text = table(['group', 'home', 'quota bytes', 'sessions', 'rules'], rows);
    return tell(context, config.json, groups.map(shownGroup), text);
  },
});
const show = command({
  path: [...path, 'show'],
  summary: 'Show one group.',
  positional: '<name>',
  settings: { ...operatorSettings, json },
  examples: ['skerry group show staff'],
  run: async (config, context) => {
    const name = named(context, 'group');
    const { groups } = await withOperator(config, ({ auth }) => auth.listGroups({}));
    const group = groups.find((one) => one.name === name);
    if (group === undefined)
      throw new StatusError('no_such_group', `Cannot find group "${name}": see skerry group list`);
    return tell(context, config.json, shownGroup(group), lines(group));
  },
});

export const groupCommands = [add, modify, remove, listGroups, show];
