/** Settings of the Cassandra-compatible node. Every time, count and size that a client can stretch is one of them. */
import { type ConfigOf, hostPattern, integer, oneOf, optionalText, text } from '@skerry/runtime-config';

const mebibyte = 1024 * 1024;

export const settings = {
  cqlHost: optionalText({
    pattern: hostPattern,
    wanted: 'an address of this machine',
    placeholder: 'ADDR',
    help: "Address to listen on for CQL; 0.0.0.0 or :: for all. Default: the node's own --host, which is loopback.",
  }),
  cqlPort: integer({ default: 9042, min: 0, max: 65_535, help: 'Port of the CQL door; 0: a free one.' }),
  cqlBroadcast: optionalText({
    pattern: hostPattern,
    wanted: 'an address that clients can reach',
    placeholder: 'ADDR',
    help: 'Address that drivers are told of this node (behind NAT). Default: the one listened on, or --host.',
  }),
  cqlTls: oneOf({
    default: 'off',
    choices: ['off', 'optional', 'required'],
    help: 'TLS with clients, at the same port; optional: plain connections are taken too.',
  }),
  cqlTlsCert: optionalText({ placeholder: 'FILE', help: 'PEM certificate (chain). Default: a self-made one, kept.' }),
  cqlTlsKey: optionalText({ placeholder: 'FILE', help: 'PEM private key of the certificate.' }),
  cqlTlsReloadMs: integer({
    default: 10_000,
    min: 100,
    max: 86_400_000,
    unit: 'ms',
    help: 'How often --cql-tls-cert and --cql-tls-key are looked at; changed ones serve new connections, SIGHUP looks at once.',
  }),
  cqlAuthenticator: oneOf({
    default: 'allow-all',
    choices: ['allow-all', 'password'],
    help: 'Who may come: all, or those who know the password of a role (first: cassandra / cassandra).',
  }),
  cqlAuthorizer: oneOf({
    default: 'allow-all',
    choices: ['allow-all', 'permissions'],
    help: 'Who may do what: all may do all, or as GRANT says. Needs --cql-authenticator password.',
  }),
  clusterName: text({ default: 'Skerry', help: 'Name of the cluster, as drivers see it.' }),
  dataCenter: text({ default: 'datacenter1', help: 'Data center of this node, as drivers see it.' }),
  rack: text({ default: 'rack1', help: 'Rack of this node, as drivers see it.' }),
  commitlogSync: oneOf({
    default: 'periodic',
    choices: ['periodic', 'batch'],
    help: 'When a write is acknowledged: when the operating system has it (synced every 10 s), or when the disk has it.',
  }),
  memtableMaxBytes: integer({
    default: 64 * mebibyte,
    min: mebibyte,
    max: 4096 * mebibyte,
    unit: 'bytes',
    help: 'Writes held in memory before they are written to the store; twice as much while that is done.',
  }),
  cqlFrameMaxBytes: integer({
    default: 16 * mebibyte,
    min: 64 * 1024,
    max: 256 * mebibyte,
    unit: 'bytes',
    help: 'Largest request.',
  }),
  cqlConnectionsMax: integer({ default: 10_000, min: 1, max: 1_000_000, help: 'Connections at once.' }),
  cqlRequestsMax: integer({
    default: 1_024,
    min: 1,
    max: 32_768,
    help: 'Requests of one connection that wait for something; it is read from no more meanwhile.',
  }),
  cqlUnreadMaxBytes: integer({
    default: 8 * mebibyte,
    min: 64 * 1024,
    max: 1024 * mebibyte,
    unit: 'bytes',
    help: 'Answers that a client has not read yet, at which it is read from no more.',
  }),
  cqlReadTimeoutMs: integer({
    default: 5_000,
    min: 10,
    max: 86_400_000,
    unit: 'ms',
    help: 'For a SELECT of named partitions that takes several turns; then it fails with ReadTimeout.',
  }),
  cqlRangeTimeoutMs: integer({
    default: 10_000,
    min: 10,
    max: 86_400_000,
    unit: 'ms',
    help: 'The same for a SELECT of a whole table, a range of tokens or an index.',
  }),
  slowQueryMs: integer({
    default: 500,
    min: 0,
    max: 3_600_000,
    unit: 'ms',
    help: 'Requests that take longer are logged; 0: none.',
  }),
} as const;

export type CassandraConfig = ConfigOf<typeof settings>;
