import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from '@jest/globals';
import { selfSignedCertificate } from '@skerry/runtime-security';
import { eventually } from '@skerry/testing';
import { temporaryDirectory } from '@skerry/testing/node';
import { bench, type Bench, type LineClient } from './fixture.ts';
import { parseOverride } from './passive-hosts.ts';
import { quotaText, quotaWarning } from './quota-warning.ts';

let opened: Bench[] = [];
async function open(...args: Parameters<typeof bench>): Promise<Bench> {
  const made = await bench(...args);
  opened.push(made);
  return made;
}
afterEach(async () => {
  for (const one of opened) await one.close();
  opened = [];
});

describe('addresses for passive clients', () => {
  const advertised = async (flags: Record<string, unknown>, localAddress: string): Promise<string> => {
    const one = await open(flags);
    const client = await one.login({ localAddress });
    const [, host = ''] = /\(((?:\d+,){4})/.exec(await client.ask('PASV', 227)) ?? [];
    return host.replaceAll(',', '.').slice(0, -1);
  };
  const far = '127.0.0.8/29=198.51.100.7,127.0.0.9/32=198.51.100.9';
  const rows: readonly [rule: string, flags: Record<string, unknown>, from: string, host: string][] = [
    ['nothing said: what the client connected to', {}, '127.0.0.2', '127.0.0.1'],
    ['one for all', { passiveHost: '203.0.113.5' }, '127.0.0.2', '203.0.113.5'],
    ['a network of its own', { passiveHost: '203.0.113.5', passiveHostFor: far }, '127.0.0.10', '198.51.100.7'],
    ['the most exact network counts', { passiveHostFor: far }, '127.0.0.9', '198.51.100.9'],
    ['others get the one for all', { passiveHost: '203.0.113.5', passiveHostFor: far }, '127.0.0.2', '203.0.113.5'],
    ['a name is looked up', { passiveHost: 'localhost' }, '127.0.0.2', '127.0.0.1'],
  ];
  it.each(rows)('%s', async (_, flags, from, host) => {
    expect(await advertised(flags, from)).toBe(host);
  });
  it.each([{ passiveHost: '0.0.0.0' }, { passiveHost: '::' }, { passiveHostFor: '10.0.0.0/8=0.0.0.0' }])(
    'what nobody can reach is refused at start: %j',
    async (flags) => {
      await expect(open(flags)).rejects.toMatchObject({ reason: 'malformed' });
    },
  );
  it('a network that is none is refused', () => {
    expect(() => parseOverride('10.0.0.0/40=192.0.2.1')).toThrow(
      'Cannot read --passive-host-for "10.0.0.0/40=192.0.2.1"',
    );
  });
});

describe('certificates', () => {
  const pem = (): Promise<{ certificate: string; privateKey: string }> =>
    selfSignedCertificate({ names: ['localhost'] });
  const secured = async (one: Bench): Promise<LineClient> => {
    const client = await one.connect();
    await client.expect(220);
    await client.ask('AUTH TLS', 234);
    await client.startTls();
    return client;
  };
  const seen = ({ socket }: LineClient): string => (socket as TLSSocket).getPeerX509Certificate()?.toString() ?? '';

  it('a new one serves new sessions, a broken one is told and the old one stays, sessions go on', async () => {
    const folder = temporaryDirectory();
    const [tlsCert, tlsKey] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    const [first, second] = [await pem(), await pem()];
    const put = ({ certificate, privateKey }: typeof first): void => {
      for (const [path, text] of [
        [tlsKey, privateKey],
        [tlsCert, certificate],
      ] as const) {
        writeFileSync(`${path}.new`, text);
        renameSync(`${path}.new`, path);
      }
    };
    put(first);
    const one = await open({ tlsCert, tlsKey, tlsReloadMs: 100 });
    const early = await secured(one);
    expect(seen(early).trim()).toBe(first.certificate.trim());
    writeFileSync(tlsCert, 'no certificate');
    await eventually(() => one.events.some(({ event }) => event === 'tls_certificate_refused'));
    expect(seen(await secured(one)).trim()).toBe(first.certificate.trim());
    put(second);
    await eventually(() => one.events.some(({ event }) => event === 'tls_certificate_reloaded'));
    expect(seen(await secured(one)).trim()).toBe(second.certificate.trim());
    await early.ask('NOOP', 200);
  });
});

describe('logs', () => {
  it('a transfer has its line in the transfer log, a kick in the audit log; SIGHUP opens both anew', async () => {
    const one = await open({ transferLog: 'transfers.log', transferLogFormat: 'json' });
    const { dataDirectory } = one.environment;
    const lines = (name: string): Record<string, unknown>[] =>
      readFileSync(join(dataDirectory, name), 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    const client = await one.login();
    const store = async (name: string): Promise<void> => {
      const data = await client.data();
      await client.ask(`STOR ${name}`, 150);
      data.end('four');
      await client.expect(226);
    };
    await store('a');
    await eventually(() => lines('transfers.log').length === 1);
    renameSync(join(dataDirectory, 'transfers.log'), join(dataDirectory, 'moved'));
    process.emit('SIGHUP');
    await store('b');
    const list = await client.data();
    await client.ask('LIST', 150);
    list.resume();
    await client.expect(226);
    const { sessions } = await one.operator.listSessions({});
    expect(sessions).toMatchObject([{ path: '', bytesPerSecond: 0, dataTls: false }]);
    await one.operator.kickSession({ user: 'ada', clientHost: '127.0.0.1' });
    await client.expect(421);
    await one.service.stop(0);
    expect(lines('moved')).toMatchObject([{ kind: 'store', path: 'a', bytes: 4, complete: true, user: 'ada' }]);
    expect(lines('transfers.log')).toMatchObject([{ kind: 'store', path: 'b', address: '127.0.0.1', tls: false }]);
    expect(lines('audit.jsonl')).toMatchObject([{ event: 'kick', user: 'ada', address: '127.0.0.1', by: 'operator' }]);
  });
  it('a log that cannot be written is an event, and transfers go on', async () => {
    const one = await open({ transferLog: '/dev/null/nowhere.log' });
    const client = await one.login();
    for (const name of ['a', 'b']) {
      const data = await client.data();
      await client.ask(`STOR ${name}`, 150);
      data.end('x');
      await client.expect(226);
    }
    await eventually(() => one.events.some(({ event }) => event === 'log_write_failed'));
  });
});

describe('who is kicked', () => {
  it('by a user, by an address, by both; nobody named is refused', async () => {
    const one = await open();
    const [here, there] = [await one.login(), await one.login({ localAddress: '127.0.0.7' })];
    await expect(one.operator.kickSession({})).rejects.toMatchObject({ reason: 'malformed' });
    expect(await one.operator.kickSession({ user: 'bob' })).toMatchObject({ found: false, ended: 0 });
    expect(await one.operator.kickSession({ user: 'ada', clientHost: '127.0.0.7' })).toMatchObject({
      found: true,
      ended: 1,
    });
    await there.expect(421);
    await here.ask('NOOP', 200);
    expect(await one.operator.kickSession({ clientHost: '127.0.0.1' })).toMatchObject({ found: true, ended: 1 });
    await here.expect(421);
  });
});

describe('quota warning', () => {
  type Committed = Parameters<typeof quotaWarning>[0];
  const none: Committed = {
    entry: undefined,
    usedBytes: undefined,
    quotaBytes: undefined,
    usedFiles: undefined,
    quotaFiles: undefined,
  };
  const rows: readonly [rule: string, committed: Partial<Committed>, text: string | undefined][] = [
    ['no quota, no word', {}, undefined],
    ['below the mark, no word', { usedBytes: 89, quotaBytes: 100, usedFiles: 1 }, undefined],
    ['at the mark', { usedBytes: 90, quotaBytes: 100, usedFiles: 1 }, 'Quota: 90 % used (90 of 100 bytes).'],
    ['files', { usedBytes: 5, usedFiles: 10, quotaFiles: 10 }, 'Quota: 100 % used (10 of 10 files).'],
    [
      'the fuller of both',
      { usedBytes: 91, quotaBytes: 100, usedFiles: 95, quotaFiles: 100 },
      'Quota: 95 % used (95 of 100 files).',
    ],
  ];
  it.each(rows)('%s', (_, committed, text) => {
    const warning = quotaWarning({ ...none, ...committed }, 90);
    expect(warning === undefined ? undefined : quotaText(warning)).toBe(text);
  });
});
