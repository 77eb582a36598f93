import { integer, optionalText, text, type ConfigOf } from '@skerry/runtime-config';
import { groupSettings } from '@skerry/runtime-host';

export const settings = {
  ...groupSettings,
  adminPassword: optionalText({
    help: 'password of the user "admin", who is made on the first start; without it one is made up and shown once, on a terminal',
    pattern: /^[^\0]{1,1024}$/,
    wanted: 'text of 1 to 1024 bytes',
    placeholder: 'PASSWORD',
    secret: true,
  }),
  grantLifeMs: integer({
    default: 5_000,
    min: 500,
    max: 60_000,
    unit: 'ms',
    help: 'how long a change of a user may take to act on open sessions: they renew their grant this often',
  }),
  sessionLifeMs: integer({
    default: 24 * 3_600_000,
    min: 60_000,
    max: 30 * 24 * 3_600_000,
    unit: 'ms',
    help: 'how long a login lasts before the password is asked again: one day covers the longest working session',
  }),
  accountLog: text({
    default: 'accounts.jsonl',
    placeholder: 'FILE',
    help: "file for JSON lines of changes to accounts and of logins; relative: in the node's folder; none: not written",
  }),
} as const;
export type AuthConfig = ConfigOf<typeof settings>;
