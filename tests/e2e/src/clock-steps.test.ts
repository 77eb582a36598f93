/** The wall clock of a machine is put forward and back while it works. */
import { afterAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SteppedClock, steppedClockMissing } from './stepped-clock.ts';
import { removeFolder, System, temporaryFolder, until } from './system.ts';
import { WireClient } from './wire-client.ts';

if (steppedClockMissing !== undefined) process.stderr.write(`clock steps not tried: ${steppedClockMissing}\n`);

const folder = temporaryFolder('clock');
afterAll(() => removeFolder(folder));

type Cluster = { readonly nodes: readonly { readonly role: string; readonly grpc: string }[] };

const dayMs = 86_400_000;
/** In the order of their making, by which each steps from the one before it. */
const days = [1, -1, 0, 400, -400, 0];

(steppedClockMissing === undefined ? describe : describe.skip)('a clock that steps', () => {
  it('ends no session, no upload, and takes no time back', async () => {
    const clock = new SteppedClock(join(folder, 'embedded'));
    const system = await System.start(
      ['up', '--ftp-port', '0', '--passive-ports', '0-0'],
      join(folder, 'data'),
      clock.environment,
    );
    const client = await WireClient.login(system.ftp);
    const idle = await WireClient.login(system.ftp);
    const content = randomBytes(300_000);
    const times: string[] = [];
    for (const [i, day] of days.entries()) {
      const socket = await client.data();
      await client.ask(`STOR /during-${i}`, 150);
      socket.write(content.subarray(0, 200_000));
      clock.set(day);
      socket.end(content.subarray(200_000));
      await client.expect(226);
      expect(await client.store(`/after-${i}`, content)).toEqual([150, 226]);
      for (const path of [`/during-${i}`, `/after-${i}`]) {
        times.push((await client.ask(`MDTM ${path}`, 213)).slice(4));
        expect((await client.retrieve(path)).equals(content)).toBe(true);
      }
      const fresh = await WireClient.login(system.ftp);
      await fresh.ask('QUIT', 221);
    }
    expect(times).toEqual(times.toSorted());
    // The clock did step, and the log remembers how far it has been.
    expect(new Date(Date.now() + 399 * dayMs).toISOString().replaceAll(/\D/g, '') < (times.at(-1) ?? '')).toBe(true);
    // It slept through 2,400 days there and back, far beyond its idle time-out and the life of a login.
    await idle.ask('MKD /still-here', 257);
    client.destroy();
    idle.destroy();
    expect(await system.stop()).toBe(0);
  }, 60_000);

  it('on one node alone costs that node its work, no client a command, and passes', async () => {
    const data = join(folder, 'cluster');
    const system = await System.cluster(data);
    const clock = new SteppedClock(join(folder, 'alone'));
    const { nodes } = JSON.parse(readFileSync(join(data, 'cluster.json'), 'utf8')) as Cluster;
    const door = nodes.find(({ role }) => role === 'discovery')?.grpc ?? '';
    const args = ['node', 'processing', '--id', 'processing_9', '--join', door];
    const alone = await System.start(args, data, clock.environment);
    const linesServed = async (): Promise<number> => {
      const metrics = await (await fetch(`${alone.ready.endpoints['metrics']}/metrics`)).text();
      const counts = metrics.split('\n').filter((line) => line.startsWith('skerry_ftp_lines_total{'));
      return counts.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
    };
    const client = await WireClient.login(system.ftp);
    let made = 0;
    const makeOne = (): Promise<string> => client.ask(`MKD /${(made += 1)}`, 257);
    const itServes = (than: number) => async (): Promise<boolean> => {
      await makeOne();
      return (await linesServed()) > than;
    };
    await until('the node gets its share', itServes(0));
    const losses = (): number => alone.stderr.split('discovery_lost').length;
    for (const day of [1, -1]) {
      const before = losses();
      clock.set(day);
      for (let n = 0; n < 20; n++) await makeOne();
      expect(await client.store(`/file${day}`, Buffer.from('x'))).toEqual([150, 226]);
      await until('the others do not know it any more', () => losses() > before);
      const served = await linesServed();
      clock.set(0);
      await until('the node gets its share again', itServes(served));
    }
    client.destroy();
    expect(await alone.stop()).toBe(0);
    expect(await system.stop()).toBe(0);
  }, 90_000);
});
