/** `skerry cassandra …`: what nodetool is for Cassandra. */
import { StatusError } from '@skerry/kernel';
import type { cassandra } from '@skerry/proto';
import { addressPattern, command, optionalText, type CommandContext, type ConfigOf } from '@skerry/runtime-config';
import { askAll } from '../ask-all.ts';
import { jsonSetting } from '../common-settings.ts';
import { operatorSettings, withNodeAt, withOperator, type Operator } from '../operator.ts';
import { table } from '../table.ts';

const settings = {
  ...operatorSettings,
  node: optionalText({
    help: "Address of the node's own gRPC door, for a node that is alone.",
    pattern: addressPattern,
    wanted: 'HOST:PORT',
    placeholder: 'HOST:PORT',
  }),
  json: jsonSetting,
};
type Config = ConfigOf<typeof settings>;
type Client = Operator['cassandras'][number]['client'];
type Told<T> = { readonly node: string } & T;

/** Asks all nodes; those that do not answer are told of on stderr. @throws StatusError when none answers. */
async function ask<T extends object>(
  config: Config,
  { stderr }: CommandContext,
  question: (client: Client) => Promise<T>,
): Promise<readonly Told<T>[]> {
  const work = ({ cassandras }: Operator) => askAll(cassandras, 'Cassandra-compatible node', question);
  const { answers, missing } = await (config.node === undefined
    ? withOperator(config, work)
    : withNodeAt(config, { role: 'cassandra', address: config.node }, work));
  for (const line of missing) stderr.write(`${line}\n`);
  return answers.map(({ nodeId, answer }) => ({ node: nodeId === '' ? (config.node ?? '') : nodeId, ...answer }));
}
const tell = ({ stdout }: CommandContext, { json }: Config, value: unknown, text: string): number => {
  stdout.write(json ? `${JSON.stringify(value)}\n` : `${text}\n`);
  return 0;
};
const getNode = (client: Client): Promise<cassandra.GetNodeResponse> => client.getNode({}, { idempotent: true });
const sum = (values: readonly number[]): number => values.reduce((all, each) => all + each, 0);
const bytesText = (bytes: number): string => {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  const at = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${at === 0 ? bytes : (bytes / 1024 ** at).toFixed(2)} ${units[at] ?? ''}`;
};

const status = command({
  path: ['cassandra', 'status'],
  summary: 'Whether the nodes are up, and how much they have.',
  settings,
  examples: [
    'skerry cassandra status',
    'skerry cassandra status --json',
    'skerry cassandra status --node 10.0.0.7:7400',
  ],
  run: async (config, context) => {
    const nodes = await ask(config, context, async (client) => {
      const [node, { tables }] = [await getNode(client), await client.getTableStats({}, { idempotent: true })];
      return { ...node, storedBytes: sum(tables.map(({ storedBytes }) => storedBytes)) };
    });
    // U: up. N: it neither joins nor leaves.
    const rows = nodes.map((one) => [
      'UN',
      `${one.address}:${one.port}`,
      bytesText(one.storedBytes + one.memoryBytes),
      String(one.tokens.length),
      one.hostId,
      one.dataCenter,
      one.rack,
    ]);
    const headings = ['', 'address', 'load', 'tokens', 'host id', 'data center', 'rack'];
    return tell(context, config, nodes, table(headings, rows));
  },
});

const info = command({
  path: ['cassandra', 'info'],
  summary: 'What one node is and does.',
  settings,
  examples: ['skerry cassandra info', 'skerry cassandra info --json | jq .[0].requests'],
  run: async (config, context) => {
    const nodes = await ask(config, context, getNode);
    const text = nodes.map((one) => {
      const requests = Object.entries(one.requests).map(([kind, count]) => `${count} ${kind}`);
      const lines: readonly (readonly [string, string])[] = [
        ['node', one.node],
        ['cluster', one.clusterName],
        ['host id', one.hostId],
        ['address', `${one.address}:${one.port}`],
        ['release', `${one.releaseVersion} (CQL ${one.cqlVersion})`],
        ['schema version', one.schemaVersion],
        ['uptime', `${Math.round(one.uptimeMs / 1_000)} s`],
        ['data center, rack', `${one.dataCenter}, ${one.rack}`],
        ['tables', `${one.tables} in ${one.keyspaces} keyspaces`],
        ['connections', String(one.connections)],
        ['prepared', String(one.preparedStatements)],
        ['requests', requests.join(', ')],
        ['errors, slow', `${one.errors}, ${one.slowRequests}`],
        ['memory', `${bytesText(one.memoryBytes)}${one.flushing ? ', flushing' : ''}`],
        ['flushes', String(one.flushes)],
        ['commit log', `${one.logSegments} segments, ${one.commitlogSync}`],
        ['TLS', one.tls],
        ['authentication', `${one.authenticator}, ${one.authorizer}`],
      ];
      return lines.map(([name, value]) => `${name.padEnd(18)} ${value}`).join('\n');
    });
    return tell(context, config, nodes, text.join('\n\n'));
  },
});

const ring = command({
  path: ['cassandra', 'ring'],
  summary: 'Where each node begins its part of the tokens.',
  settings,
  examples: ['skerry cassandra ring'],
  run: async (config, context) => {
    const nodes = await ask(config, context, getNode);
    const places = nodes
      .flatMap(({ node, address, port, rack, tokens }) =>
        tokens.map((token) => ({ node, address: `${address}:${port}`, rack, token })),
      )
      .toSorted((a, b) => (BigInt(a.token) < BigInt(b.token) ? -1 : 1));
    const rows = places.map(({ node, address, rack, token }) => [address, node, rack, token]);
    return tell(context, config, places, table(['address', 'node', 'rack', 'token'], rows));
  },
});

const flush = command({
  path: ['cassandra', 'flush'],
  summary: 'Write what is in memory to the store, and cut the commit log.',
  settings,
  examples: ['skerry cassandra flush'],
  run: async (config, context) => {
    const nodes = await ask(config, context, (client) => client.flush({}, { idempotent: true }));
    return tell(context, config, nodes, nodes.map(({ node, ms }) => `${node}: flushed in ${ms} ms`).join('\n'));
  },
});

const snapshot = command({
  path: ['cassandra', 'snapshot'],
  summary: "Copy schema and tables, as they are at one moment, into snapshots/NAME of the node's folder.",
  positional: '<name>',
  settings,
  examples: [
    'skerry cassandra snapshot monday',
    '# restore: stop the node, then in its folder',
    'rm -r tables schema commitlog && cp -r snapshots/monday/. .',
  ],
  run: async (config, context) => {
    const [name = ''] = context.arguments;
    const nodes = await ask(config, context, (client) => client.takeSnapshot({ name }));
    const text = nodes.map(({ node, path, bytes, ms }) => `${node}: ${path} (${bytesText(bytes)}, ${ms} ms)`);
    return tell(context, config, nodes, text.join('\n'));
  },
});

const tableStats = command({
  path: ['cassandra', 'tablestats'],
  summary: 'What tables have in the store; flush before, for what is in memory only.',
  positional: '[table]',
  settings,
  examples: [
    'skerry cassandra tablestats',
    'skerry cassandra tablestats shop',
    'skerry cassandra tablestats shop.orders',
  ],
  run: async (config, context) => {
    const [wanted = ''] = context.arguments;
    const [keyspace = '', name = '', ...more] = wanted.split('.');
    if (more.length > 0)
      throw new StatusError(
        'malformed',
        `Cannot read the table's name: must be KEYSPACE or KEYSPACE.TABLE: got "${wanted}"`,
      );
    const nodes = await ask(config, context, (client) =>
      client.getTableStats({ keyspace, table: name }, { idempotent: true }),
    );
    const rows = nodes.flatMap(({ node, tables }) =>
      tables.map((one) => [
        node,
        `${one.keyspace}.${one.table}`,
        one.view ? 'view' : 'table',
        bytesText(one.storedBytes),
        String(one.blocks),
        String(one.runs),
        one.id,
      ]),
    );
    return tell(context, config, nodes, table(['node', 'name', 'kind', 'stored', 'blocks', 'runs', 'id'], rows));
  },
});

const compactionStats = command({
  path: ['cassandra', 'compactionstats'],
  summary: 'What is flushed, merged, purged and built now, and what waits for it.',
  settings,
  examples: ['skerry cassandra compactionstats', 'skerry cassandra compactionstats --json | jq .[0].pending'],
  run: async (config, context) => {
    const nodes = await ask(config, context, (client) => client.getCompactionStats({}, { idempotent: true }));
    const text = nodes.map((one) => {
      const rows = one.running.map(({ kind, table: name, runs, bytes, runningMs }) => [
        kind,
        name === '' ? 'all' : name,
        String(runs),
        bytesText(bytes),
        `${Math.round(runningMs / 1_000)} s`,
      ]);
      return [
        `${one.node}: ${one.pending} pending, ${one.completed} completed, ${bytesText(one.mergedBytes)} merged`,
        ...(one.diskFull === '' ? [] : [`writes are refused: ${one.diskFull}`]),
        ...(one.failure === '' ? [] : [`the last merge failed: ${one.failure}`]),
        ...(rows.length === 0 ? [] : [table(['kind', 'table', 'runs', 'size', 'for'], rows)]),
        ...one.builds.map(
          ({ kind, keyspace, name, table: of, state, failures, failure }) =>
            `${kind} ${keyspace}.${name} of ${of}: ${state === 'running' ? 'is built' : 'waits to be built'}` +
            (failures === 0 ? '' : `; failed ${failures} time${failures === 1 ? '' : 's'} in a row: ${failure}`),
        ),
      ].join('\n');
    });
    return tell(context, config, nodes, text.join('\n\n'));
  },
});

export const cassandraCommands = [status, info, ring, flush, snapshot, tableStats, compactionStats];
