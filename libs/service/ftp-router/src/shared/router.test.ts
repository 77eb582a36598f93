/** What a router does with what routers share: over real connections, with the other router's part played by the test. */
import { describe, expect, it } from '@jest/globals';
import { auth, routing } from '@skerry/proto';
import { eventually } from '@skerry/testing';
import { benches, type Bench } from '../fixture.ts';

const open = benches();
const grantOf = (one: Bench, over: Partial<auth.Grant> = {}): Uint8Array => {
  const grant = auth.Grant.fromPartial({ sessionId: 'f'.repeat(32), user: 'ada', issuedAtMs: 1_000, ...over });
  return one.environment.sealer.seal('grant', auth.Grant.encode(grant).finish());
};
function processorOf(one: Bench): Bench['processors'][number] {
  const [processor] = one.processors;
  if (processor === undefined) throw new Error('no processor');
  return processor;
}
/** What routing_2 tells of a row of its own, its n-th. */
const tell = (one: Bench, name: string, key: string, value: Uint8Array, sequence = 1): Promise<unknown> => {
  const version = { router: 'routing_2', incarnation: 1, sequence, beat: sequence, quietMs: 0 };
  const rows = [{ key, value, sequence, ageMs: 0 }];
  const tables = [{ name, versions: [version], deltas: [{ version, from: sequence - 1, rows }] }];
  return one.caller('routing').exchange({ tables });
};

describe('a login that is over', () => {
  it('ends its session with 421, a transfer too, and no later one of the user', async () => {
    const one = await open();
    processorOf(one).grant = grantOf(one);
    const [idle, busy] = [await one.login(), await one.login()];
    const data = await busy.data();
    await busy.ask('STOR a', 150);
    data.write('x');
    processorOf(one).grant = grantOf(one, { issuedAtMs: 2_000 });
    const later = await one.login();
    const request = { user: 'ada', beganUntilMs: 1_500, loginId: '' };
    expect(await one.caller('auth').endLogins(request)).toEqual({ ended: 2 });
    await idle.expect(421);
    await busy.expect(421);
    await later.ask('NOOP', 200);
    expect(one.data.files.has('a')).toBe(false);
    await eventually(() => one.events.filter(({ event }) => event === 'login_ended').length === 2);
  });
  it('is heard of from another router', async () => {
    const one = await open();
    processorOf(one).grant = grantOf(one);
    const client = await one.login();
    await tell(one, 'logins', 'e ada', routing.EndedLogins.encode({ beganUntilMs: 1_000 }).finish());
    await client.expect(421);
  });
  it('a command under way ends first', async () => {
    const one = await open();
    const processor = processorOf(one);
    processor.grant = grantOf(one);
    const client = await one.login();
    let go: () => void = () => undefined;
    const underWay = new Promise<void>((began) => {
      processor.before = (line) => {
        if (line !== 'NOOP') return;
        began();
        return new Promise((resolve) => (go = resolve));
      };
    });
    client.send('NOOP');
    await underWay;
    await one.caller('auth').endLogins({ user: 'ada', beganUntilMs: 1_000, loginId: '' });
    go();
    await client.expect(200);
    await client.expect(421);
  });
  it('of an account whose time is over ends by itself', async () => {
    const one = await open();
    processorOf(one).grant = grantOf(one, { userExpiresAtMs: Date.now() + 300 });
    const client = await one.login();
    await client.expect(421);
    expect(one.events.find(({ event }) => event === 'login_ended')).toMatchObject({ why: 'account_expired' });
  });
});

describe('failed logins', () => {
  it('are counted, added to what others counted, and told with the next password only', async () => {
    const one = await open();
    const processor = processorOf(one);
    processor.refuses = (line) => line === 'PASS wrong';
    const client = await one.connect();
    await client.expect(220);
    for (const password of ['wrong', 'wrong', 'right']) {
      await client.ask('USER ada', 331);
      await client.ask(`PASS ${password}`, password === 'right' ? 230 : 530);
      await tell(one, 'failures', 'a 127.0.0.1', routing.FailureCount.encode({ count: 40 }).finish());
    }
    const told = processor.executed.filter(({ line }) => line.startsWith('PASS')).map(({ loginPast }) => loginPast);
    expect(told.map((past) => [past?.pair?.count, past?.address?.count])).toEqual([
      [undefined, undefined],
      [1, 41],
      [2, 42],
    ]);
    await client.ask('NOOP', 200);
    expect(processor.executed.at(-1)?.loginPast).toBeUndefined();
    await client.ask('USER ada', 331);
    await client.ask('PASS right', 230);
    expect(processor.executed.at(-1)?.loginPast).toMatchObject({ pair: undefined, address: { count: 42 } });
  });
  it('an operator has them forgotten', async () => {
    const one = await open();
    processorOf(one).refuses = (line) => line.startsWith('PASS');
    const client = await one.connect();
    await client.expect(220);
    await client.ask('USER ada', 331);
    await client.ask('PASS wrong', 530);
    expect(await one.operator.forgetFailures({ user: 'ada' })).toEqual({ forgotten: 2 });
    expect(await one.operator.forgetFailures({ user: 'ada' })).toEqual({ forgotten: 0 });
    await expect(one.operator.forgetFailures({})).rejects.toMatchObject({ reason: 'malformed' });
  });
});

describe('sessions of other routers', () => {
  it('are listed and shown by SITE WHO, with the router that has them', async () => {
    const one = await open();
    const client = await one.login();
    const session = routing.SessionSummary.fromPartial({ user: 'bob', clientAddress: '192.0.2.9:77', command: 'LIST' });
    await tell(one, 'sessions', 's2', routing.SessionSummary.encode(session).finish());
    const { sessions } = await one.operator.listSessions({ everywhere: true });
    expect(sessions).toMatchObject([
      { user: 'ada', router: 'routing_1' },
      { user: 'bob', router: 'routing_2', sessionId: 's2' },
    ]);
    expect((await one.operator.listSessions({})).sessions).toHaveLength(1);
    const who = await client.ask('SITE', 200);
    expect(who).toMatch(/ada from 127\.0\.0\.1:\d+ at routing_1/);
    expect(who).toMatch(/bob from 192\.0\.2\.9:77 at routing_2/);
    expect(one.service.status()).toMatchObject({ shared: { routers: 1 } });
  });
});

it('only routers tell routers, and only auth ends logins', async () => {
  const one = await open();
  const denied = { reason: 'access_denied' };
  for (const role of ['operator', 'processing', 'data', 'auth'])
    await expect(one.caller(role).exchange({})).rejects.toMatchObject(denied);
  for (const role of ['operator', 'processing', 'routing'])
    await expect(one.caller(role).endLogins({ user: 'ada', beganUntilMs: 9 })).rejects.toMatchObject(denied);
  await expect(one.caller('processing').forgetFailures({ user: 'ada' })).rejects.toMatchObject(denied);
});

describe('sessions of one address', () => {
  it('are limited over all routers', async () => {
    const one = await open({ ftpSessionsPerAddressMax: 3 });
    const counted = (count: number): Uint8Array => routing.AddressSessions.encode({ count }).finish();
    await tell(one, 'addresses', '127.0.0.1', counted(2));
    const client = await one.connect();
    await client.expect(220);
    expect((await (await one.connect()).ending())[0]).toMatch(/^421 Too many sessions from your address/);
    await tell(one, 'addresses', '127.0.0.1', counted(1), 2);
    await (await one.connect()).expect(220);
  });
});
