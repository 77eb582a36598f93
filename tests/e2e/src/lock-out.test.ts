/** Failed logins are counted by all routers together: what one knew is known after it, and after the auth node (F15). */
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { Cluster } from './cluster-fixture.ts';
import { RawFtp } from './raw-ftp-fixture.ts';
import { adminPassword, removeFolder, temporaryFolder, until } from './system.ts';

jest.setTimeout(90_000);
/** Of failures of a user at an address; the next try is refused for a minute (docs/ftp-security.md). */
const lockCount = 10;
/** After a start, under a machine that runs all tests. */
const againMs = 30_000;

const data = temporaryFolder('lock-out');
let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start(data, 'routing=2,discovery=1,auth=1,data=1,processing=1');
}, 120_000);
afterAll(async () => {
  await cluster.stop();
  removeFolder(data);
}, 60_000);

/** The code of the reply to the password. */
async function tried(router: string, user: string, password: string): Promise<number> {
  const raw = await RawFtp.connect({ ftp: cluster.ftpOf(router) });
  await raw.ask(`USER ${user}`);
  const code = await raw.code(`PASS ${password}`);
  raw.socket.destroy();
  return code;
}

async function hears(router: string, other: string): Promise<boolean> {
  const raw = await RawFtp.connect({ ftp: cluster.ftpOf(router) });
  try {
    await raw.ask('USER admin');
    if ((await raw.code(`PASS ${adminPassword}`)) !== 230) return false;
    return (await raw.ask('SITE WHO')).lines.join('\n').includes(`at ${other},`);
  } finally {
    raw.socket.destroy();
  }
}

it('a user who is locked out is so at every router, also after the auth node that counted is gone, until forgiven', async () => {
  await cluster.done('user', 'add', 'dan', '--password', 'pw');
  for (let tries = 0; tries < lockCount; tries++)
    expect(await tried(tries % 2 === 0 ? 'routing_1' : 'routing_2', 'dan', 'wrong')).toBe(530);
  // Each router saw half of the failures.
  expect([await tried('routing_1', 'dan', 'pw'), await tried('routing_2', 'dan', 'pw')]).toEqual([530, 530]);
  // It begins to count anew; the routers remember.
  await cluster.done('cluster', 'kill', 'auth_1');
  await cluster.done('cluster', 'start', 'auth_1');
  await until('others can log in', async () => (await tried('routing_2', 'admin', adminPassword)) === 230, againMs);
  expect(await tried('routing_2', 'dan', 'pw')).toBe(530);
  // And a router that starts again learns it from the other.
  await cluster.done('cluster', 'kill', 'routing_1');
  await cluster.done('cluster', 'kill', 'auth_1');
  await Promise.all([cluster.done('cluster', 'start', 'routing_1'), cluster.done('cluster', 'start', 'auth_1')]);
  await until('others can log in', async () => (await tried('routing_2', 'admin', adminPassword)) === 230, againMs);
  const far = await RawFtp.login({ ftp: cluster.ftpOf('routing_2') }, 'admin', adminPassword);
  // A session of the other is seen: it has told what it knows.
  await until('the new router has heard of the other', () => hears('routing_1', 'routing_2'), againMs);
  far.socket.destroy();
  expect(await tried('routing_1', 'dan', 'pw')).toBe(530);
  await cluster.done('user', 'unlock', 'dan');
  expect([await tried('routing_1', 'dan', 'pw'), await tried('routing_2', 'dan', 'pw')]).toEqual([230, 230]);
});
