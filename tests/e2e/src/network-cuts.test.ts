/**
 * Three hosts with a network between them that is cut for real: frames are lost, nobody is told. The majority goes on,
 * the minority refuses and serves nothing that is older than what was acknowledged elsewhere, and healed all are equal.
 */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Answer, ftpPort, HostCluster } from './host-cluster-fixture.ts';
import { namespacesMissing, TestNetwork } from './network-namespaces.ts';
import type { Read } from './session-reader.ts';
import { removeFolder, root, temporaryFolder, until } from './system.ts';

jest.setTimeout(400_000);
const missing = namespacesMissing();
if (missing !== undefined) process.stderr.write(`cuts of a real network not tried: ${missing}\n`);

/** Fifteen processes on a machine that may do other things too. */
const patienceMs = 90_000;
const waitFor = (what: string, holds: () => boolean | Promise<boolean>): Promise<void> =>
  until(what, holds, patienceMs);
const hosts = ['one', 'two', 'three'] as const;
const file = '/both-sides';

(missing === undefined ? describe : describe.skip)('three hosts, each with its five nodes', () => {
  const folder = temporaryFolder('cuts');
  let network: TestNetwork;
  let cluster: HostCluster;
  /** The number in {@link file} that was acknowledged last, and when each was. */
  let acknowledged = 0;
  const moments: number[] = [];
  const readers: ChildProcess[] = [];

  beforeAll(async () => {
    network = await TestNetwork.create([...hosts, 'client'], '10.203.19');
    cluster = await HostCluster.start(network, folder, hosts);
    await cluster.agree();
  }, 300_000);
  afterAll(async () => {
    for (const reader of readers) reader.kill('SIGKILL');
    await cluster?.stop();
    await network?.dispose();
    removeFolder(folder);
  }, 60_000);

  /** Overwrites the file through a router, until that is acknowledged. */
  async function overwrite(at: string, from = 'client'): Promise<void> {
    await cluster.insist(from, at, file, String(acknowledged + 1));
    acknowledged += 1;
    moments.push(Date.now());
  }
  /** Reads it on a host, at its own router, in a session that lasts; what is older than what was acknowledged before is stale. */
  class Reader {
    readonly reads: Read[] = [];
    readonly #child: ChildProcess;
    constructor(host: string) {
      const { through, address } = network.host(host);
      const main = join(import.meta.dirname, 'session-reader.ts');
      const node = [process.execPath, '--import', 'tsx', '--conditions=@skerry/source', main];
      const [command, ...words] = [...through, ...node, address, String(ftpPort), file];
      this.#child = spawn(command, words, { stdio: ['ignore', 'pipe', 'inherit'], cwd: root });
      readers.push(this.#child);
      createInterface({ input: this.#child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
        this.reads.push(JSON.parse(line) as Read);
      });
    }
    get served(): number {
      return this.reads.filter(({ text }) => text !== undefined).length;
    }
    /** Refused in a session that was open: not for want of a login. */
    get refusedInSession(): number {
      return this.reads.filter(({ code, inSession }) => inSession && code !== undefined && code !== 0).length;
    }
    get stale(): readonly string[] {
      return this.reads.flatMap(({ beganMs, text }) => {
        const least = moments.findLastIndex((atMs) => atMs < beganMs) + 1;
        return text !== undefined && Number(text) < least ? [`${text} though ${least} was acknowledged before`] : [];
      });
    }
    async stop(): Promise<void> {
      const exited = once(this.#child, 'exit');
      this.#child.kill('SIGKILL');
      await exited;
    }
  }
  async function leaderNow(): Promise<string> {
    let leader = '';
    await waitFor('somebody leads', async () => (leader = await cluster.leader('data')) !== '');
    return leader;
  }
  const others = (host: string): readonly [string, string] => {
    const [a = '', b = ''] = hosts.filter((each) => each !== host);
    return [a, b];
  };
  /** A busy machine may refuse for now; it must not give anything else. */
  async function readsNewest(host: string): Promise<void> {
    let text: string | undefined;
    await waitFor(`a read at ${host}`, async () => {
      const answer = await cluster.get('client', host, file);
      if (answer.kind === 'done') ({ text } = answer);
      return text !== undefined;
    });
    expect([host, text]).toEqual([host, String(acknowledged)]);
  }
  /** Who was cut off is known again a heartbeat after it is heard; `digest` lists those that are known. */
  const allKnown = (): Promise<void> =>
    waitFor('each discovery node knows all fifteen', async () => {
      const members = await cluster.members('discovery');
      return members.every(({ nodes }) => nodes?.length === 5 * hosts.length);
    });
  async function expectWhole(): Promise<void> {
    await cluster.agree();
    await allKnown();
    const rows = await cluster.digest('client');
    expect(rows.map(({ node, answers }) => [node, answers])).toEqual(
      ['data', 'auth'].flatMap((role) => [1, 2, 3].map((number) => [`${role}_${number}`, true])),
    );
    for (const group of ['data', 'auth'])
      expect(
        new Set(rows.filter((row) => row.group === group).map(({ state, content }) => `${state} ${content}`)).size,
      ).toBe(1);
    for (const host of hosts) await readsNewest(host);
  }
  /** What a client hears where nothing can be served: 4xx, or the connection is gone; never the file. */
  const expectRefused = (answer: Answer): void =>
    expect(answer).toEqual({ kind: 'failed', why: expect.stringMatching(/\b4[25]\d\b|^(28|52|56):/) });

  it('they were told no address, and found each other by broadcast', async () => {
    await allKnown();
    await cluster.system('data_2').said(/"by":"broadcast"/);
    await overwrite('one');
    await expectWhole();
  });

  it('the leader’s host is cut off: it refuses and serves nothing stale, the others go on, healed all are equal', async () => {
    const leader = await leaderNow();
    const minority = cluster.hostOf(leader).name;
    const [a, b] = others(minority);
    const reader = new Reader(minority);
    await waitFor('it reads', () => reader.served > 0);
    await network.cut(minority);
    const refused = [cluster.put(minority, minority, file, 'lost'), cluster.get(minority, minority, file)];
    for (let i = 0; i < 3; i++) await overwrite(i % 2 === 0 ? a : b);
    await waitFor('another leads', async () => (await cluster.leader('data', leader)) !== '');
    const before = reader.served;
    await waitFor('it is refused in its session', () => reader.refusedInSession > 0);
    for (const answer of await Promise.all(refused)) expectRefused(answer);
    await overwrite(a);
    expect(reader.served).toBe(before);
    await network.heal(minority);
    await waitFor('the minority serves again', () => reader.served > before);
    await reader.stop();
    expect(reader.stale).toEqual([]);
    await expectWhole();
  });

  it('what the leader’s host sends is lost, and it still hears: another leads, and nothing stale is served', async () => {
    const leader = await leaderNow();
    const mute = cluster.hostOf(leader).name;
    const [a, b] = others(mute);
    const reader = new Reader(mute);
    await waitFor('it reads', () => reader.served > 0);
    for (const other of [a, b]) await network.cutOneWay(mute, other);
    const refused = cluster.get(mute, mute, file);
    await overwrite(a);
    await overwrite(b);
    await waitFor('another leads', async () => (await cluster.leader('data', leader)) !== '');
    expectRefused(await refused);
    for (const other of [a, b]) await network.healOneWay(mute, other);
    const before = reader.served;
    await waitFor('it serves again', () => reader.served > before);
    await reader.stop();
    expect(reader.stale).toEqual([]);
    await expectWhole();
  });

  it('two hosts do not hear each other, and both hear the third: its clients are served all the while', async () => {
    const leader = await leaderNow();
    const apart = cluster.hostOf(leader).name;
    const [other, between] = others(apart);
    const reader = new Reader(other);
    await network.cutBetween(apart, other);
    for (let i = 0; i < 3; i++) await overwrite(between);
    await network.healBetween(apart, other);
    await overwrite(apart);
    await reader.stop();
    expect(reader.stale).toEqual([]);
    await expectWhole();
  });
});
