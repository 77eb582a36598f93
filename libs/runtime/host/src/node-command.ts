/** One node of one role as a command: its settings, its start, and the line that says that its doors answer. */
import { StatusError } from '@skerry/kernel';
import {
  command,
  flag,
  runCommandLine,
  type CommandContext,
  type CommandRow,
  type ConfigOf,
  type Settings,
} from '@skerry/runtime-config';
import { formatAddress } from '@skerry/runtime-world';
import { runProcess, type RunningProcess } from './run-process.ts';
import { nodeSettings, type NodeConfig } from './settings.ts';
import { startNode, type RunningNode } from './start-node.ts';
import { linksOfSupervisor } from './supervised.ts';
import type { StartService } from './types.ts';

export type NodeCommand<S extends Settings> = {
  /** Words that name the command. */
  readonly path: readonly string[];
  /** One line. */
  readonly summary: string;
  readonly examples: readonly string[];
  readonly role: string;
  /** The role's own, beside {@link nodeSettings}. */
  readonly settings: S;
  readonly start: StartService<ConfigOf<S> & NodeConfig>;
  /** Of the program, for status. */
  readonly version: string;
};

const jsonSetting = flag({ help: 'one line of JSON on stdout when the node is ready, instead of one for people' });

/** A row of a command table; its run ends the process. */
export function nodeCommand<S extends Settings>(node: NodeCommand<S>): CommandRow {
  const { path, summary, examples } = node;
  const settings: Settings = { ...node.settings, ...nodeSettings, json: jsonSetting };
  return command({
    path,
    summary,
    examples,
    settings,
    run: (config, context) => {
      // Read with these very settings, which the compiler does not follow through the spread.
      const own = config as unknown as ConfigOf<S> & NodeConfig & { readonly json: boolean };
      return runProcess(() => startAndTell(node, own, context));
    },
  });
}

/** A program that is nothing but one node: `main.ts` of an app. */
export async function runNodeProgram<S extends Settings>(
  node: Omit<NodeCommand<S>, 'path'> & { readonly name: string },
): Promise<void> {
  const { name, version, summary } = node;
  const { stdout, stderr, env: environment } = process;
  const table = { name, version, summary, commands: [nodeCommand({ ...node, path: [] })] };
  process.exitCode = await runCommandLine(table, process.argv.slice(2), { stdout, stderr, environment });
}

async function startAndTell<S extends Settings>(
  { role, start, version }: NodeCommand<S>,
  config: ConfigOf<S> & NodeConfig & { readonly json: boolean },
  { stdout, stderr }: CommandContext,
): Promise<RunningProcess> {
  if (config.id === '')
    throw new StatusError(
      'malformed',
      `Cannot start a node of role "${role}" without a name: give --id, such as --id ${role}_1`,
    );
  const links = linksOfSupervisor();
  const node = await startNode({ role, settings: config, start, config, version, links });
  const { notice } = node;
  stdout.write(`${config.json ? readyObject(node) : readyLine(node)}\n`);
  // What is no terminal keeps what it is told: a file, a container's log.
  if (notice !== undefined) stderr.write(`${process.stderr.isTTY ? notice.onTerminal : notice.withoutTerminal}\n`);
  return node;
}

const readyObject = (node: RunningNode): string =>
  JSON.stringify({
    ready: true,
    pid: process.pid,
    node: node.nodeId,
    endpoints: endpointsOf(node),
    notice: node.notice?.withoutTerminal,
  });
function readyLine(node: RunningNode): string {
  const doors = Object.entries(endpointsOf(node)).map(([door, url]) => `${door} ${url}`);
  return `${node.nodeId} ready: ${doors.join(', ')}`;
}
const endpointsOf = ({ endpoints, address, statusAddress }: RunningNode): Readonly<Record<string, string>> => ({
  ...endpoints,
  grpc: address,
  ...(statusAddress === undefined ? {} : { metrics: `http://${formatAddress(statusAddress)}` }),
});
