/** Every role that `skerry node` and the embedded system can start: its settings, and the start of its service. */
import type { ConfigOf, Settings } from '@skerry/runtime-config';
import type { NodeConfig, Service, ServiceEnvironment } from '@skerry/runtime-host';
import * as auth from '@skerry/service-auth-node';
import * as cassandra from '@skerry/service-cassandra-node';
import * as data from '@skerry/service-data-node';
import * as discovery from '@skerry/service-discovery-node';
import * as processing from '@skerry/service-ftp-processor';
import * as routing from '@skerry/service-ftp-router';

export type Role = {
  readonly name: string;
  /** One line, for `--help`. */
  readonly summary: string;
  readonly settings: Settings;
  start(config: NodeConfig & Readonly<Record<string, unknown>>, environment: ServiceEnvironment): Promise<Service>;
};

/** Ties a service's own settings to its own start; `config` was read with those settings and the node's. */
function role<S extends Settings>(row: {
  readonly name: string;
  readonly summary: string;
  readonly settings: S;
  readonly start: (config: ConfigOf<S> & NodeConfig, environment: ServiceEnvironment) => Promise<Service>;
}): Role {
  return { ...row, start: (config, environment) => row.start(config as ConfigOf<S> & NodeConfig, environment) };
}

export const roles: readonly Role[] = [
  role({
    name: 'discovery',
    summary: 'who is there: register, heartbeat, request',
    settings: discovery.settings,
    start: discovery.start,
  }),
  role({ name: 'auth', summary: 'users and passwords', settings: auth.settings, start: auth.start }),
  role({ name: 'data', summary: 'files and directories', settings: data.settings, start: data.start }),
  role({
    name: 'processing',
    summary: 'FTP commands, without state',
    settings: processing.settings,
    start: processing.start,
  }),
  role({
    name: 'routing',
    summary: 'FTP clients and their data connections',
    settings: routing.settings,
    start: routing.start,
  }),
  role({
    name: 'cassandra',
    summary: "tables, over Cassandra's native protocol",
    settings: cassandra.settings,
    start: cassandra.start,
  }),
];

/** What `--only` chooses from, and the roles of each. All of them have discovery. */
export const systems = {
  ftp: ['auth', 'data', 'processing', 'routing'],
  cql: ['cassandra'],
} as const satisfies Readonly<Record<string, readonly string[]>>;
export type System = keyof typeof systems;
export const systemNames = Object.keys(systems) as readonly System[];
