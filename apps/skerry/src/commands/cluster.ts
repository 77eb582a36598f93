/** `skerry cluster …`: a real cluster on this machine, one process for each node; look at it, and hurt it. */
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { StatusError } from '@skerry/kernel';
import { command, flag, hostPattern, text, type CommandContext } from '@skerry/runtime-config';
import { readClusterFile, type ClusterFile, type ClusterNode } from '../cluster/cluster-file.ts';
import { awaitLeaders, figuresOf } from '../cluster/figures.ts';
import { processState } from '../cluster/processes.ts';
import { orders, sendOrder, Supervisor, type Order } from '../cluster/supervisor.ts';
import { planTopology, replicatedRoles, requireSameGroups } from '../cluster/topology.ts';
import { adminPasswordSetting, dataSetting, insecureSetting, jsonSetting } from '../common-settings.ts';
import { ensureAuthority } from '../authority.ts';
import { chooseAdminPassword } from '../admin-password.ts';
import { table } from '../table.ts';

const up = command({
  path: ['cluster', 'up'],
  summary: 'Start a cluster on this machine and stay in the foreground; Ctrl-C drains it.',
  positional: '<topology>',
  settings: {
    data: dataSetting,
    bind: text({
      default: '127.0.0.1',
      help: 'Address of all doors.',
      pattern: hostPattern,
      wanted: 'an address',
      placeholder: 'ADDR',
    }),
    replicas: text({
      default: '3',
      help: 'How many of each role: N, or ROLE=N,… with 1 of each that is not named.',
      placeholder: 'N',
    }),
    adminPassword: adminPasswordSetting,
    insecure: insecureSetting,
    restart: flag({ help: 'Start a node that dies again.' }),
    json: jsonSetting,
  },
  examples: ['skerry cluster up ftp', 'skerry cluster up ftp --replicas routing=2,processing=3 --data /var/lib/skerry'],
  run: async (config, context) => {
    const started = performance.now();
    const topology = planTopology(context.arguments[0] ?? '', config.replicas);
    const data = resolve(config.data);
    requireSameGroups(topology, await nodesBefore(data));
    const authority = await ensureAuthority(data);
    const password = await chooseAdminPassword(config.adminPassword, join(data, 'auth_1'));
    const interactive = process.stderr.isTTY && !config.json;
    const supervisor = new Supervisor({
      topology,
      data,
      host: config.bind,
      program: [process.execPath, ...process.execArgv, process.argv[1] ?? ''],
      argumentsOf: ({ role, founders }) => [
        ...(config.insecure ? ['--insecure'] : []),
        ...(founders.length > 0 ? ['--founders', founders.join(',')] : []),
        ...(role === 'routing' ? routingArguments(context) : []),
      ],
      environment: {
        ...context.environment,
        ...(password === undefined ? {} : { SKERRY_ADMIN_PASSWORD: password.text }),
      },
      insecure: config.insecure,
      restart: config.restart,
      progress: (done, of) =>
        context.stderr.write(interactive ? `\rstarting ${done}/${of}${done === of ? '\n' : ''}` : ''),
      tell: (notice) => void context.stderr.write(`${notice}\n`),
    });
    const stopped = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
    try {
      await supervisor.start();
      await awaitLeaders(supervisor.nodes, replicatedRoles);
    } catch (cause) {
      await supervisor.stop();
      throw cause;
    }
    const ms = Math.round(performance.now() - started);
    const ready = {
      ready: true,
      ms,
      pid: process.pid,
      data,
      cluster: authority.cluster,
      endpoints: supervisor.endpoints,
      admin: { user: 'admin' },
    };
    context.stdout.write(
      config.json ? `${JSON.stringify(ready)}\n` : `${summary(supervisor.nodes)}\nready in ${ms} ms\n`,
    );
    if (password?.generated === true) context.stderr.write(`admin password (shown once): ${password.text}\n`);
    await stopped;
    await supervisor.stop();
    return 0;
  },
});

/** None, when no cluster was started there. */
async function nodesBefore(data: string): Promise<readonly ClusterNode[]> {
  const { nodes } = await readClusterFile(data).catch(() => ({ nodes: [] }));
  return nodes;
}

/** Router n takes the n-th FTP port from the configured one on; port 0 stays 0. */
function routingArguments({ environment }: CommandContext): readonly string[] {
  return environment['SKERRY_FTP_PORT'] === undefined ? ['--ftp-port', '0'] : [];
}
const summary = (nodes: readonly ClusterNode[]): string =>
  table(
    ['node', 'pid', 'grpc', 'doors'],
    nodes.map(({ name, pid, grpc, endpoints }) => [name, String(pid), grpc, endpoints['ftp'] ?? '']),
  );

const status = command({
  path: ['cluster', 'status'],
  summary: 'Show the nodes of a cluster: their processes, and what they say of themselves.',
  settings: { data: dataSetting, json: jsonSetting },
  examples: ['skerry cluster status', 'skerry cluster status --json'],
  run: async (config, context) => {
    const { nodes } = await readClusterFile(resolve(config.data));
    const rows = await Promise.all(
      nodes.map(async (node) => {
        const found = processState(node.pid);
        const state = found === 'running' && node.state === 'isolated' ? 'isolated' : found;
        const figures = found === 'running' ? await figuresOf(node) : undefined;
        return { name: node.name, role: node.role, state, pid: node.pid, ...figures };
      }),
    );
    const cells = rows.map(({ name, role, state, pid, leader, term, commit, lag, failureTolerance }) => [
      name,
      role,
      state,
      String(pid),
      leader === true ? 'leader' : '',
      ...[term, commit, lag, failureTolerance].map((figure) => String(figure ?? '')),
    ]);
    context.stdout.write(
      config.json
        ? `${JSON.stringify(rows)}\n`
        : `${table(['node', 'role', 'state', 'pid', '', 'term', 'commit', 'lag', 'may fail'], cells)}\n`,
    );
    return 0;
  },
});

const summaries: Readonly<Record<Order, string>> = {
  kill: 'Kill nodes at once (SIGKILL).',
  start: 'Start dead nodes again, where they were.',
  pause: 'Stop nodes in their tracks (SIGSTOP).',
  resume: 'Let paused nodes go on (SIGCONT).',
};
/** @throws StatusError `malformed`, before anything is done. */
function requireKnown(order: string, names: readonly string[], { nodes }: ClusterFile): void {
  const unknown = names.find((name) => !nodes.some((node) => node.name === name));
  if (unknown !== undefined)
    throw new StatusError(
      'malformed',
      `Cannot ${order} "${unknown}": nodes are ${nodes.map(({ name }) => name).join(', ')}`,
    );
}
const hurt = orders.map((order) =>
  command({
    path: ['cluster', order],
    summary: summaries[order],
    positional: '<names...>',
    settings: { data: dataSetting },
    examples: [`skerry cluster ${order} processing_1`, `skerry cluster ${order} data_1 auth_1 --data ./skerry-data`],
    run: async (config, context) => {
      const cluster = await readClusterFile(resolve(config.data));
      requireKnown(order, context.arguments, cluster);
      for (const name of context.arguments) await sendOrder(cluster, order, name);
      return 0;
    },
  }),
);

const isolate = command({
  path: ['cluster', 'isolate'],
  summary:
    'Cut nodes off from all others: they keep links among themselves, with clients and with this command; all else ' +
    'between the two sides is silently dropped, both ways, until heal. A second cut takes the place of the first.',
  positional: '<names...>',
  settings: { data: dataSetting },
  examples: [
    'skerry cluster isolate data_1',
    'skerry cluster isolate data_1,auth_1,routing_1,processing_1,discovery_1',
  ],
  run: async (config, context) => {
    const cluster = await readClusterFile(resolve(config.data));
    const names = context.arguments.flatMap((argument) => argument.split(','));
    requireKnown('isolate', names, cluster);
    await sendOrder(cluster, 'isolate', names.join(','));
    return 0;
  },
});
const heal = command({
  path: ['cluster', 'heal'],
  summary: 'Mend the cut between nodes that isolate made.',
  settings: { data: dataSetting },
  examples: ['skerry cluster heal', 'skerry cluster heal --data ./skerry-data'],
  run: async (config) => {
    await sendOrder(await readClusterFile(resolve(config.data)), 'heal', '');
    return 0;
  },
});

export const clusterCommands = [up, status, ...hurt, isolate, heal];
