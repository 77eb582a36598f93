/** Settings of what the router lets in, and how much of it. docs/ftp-security.md recommends values. */
import { integer, list, oneOf, optionalInteger } from '@skerry/runtime-config';

const networks = (help: string) =>
  list({
    default: [],
    pattern: /^[0-9a-fA-F.:]+(\/\d{1,3})?$/,
    wanted: 'addresses or blocks such as 10.0.0.0/8 or 2001:db8::/32, separated by commas',
    placeholder: 'CIDR,…',
    help,
  });
const rate = (help: string) => optionalInteger({ min: 1_000, max: 2 ** 40, unit: 'bytes/s', help });

export const guardSettings = {
  ftpTls: oneOf({
    default: 'optional',
    choices: ['off', 'optional', 'login', 'required'],
    help: 'TLS: not offered, offered, needed before USER, or needed for data too. Default: clients without it work',
  }),
  ftpsPort: integer({
    default: 0,
    min: 0,
    max: 65_535,
    help: 'port whose connections begin with TLS (implicit FTPS, 990 elsewhere); 0: none, since AUTH TLS is the standard',
  }),
  ftpAllow: networks('networks whose clients are served; another gets 421. Default: all'),
  ftpDeny: networks('networks whose clients get 421, also where --ftp-allow names them'),
  ftpProxyFrom: networks(
    'proxies whose connections must begin with a PROXY header (v1, v2): it names the client, everywhere. Default: none',
  ),
  ftpCommandsPerSecond: integer({
    default: 10_000,
    min: 1,
    max: 1_000_000,
    unit: 'commands/s',
    help: 'most commands of one session, a second of them at once; more wait, then --ftp-command-queue-max ends it',
  }),
  ftpRateUp: rate(
    "most bytes of one user towards the server at this router; a user's own value goes before. Default: no limit",
  ),
  ftpRateDown: rate('the same away from the server'),
  ftpRateUpAll: rate('most bytes of all users together towards the server at this router. Default: no limit'),
  ftpRateDownAll: rate('the same away from the server'),
};
