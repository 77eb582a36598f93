import { integer, oneOf, type ConfigOf } from '@skerry/runtime-config';

export const settings = {
  ftpTlsRequired: oneOf({
    default: 'no',
    choices: ['no', 'login', 'data'],
    help: 'TLS that clients must use: none, before USER, or for data too. Default: clients without TLS work',
  }),
  ftpBackendDeadlineMs: integer({
    default: 3_500,
    min: 100,
    max: 60_000,
    unit: 'ms',
    help: 'longest wait for auth and data in one line, all tries; then 451. Below the router’s wait for a processor',
  }),
};
export type Config = ConfigOf<typeof settings>;
