/** `skerry up`: the embedded system, in the foreground. */
import { resolve } from 'node:path';
import { StatusError } from '@skerry/kernel';
import {
  command,
  hostPattern,
  integer,
  list,
  oneOf,
  optionalInteger,
  text,
  type CommandContext,
  type ConfigOf,
} from '@skerry/runtime-config';
import { runProcess, type RunningProcess } from '@skerry/runtime-host';
import { levels } from '@skerry/runtime-telemetry';
import { settings as cassandraSettings } from '@skerry/service-cassandra-node';
import { ensureAuthority } from '../authority.ts';
import { adminPasswordSetting, dataSetting, insecureSetting, jsonSetting } from '../common-settings.ts';
import { startEmbedded } from '../embedded.ts';
import { writeEmbeddedFile, type Ready } from '../embedded-file.ts';
import { isFree } from '../is-free.ts';
import { systemNames, type System } from '../roles.ts';

const port = (fallback: number, help: string): ReturnType<typeof integer> =>
  integer({ default: fallback, min: 0, max: 65_535, help: `${help}; 0 takes a free one.` });
const cqlPortDefault = 9042;

const upSettings = {
  data: dataSetting,
  bind: text({
    default: '127.0.0.1',
    help: 'Address of all doors; 0.0.0.0 is every interface.',
    pattern: hostPattern,
    wanted: 'an address',
    placeholder: 'ADDR',
  }),
  only: list({
    default: systemNames,
    help: 'Which systems to start.',
    pattern: /^(ftp|cql)$/,
    wanted: `some of ${systemNames.join(', ')}`,
    placeholder: 'A,B',
  }),
  ftpPort: port(2121, 'Port of FTP control connections'),
  passivePorts: text({
    default: '30000-30099',
    help: 'Ports of passive FTP data connections.',
    pattern: /^\d{1,5}-\d{1,5}$/,
    wanted: 'FIRST-LAST, or 0-0 for any free port',
    placeholder: 'FIRST-LAST',
  }),
  cqlPort: port(cqlPortDefault, 'Port of the CQL door; the default gives way to a free one when it is taken'),
  cqlAuthenticator: cassandraSettings.cqlAuthenticator,
  cqlAuthorizer: cassandraSettings.cqlAuthorizer,
  httpPort: port(8080, 'Port of the HTTP door, reserved: that system is not built yet'),
  trackerPort: port(6969, 'Port of the tracker door, reserved: that system is not built yet'),
  grpcPort: port(7400, 'Port of the gRPC door for operators'),
  metricsPort: optionalInteger({
    min: 0,
    max: 65_535,
    help: 'Port of /metrics, /livez, /readyz and /status; by default the first free one from 9100.',
  }),
  adminPassword: adminPasswordSetting,
  logLevel: oneOf({ default: 'info', choices: levels, help: 'Least level of lines that are logged.' }),
  insecure: insecureSetting,
  json: jsonSetting,
};

/** A default port that is taken gives way to a free one; one that was asked for does not. */
const grpcPortOf = (config: { readonly grpcPort: number; readonly ftpPort: number }): number =>
  config.ftpPort === 0 && config.grpcPort === 7400 ? 0 : config.grpcPort;

/** The same of the CQL door; and a default that another program has gives way: both may be wanted on one machine. */
async function cqlPortOf({ cqlPort, ftpPort, bind }: Config): Promise<number> {
  if (cqlPort !== cqlPortDefault) return cqlPort;
  return ftpPort === 0 || !(await isFree({ host: bind, port: cqlPort })) ? 0 : cqlPort;
}

export const upCommand = command({
  path: ['up'],
  summary: 'Start the embedded system: every role once, in one process. Ctrl-C drains it.',
  settings: upSettings,
  examples: [
    'skerry up',
    'skerry up --data /var/lib/skerry --bind 0.0.0.0 --ftp-port 21',
    'skerry up --only cql --cql-authenticator password',
    'skerry up --ftp-port 0 --json | jq .endpoints',
  ],
  run: (config, context) => runProcess(() => start(config, context)),
});

type Config = ConfigOf<typeof upSettings>;
async function start(config: Config, { environment, stdout, stderr }: CommandContext): Promise<RunningProcess> {
  const startedMs = performance.now();
  if (config.only.length === 0)
    throw new StatusError('malformed', `Cannot start nothing: give --only some of ${systemNames.join(', ')}`);
  const data = resolve(config.data);
  await ensureAuthority(data);
  const embedded = await startEmbedded({
    data,
    bind: config.bind,
    grpcPort: grpcPortOf(config),
    metricsPort: config.metricsPort,
    insecure: config.insecure,
    only: config.only as readonly System[],
    logLevel: config.logLevel,
    flags: {
      ftpHost: config.bind,
      ftpPort: config.ftpPort,
      cqlHost: config.bind,
      cqlPort: await cqlPortOf(config),
      cqlAuthenticator: config.cqlAuthenticator,
      cqlAuthorizer: config.cqlAuthorizer,
      passivePorts: config.passivePorts,
      adminPassword: config.adminPassword,
    },
    environment,
  });
  const ms = Math.round(performance.now() - startedMs);
  const ready: Ready = {
    ready: true,
    ms,
    pid: process.pid,
    data,
    endpoints: { ...embedded.endpoints },
    admin: { user: 'admin' },
    ...(config.insecure ? { insecure: true } : {}),
  };
  await writeEmbeddedFile(data, ready);
  if (config.json) stdout.write(`${JSON.stringify(ready)}\n`);
  else
    stdout.write(
      `${Object.entries(embedded.endpoints)
        .map(([door, url]) => `${door.padEnd(8)} ${url}`)
        .join('\n')}\nready in ${ms} ms\n`,
    );
  for (const { onTerminal } of embedded.notices) stderr.write(`${onTerminal}\n`);
  return embedded;
}
