/** What can be said of a user or a group on the command line, and how it is shown. */
import { StatusError, type RandomBytes } from '@skerry/kernel';
import { auth } from '@skerry/proto';
import { list, optionalInteger, optionalText, type CommandContext, type ConfigOf } from '@skerry/runtime-config';

export const random: RandomBytes = (count) => crypto.getRandomValues(new Uint8Array(count));
const most = Number.MAX_SAFE_INTEGER;
/** `--x none` of a list takes all of it away. */
const noneWord = 'none';

export const allowanceSettings = {
  quotaBytes: optionalInteger({ help: 'Most bytes that a user may keep.', min: 0, max: most, unit: 'bytes' }),
  quotaFiles: optionalInteger({ help: 'Most files that a user may keep.', min: 0, max: most }),
  rateUp: optionalInteger({
    help: 'Most bytes per second that one session may send to the server.',
    min: 0,
    max: most,
    unit: 'bytes/s',
  }),
  rateDown: optionalInteger({
    help: 'Most bytes per second that one session may get from the server.',
    min: 0,
    max: most,
    unit: 'bytes/s',
  }),
  sessionsMax: optionalInteger({ help: 'Most sessions of one user at once.', min: 0, max: 100_000 }),
  networks: list({
    default: [],
    help: 'Addresses or blocks from which a user may log in.',
    wanted: 'such as 10.0.0.0/8,2001:db8::/32; "none" takes them away',
    placeholder: 'CIDR,…',
  }),
  rules: list({
    default: [],
    help: 'What a user may do where: the rule with the longest path that names the right decides.',
    pattern: /^(none|\/.*=([+-](list|read|write|delete|make|rename))+)$/,
    wanted: 'PATH=+right-right, rights list read write delete make rename; "none" takes them away',
    placeholder: 'RULE,…',
  }),
};
type AllowanceConfig = ConfigOf<typeof allowanceSettings>;

export const homeSetting = optionalText({
  help: "Directory of the file tree that the user sees as /; made at the first login. Default: the groups' home, or /.",
  pattern: /^(\/[^\0]*)?$/,
  wanted: 'an absolute path',
  placeholder: 'PATH',
});
export const expiresSetting = optionalText({
  help: 'From then on there is no login, and sessions end.',
  pattern: /^(never|\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?Z)?)$/,
  wanted: 'a day (its beginning) or time in UTC such as 2027-01-31 or 2027-01-31T18:00Z, or never',
  placeholder: 'DATE',
});

const numbers: Readonly<Record<string, auth.Right>> = {
  list: auth.Right.LIST,
  read: auth.Right.READ,
  write: auth.Right.WRITE,
  delete: auth.Right.DELETE,
  make: auth.Right.MAKE,
  rename: auth.Right.RENAME,
};
const nameOf = (right: auth.Right): string =>
  Object.keys(numbers).find((name) => numbers[name] === right) ?? `${right}`;

/** `/pub=+list+read-write`; the setting's pattern has been checked. */
function ruleOf(text: string): auth.AclRule {
  const at = text.lastIndexOf('=');
  const signed = text.slice(at + 1).match(/[+-][a-z]+/g) ?? [];
  const rights = (sign: string): auth.Right[] =>
    signed.filter((word) => word.startsWith(sign)).flatMap((word) => numbers[word.slice(1)] ?? []);
  return { path: text.slice(0, at), allow: rights('+'), deny: rights('-') };
}
const ruleText = ({ path, allow, deny }: auth.AclRule): string =>
  `${path}=${allow.map((right) => `+${nameOf(right)}`).join('')}${deny.map((right) => `-${nameOf(right)}`).join('')}`;

const items = (given: readonly string[]): string[] => (given.join() === noneWord ? [] : [...given]);

/** @throws StatusError `malformed` when there is no such day. */
export function expiryMs(text: string): number {
  const atMs = text === 'never' ? 0 : Date.parse(text);
  // Date.parse takes the 31st of February for the 3rd of March.
  const day = Number.isNaN(atMs) || text === 'never' ? text.slice(0, 10) : new Date(atMs).toISOString().slice(0, 10);
  if (Number.isNaN(atMs) || !text.startsWith(day.slice(0, text.length)))
    throw new StatusError('malformed', `Cannot read --expires: there is no such time: got "${text}"`);
  return atMs;
}

/** For a new user or group: what is not given is not said. */
export const newAllowances = (
  config: AllowanceConfig,
): Pick<
  auth.Group,
  'quotaBytes' | 'quotaFiles' | 'rateUpBytesPerSecond' | 'rateDownBytesPerSecond' | 'sessionsMax' | 'networks' | 'rules'
> => ({
  quotaBytes: config.quotaBytes,
  quotaFiles: config.quotaFiles,
  rateUpBytesPerSecond: config.rateUp || undefined,
  rateDownBytesPerSecond: config.rateDown || undefined,
  sessionsMax: config.sessionsMax || undefined,
  networks: items(config.networks),
  rules: items(config.rules).map(ruleOf),
});
/** For a change: what is not given stays; 0 and "none" take it away. */
export const changedAllowances = (
  config: AllowanceConfig,
): Pick<
  auth.ChangeGroupRequest,
  'quotaBytes' | 'quotaFiles' | 'rateUpBytesPerSecond' | 'rateDownBytesPerSecond' | 'sessionsMax' | 'networks' | 'rules'
> => ({
  quotaBytes: config.quotaBytes,
  quotaFiles: config.quotaFiles,
  rateUpBytesPerSecond: config.rateUp,
  rateDownBytesPerSecond: config.rateDown,
  sessionsMax: config.sessionsMax,
  networks: config.networks.length === 0 ? undefined : { networks: items(config.networks) },
  rules: config.rules.length === 0 ? undefined : { rules: items(config.rules).map(ruleOf) },
});
export const changedGroups = (groups: readonly string[]): auth.GroupList | undefined =>
  groups.length === 0 ? undefined : { names: items(groups) };

type Shown = Readonly<Record<string, unknown>>;
const shownAllowances = (of: auth.User | auth.Group): Shown => ({
  quotaBytes: of.quotaBytes ?? null,
  quotaFiles: of.quotaFiles ?? null,
  rateUpBytesPerSecond: of.rateUpBytesPerSecond ?? null,
  rateDownBytesPerSecond: of.rateDownBytesPerSecond ?? null,
  sessionsMax: of.sessionsMax ?? null,
  networks: of.networks,
  rules: of.rules.map(({ path, allow, deny }) => ({ path, allow: allow.map(nameOf), deny: deny.map(nameOf) })),
});
export const shownUser = (user: auth.User): Shown => ({
  name: user.name,
  home: user.home,
  groups: user.groups,
  disabled: user.disabled,
  administrator: user.administrator,
  expires: user.expiresAtMs === undefined ? null : new Date(user.expiresAtMs).toISOString(),
  ...shownAllowances(user),
});
export const shownGroup = (group: auth.Group): Shown => ({
  name: group.name,
  home: group.home,
  ...shownAllowances(group),
});

/** A line for each thing that is said. */
export function lines(of: auth.User | auth.Group): string {
  const said: Shown = { ...('groups' in of ? shownUser(of) : shownGroup(of)), rules: of.rules.map(ruleText) };
  return Object.entries(said)
    .map(([key, value]) => [key, Array.isArray(value) ? value.join(' ') : String(value ?? '')] as const)
    .filter(([, text]) => text !== '')
    .map(([key, text]) => `${key.padEnd(22)}${text}`)
    .join('\n');
}

export function tell(context: CommandContext, asJson: boolean, value: unknown, line: string): number {
  context.stdout.write(asJson ? `${JSON.stringify(value)}\n` : `${line}\n`);
  return 0;
}
/** @param what for the message, such as "user". */
export function named({ arguments: [name] }: CommandContext, what: string): string {
  if (name === undefined) throw new StatusError('malformed', `Cannot go on: the name of a ${what} is missing`);
  return name;
}
