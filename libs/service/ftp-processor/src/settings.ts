import { integer, list, type ConfigOf } from '@skerry/runtime-config';

export const settings = {
  ftpBackendDeadlineMs: integer({
    default: 3_500,
    min: 100,
    max: 60_000,
    unit: 'ms',
    help: 'longest wait for auth and data in one line, all tries; then 451. Below the router’s wait for a processor',
  }),
  ftpHosts: list({
    default: [],
    help: 'names that HOST may give (RFC 7151), such as ftp.example.org; another is answered 504. Default: any',
  }),
};
export type Config = ConfigOf<typeof settings>;
