/** What the router does for a processor beside transfers: checksums, SITE WHO, SITE IDLE. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@skerry/testing';
import { bench, type Bench } from './fixture.ts';

let opened: Bench[] = [];
async function open(): Promise<Bench> {
  const made = await bench();
  opened.push(made);
  return made;
}
afterEach(async () => {
  for (const one of opened) await one.close();
  opened = [];
});

describe('a checksum', () => {
  it('is asked of the data node, and answered in its turn', async () => {
    const one = await open();
    const client = await one.login();
    one.data.files.set('file', Buffer.alloc(5));
    client.send('HASH file', 'NOOP', 'HASH nowhere');
    expect(await client.expect(213)).toBe('213  0-4 05 file');
    await client.expect(200);
    await client.expect(550);
    expect(one.data.ended).toEqual([{ path: 'file', outcome: 'committed' }]);
  });
  it('ends when its client leaves', async () => {
    const one = await open();
    const client = await one.login();
    one.data.files.set('file', Buffer.alloc(5));
    let begun = false;
    let left = (): void => undefined;
    one.data.before = () => {
      begun = true;
      return new Promise<void>((resolve) => (left = resolve));
    };
    client.send('HASH file');
    await eventually(() => begun);
    client.destroy();
    await eventually(async () => (await one.operator.listSessions({})).sessions.length === 0);
    left();
    await eventually(() => one.data.ended.length === 1);
    expect(one.data.ended).toEqual([{ path: 'file', outcome: 'lost' }]);
  });
});

it('SITE WHO: the sessions of one user, or all', async () => {
  const one = await open();
  const [client] = [await one.login(), await one.login()];
  expect(await client.ask('SITE', 200)).toContain('2 in all');
  expect(await client.ask('SITE nobody', 200)).toContain('0 in all');
});

it('SITE IDLE: a shorter idle time counts at once', async () => {
  const one = await open();
  const client = await one.login();
  await client.ask('IDLE 200', 200);
  expect(await client.ending()).toEqual(['421 Idle for too long.']);
});
