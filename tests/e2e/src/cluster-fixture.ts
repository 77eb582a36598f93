/** A cluster of real processes under test: what its nodes say, and what is done to them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { skerry, System, type Run } from './system.ts';

export type RaftRow = {
  readonly node: string;
  readonly group: string;
  readonly membership: string;
  readonly answers: boolean;
  readonly role?: string;
  readonly leader?: string;
  readonly term?: number;
  readonly commit?: number;
  readonly applied?: number;
  readonly lag?: number;
  readonly failureTolerance: number;
};
export type NodeRow = {
  readonly name: string;
  readonly role: string;
  readonly state: string;
  readonly leader?: boolean;
};
/** What a member found when it hashed what it has. */
export type DigestRow = {
  readonly node: string;
  readonly group: string;
  readonly answers: boolean;
  readonly applied?: number;
  readonly state?: string;
  readonly content?: string;
  readonly missing?: number;
  readonly damaged?: number;
};
export type ClusterNode = {
  readonly name: string;
  readonly role: string;
  readonly pid: number;
  readonly grpc: string;
  readonly state: string;
  readonly endpoints: Readonly<Record<string, string>>;
};

type ClusterFile = {
  readonly nodes: readonly ClusterNode[];
  readonly control: { readonly port: number; readonly token: string };
};

export class Cluster {
  readonly system: System;
  private constructor(system: System) {
    this.system = system;
  }
  /** @param replicas as `--replicas` takes them. */
  static async start(data: string, replicas: string, more: Readonly<Record<string, string>> = {}): Promise<Cluster> {
    const free = { SKERRY_FTP_PORT: '0', SKERRY_PASSIVE_PORTS: '0-0', ...more };
    return new Cluster(await System.start(['cluster', 'up', 'ftp', '--replicas', replicas], data, free));
  }

  get #file(): ClusterFile {
    return JSON.parse(readFileSync(join(this.system.data, 'cluster.json'), 'utf8')) as ClusterFile;
  }
  get nodes(): readonly ClusterNode[] {
    return this.#file.nodes;
  }
  /** The same as the command `skerry cluster WORD`, without a process for it. @throws Error with what was said. */
  async order(word: 'kill' | 'start' | 'pause' | 'resume' | 'isolate' | 'heal', names = ''): Promise<void> {
    const { port, token } = this.#file.control;
    const response = await fetch(`http://127.0.0.1:${port}/${word}/${encodeURIComponent(names)}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
    });
    if (!response.ok) throw new Error(`cluster ${word} ${names}: ${await response.text()}`);
  }
  node(name: string): ClusterNode {
    const found = this.nodes.find((node) => node.name === name);
    if (found === undefined) throw new Error(`no node ${name}`);
    return found;
  }
  ftpOf(router: string): { readonly host: string; readonly port: number } {
    const { hostname, port } = new URL(this.node(router).endpoints['ftp'] ?? '');
    return { host: hostname, port: Number(port) };
  }

  command(...words: readonly string[]): Promise<Run> {
    return skerry([...words, '--data', this.system.data]);
  }
  /** @throws Error with what it said, unless it exits 0. */
  async done(...words: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.command(...words);
    if (code !== 0) throw new Error(`skerry ${words.join(' ')} exited ${code}: ${stderr}`);
    return stdout;
  }
  async raft(group?: string): Promise<readonly RaftRow[]> {
    const words = group === undefined ? [] : ['--group', group];
    return JSON.parse(await this.done('raft', 'status', '--json', ...words)) as readonly RaftRow[];
  }
  async states(): Promise<readonly NodeRow[]> {
    return JSON.parse(await this.done('cluster', 'status', '--json')) as readonly NodeRow[];
  }
  /** What the members of a role say at `/status`: quicker than a command. Of one that does not answer, nothing. */
  async members(role: string): Promise<readonly Member[]> {
    const members = this.nodes.filter((node) => node.role === role);
    return Promise.all(
      members.map(async ({ name, endpoints }) => ({ name, ...(await statusAt(endpoints['metrics'] ?? '')) })),
    );
  }
  /** Empty: none. */
  async leader(role: string, except?: string): Promise<string> {
    const members = await this.members(role);
    return members.find(({ name, leader }) => leader === true && name !== except)?.name ?? '';
  }
  /** Whether all members answer, follow one leader, and are equally far. */
  async agree(role: string): Promise<boolean> {
    const members = await this.members(role);
    const same = (field: 'leaderId' | 'term' | 'committed' | 'applied'): boolean =>
      new Set(members.map((member) => member[field])).size === 1;
    const [first] = members;
    const isWhole = first?.leaderId !== undefined && first.leaderId !== '' && first.committed === first.applied;
    return isWhole && same('leaderId') && same('term') && same('committed') && same('applied');
  }
  stop(): Promise<number | null> {
    return this.system.stop();
  }
}

/** Of a node with a replicated log, as far as the tests want it. */
type Replica = {
  readonly leader?: boolean;
  readonly leaderId?: string;
  readonly term?: number;
  readonly committed?: number;
  readonly applied?: number;
  readonly voters?: readonly string[];
  readonly learners?: readonly string[];
  readonly failureTolerance?: number;
  /** Of a data node: uploads under way, and how its copies stand. */
  readonly uploads?: number;
  readonly copies?: { readonly missing: number; readonly pushing: number; readonly compared: boolean };
};
export type Member = Replica & { readonly name: string };

async function statusAt(metrics: string): Promise<Replica> {
  try {
    const response = await fetch(`${metrics}/status`, { signal: AbortSignal.timeout(2_000) });
    return ((await response.json()) as { readonly service: Replica }).service;
  } catch {
    // A node that is down, or stopped in its tracks, says nothing.
    return {};
  }
}
