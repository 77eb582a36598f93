/**
 * Three routers, each a process of its own, and what they share (F13): who is connected, and who was logged out. Failed
 * logins: `lock-out`.
 */
import { once } from 'node:events';
import { connect as connectTo, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Cluster } from './cluster-fixture.ts';
import { credentialsOf, operatorCertificate, Tool } from './grpc-fixture.ts';
import { RawFtp } from './raw-ftp-fixture.ts';
import { adminPassword, removeFolder, temporaryFolder, until } from './system.ts';

jest.setTimeout(60_000);
/** What routers and discovery nodes tell each other must be there by then; a machine that runs all tests is slow. */
const secondsMs = 10_000;

/** Sessions of one address at once, over all routers. */
const perAddress = 8;

const data = temporaryFolder('routers');
const routers = ['routing_1', 'routing_2', 'routing_3'] as const;
type Router = (typeof routers)[number];
let cluster: Cluster;
const open: RawFtp[] = [];

beforeAll(async () => {
  cluster = await Cluster.start(data, 'routing=3,discovery=1,auth=1,data=1,processing=1', {
    SKERRY_FTP_SESSIONS_PER_ADDRESS_MAX: String(perAddress),
  });
  const add = (name: string, ...more: readonly string[]): Promise<string> =>
    cluster.done('user', 'add', name, '--password', 'pw', ...more);
  await Promise.all([add('ann'), add('bob'), add('cid', '--sessions-max', '2')]);
}, 120_000);
afterAll(async () => {
  for (const { socket } of open) socket.destroy();
  await cluster.stop();
  removeFolder(data);
}, 60_000);

async function connect(router: Router): Promise<RawFtp> {
  const raw = await RawFtp.connect({ ftp: cluster.ftpOf(router) });
  open.push(raw);
  return raw;
}
/** The reply to the password, and the session. */
async function tryLogin(router: Router, user: string, password = 'pw'): Promise<readonly [number, RawFtp]> {
  const raw = await connect(router);
  await raw.ask(`USER ${user}`);
  return [await raw.code(`PASS ${password}`), raw];
}
async function login(router: Router, user: string, password = 'pw'): Promise<RawFtp> {
  const [code, raw] = await tryLogin(router, user, password);
  expect(code).toBe(230);
  return raw;
}
const leave = async (...sessions: readonly RawFtp[]): Promise<void> => {
  for (const session of sessions) await session.code('QUIT');
};
type Shown = { readonly router: string; readonly user: string; readonly sessionId: string };
const listed = async (): Promise<readonly Shown[]> =>
  JSON.parse(await cluster.done('sessions', 'list', '--json')) as readonly Shown[];
const who = async (session: RawFtp): Promise<string> => (await session.ask('SITE WHO')).lines.join('\n');

describe('sessions', () => {
  it('of all routers are seen at each, and end from anywhere', async () => {
    const [admin, far, farther] = await Promise.all([
      login('routing_1', 'admin', adminPassword),
      login('routing_2', 'ann'),
      login('routing_3', 'bob'),
    ]);
    await until(
      'WHO at one router shows those of the others',
      async () => {
        const text = await who(admin);
        return /ann from \S+ at routing_2,/.test(text) && /bob from \S+ at routing_3,/.test(text);
      },
      secondsMs,
    );
    expect(await who(admin)).toMatch(/admin from \S+ at routing_1,.*3 in all/s);
    const sessions = await listed();
    expect(sessions.map(({ router, user }) => `${router} ${user}`).toSorted()).toEqual([
      'routing_1 admin',
      'routing_2 ann',
      'routing_3 bob',
    ]);
    const { sessionId = '' } = sessions.find(({ user }) => user === 'ann') ?? {};
    await cluster.done('sessions', 'kick', sessionId);
    expect((await far.reply()).code).toBe(421);
    // By one router that passes it on: what an operator can do who reaches no other.
    const tool = new Tool(cluster.node('routing_1').grpc, { credentials: credentialsOf(operatorCertificate(data)) });
    const request = { user: 'bob', everywhere: true };
    const { value } = await tool.call('skerry.routing.v1.RoutingService', 'KickSession', request);
    expect(value).toMatchObject({ found: true, ended: 1, unreached: [] });
    tool.close();
    expect((await farther.reply()).code).toBe(421);
    await until('WHO shows them no more', async () => (await who(admin)).includes('1 in all'), secondsMs);
    await leave(admin);
  });

  it('of one user are no more than its limit, over all routers', async () => {
    const sessions = [await login('routing_1', 'cid'), await login('routing_2', 'cid')];
    expect((await tryLogin('routing_3', 'cid'))[0]).toBe(421);
    await leave(...sessions.slice(0, 1));
    sessions.push(await login('routing_3', 'cid'));
    await leave(...sessions.slice(1));
  });

  it('of one address are no more than its limit, over all routers', async () => {
    const greeted = async (router: Router): Promise<readonly [string, Socket]> => {
      // An address that no other test comes from.
      const socket = connectTo({ ...cluster.ftpOf(router), localAddress: '127.0.0.2' });
      const [text] = (await once(socket, 'data')) as [Buffer];
      return [text.toString().slice(0, 3), socket];
    };
    const sockets: Socket[] = [];
    const enters = async (router: Router): Promise<boolean> => {
      const [code, socket] = await greeted(router);
      if (code === '220') sockets.push(socket);
      else socket.destroy();
      return code === '220';
    };
    try {
      for (let i = 0; i < perAddress; i++) expect(await enters(routers[i % 2] ?? 'routing_1')).toBe(true);
      // It has none of its own; what it hears is a tenth of a second late.
      await until('the third router refuses the address', async () => !(await enters('routing_3')), secondsMs);
      await (await connect('routing_3')).ask('QUIT');
      for (const socket of sockets.splice(0)) socket.destroy();
      await until('it is let in again', () => enters('routing_3'), secondsMs);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  });

  it('of a router that is cut off vanish for the others, and come back', async () => {
    const [admin, lone] = [await login('routing_1', 'admin', adminPassword), await login('routing_3', 'bob')];
    const shows = (text: RegExp): Promise<void> =>
      until(`WHO has ${String(text)}`, async () => text.test(await who(admin)), 2 * secondsMs);
    await shows(/at routing_3/);
    await cluster.done('cluster', 'isolate', 'routing_3');
    await shows(/1 in all/);
    await cluster.done('cluster', 'heal');
    await shows(/bob from \S+ at routing_3/);
    await leave(admin, lone);
  });
});

describe('a user who is logged out', () => {
  it('is out at all routers at once, from a transfer too, and may come again', async () => {
    const [idle, busy, other] = await Promise.all([
      login('routing_1', 'ann'),
      login('routing_2', 'ann'),
      login('routing_3', 'bob'),
    ]);
    await busy.code('TYPE I');
    const upload = await busy.data();
    expect(await busy.code('STOR half')).toBe(150);
    upload.write('x'.repeat(1_000));
    const beganMs = performance.now();
    await cluster.done('user', 'logout', 'ann');
    expect((await idle.reply()).code).toBe(421);
    expect((await busy.reply()).code).toBe(421);
    expect(performance.now() - beganMs).toBeLessThan(secondsMs);
    expect(await other.code('NOOP')).toBe(200);
    const again = await login('routing_1', 'ann');
    expect(await again.code('SIZE half')).toBe(550);
    await leave(again, other);
  });
  type Deed = readonly [what: string, words: readonly string[]];
  const deeds: readonly Deed[] = [
    ['has a new password', ['user', 'passwd', 'ann', '--password', 'new']],
    ['is removed', ['user', 'remove', 'ann']],
  ];
  it('is so who has a new password, or is removed', async () => {
    let password = 'pw';
    for (const [what, words] of deeds) {
      const sessions = [await login('routing_1', 'ann', password), await login('routing_3', 'ann', password)];
      await cluster.done(...words);
      const codes = await Promise.all(sessions.map(async (session) => (await session.reply()).code));
      expect({ what, codes }).toEqual({ what, codes: [421, 421] });
      password = 'new';
    }
  });
});
