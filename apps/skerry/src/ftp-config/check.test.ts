import { beforeAll, describe, expect, test } from '@jest/globals';
import { selfSignedCertificate } from '@skerry/runtime-security';
import { checkTls } from './check-tls.ts';
import {
  checkAddresses,
  checkFolders,
  checkPorts,
  checkWebhooks,
  Findings,
  readAll,
  type Machine,
  type Problem,
} from './check.ts';
import { nearest, parseSource } from './source.ts';

const files = new Map<string, string>([['secret', 'a secret of many letters']]);
const machine: Machine = {
  addresses: ['127.0.0.1', '10.1.2.3', '::1'],
  nowMs: Date.now(),
  resolve: async (name) => (name === 'ftp.example.org' ? '198.51.100.7' : undefined),
  read: async (path) => {
    const text = files.get(path);
    if (text === undefined) throw new Error(`no file ${path}`);
    return text;
  },
  isOpenToAll: async (path) => path === 'open.key',
  unwritable: async (folder) => (folder === '/locked' ? 'it is locked' : undefined),
};
beforeAll(async () => {
  const [own, other] = [
    await selfSignedCertificate({ names: ['localhost'] }),
    await selfSignedCertificate({ names: ['localhost'] }),
  ];
  files.set('cert', own.certificate).set('key', own.privateKey).set('open.key', own.privateKey);
  files.set('other.key', other.privateKey).set('bad', 'no PEM');
});

async function problemsOf(text: string, over: Partial<Machine> = {}): Promise<readonly Problem[]> {
  const source = parseSource(text, 'f.json');
  const findings = new Findings(source);
  const config = readAll(source, {}, findings);
  const here = { ...machine, ...over };
  checkPorts(config, findings);
  await checkAddresses(config, here, findings);
  await checkTls(config, here, findings);
  await checkFolders(config, here, findings);
  await checkWebhooks(config, here, findings);
  return findings.problems;
}
/** What every row has, so that it shows its own problem alone. */
const sound = { tlsCert: 'cert', tlsKey: 'key', passivePorts: '30000-30999' };
const rows: readonly [rule: string, config: object, level: Problem['level'] | 'none', message: RegExp][] = [
  ['a sound configuration has no problem', {}, 'none', /$/],
  [
    'an unknown key, with the nearest',
    { pasiveHost: '1.2.3.4' },
    'error',
    /no setting "pasiveHost": did you mean "passiveHost"/,
  ],
  ['one of another role', { ftpBackendDeadlineMs: 2_000 }, 'error', /belongs to the role processing/],
  ['a value out of its range', { ftpPort: 70_000 }, 'error', /ftpPort must be an integer in \[0, 65535\]: got 70000/],
  ['ports backwards', { passivePorts: '30100-30000' }, 'error', /FIRST-LAST within/],
  ['the control port among them', { passivePorts: '2000-2999' }, 'error', /hold the control port 2121/],
  [
    'fewer ports than sessions',
    { passivePorts: '30000-30001' },
    'warning',
    /are 2, but one client address may have 100/,
  ],
  ['privileged ports', { passivePorts: '500-1500' }, 'warning', /need privileges/],
  ['ports that Linux takes itself', { passivePorts: '40000-40999' }, 'warning', /ip_local_reserved_ports/],
  ['a passive host that nobody reaches', { passiveHost: '0.0.0.0' }, 'error', /clients can reach/],
  ['a private one', { passiveHost: '192.168.1.1' }, 'warning', /is private/],
  ['one that is not known', { passiveHost: 'nowhere.example' }, 'error', /can be looked up/],
  ['a public name', { passiveHost: 'ftp.example.org' }, 'none', /$/],
  ['IPv6 for PASV', { passiveHost: '2001:db8::1' }, 'warning', /PASV can name IPv4 only/],
  ['a network that is none', { passiveHostFor: ['10.0.0.0/99=1.2.3.4'] }, 'error', /Cannot read network/],
  ['everywhere behind NAT', { ftpHost: '0.0.0.0' }, 'warning', /only private addresses/],
  ['a door on another machine', { ftpHost: '10.9.9.9' }, 'error', /no address of this machine/],
  ['half of a certificate', { tlsKey: undefined }, 'error', /give both or none/],
  ['no certificate', { tlsCert: undefined, tlsKey: undefined }, 'warning', /self-made/],
  ['a key of another certificate', { tlsKey: 'other.key' }, 'error', /is not the key of the certificate/],
  ['a key that all can read', { tlsKey: 'open.key' }, 'warning', /chmod 600/],
  ['a certificate that is none', { tlsCert: 'bad' }, 'error', /tlsCert "bad" cannot be read/],
  ['uploads that may be cut short unseen', { tlsCloseNotify: 'optional' }, 'warning', /cut an upload short unseen/],
  ['a word that it does not know', { tlsCloseNotify: 'no' }, 'error', /must be one of|required/],
  ['a folder that cannot be written', { data: '/locked' }, 'error', /it is locked/],
  ['a log that cannot', { transferLog: '/locked/x.log' }, 'error', /transferLog "\/locked\/x.log"/],
  ['webhooks in clear', { webhook: ['http://example.org/'], webhookSecretFile: 'secret' }, 'warning', /plain http/],
  ['webhooks without a signature', { webhook: ['https://example.org/'] }, 'warning', /not signed/],
  ['no secret there', { webhookSecretFile: 'missing' }, 'error', /cannot be read: no file missing/],
];
describe('what is wrong', () => {
  test.each(rows)('%s', async (_, config, level, message) => {
    const problems = await problemsOf(JSON.stringify({ ...sound, ...config }));
    if (level === 'none') return expect(problems).toEqual([]);
    expect(problems).toMatchObject([{ level, message: expect.stringMatching(message) }]);
  });
  test.each([
    ['an expired certificate', 3_000, 'error', /expired on/],
    ['one that ends soon', -5, 'warning', /expires on .* in \d+ days/],
  ] as const)('%s', async (_, daysPastEnd, level, message) => {
    const { X509Certificate } = await import('node:crypto');
    const end = Date.parse(new X509Certificate(files.get('cert') ?? '').validTo);
    const problems = await problemsOf(JSON.stringify(sound), { nowMs: end + daysPastEnd * 86_400_000 });
    expect(problems).toMatchObject([{ level, message: expect.stringMatching(message) }]);
  });
  test('each problem has the line of its key, and a key that stands twice is one', async () => {
    const values = ['"tlsCert": "cert"', '"tlsKey": "key"', '"passivePorts": "30000-30999"', '"x": { "tlsKey": 1 }'];
    const text = `{\n${[...values, '"tlsKey": "key"'].join(',\n')}\n}`;
    expect(await problemsOf(text)).toMatchObject([
      { line: 5, message: expect.stringContaining('no setting "x"') },
      { line: 6, message: expect.stringContaining('"tlsKey" stands there twice') },
    ]);
  });
  test.each([
    ['{\n "a": 1,\n "b" 2\n}', /line 3: no JSON/],
    ['[]', /must be an object/],
    ['{', /line 1: no JSON/],
  ])('%j is no configuration', (text, message) => {
    expect(() => parseSource(text, 'f.json')).toThrow(message);
  });
  test('a name that is near none has no proposal', () => {
    expect(nearest('zzzzzzzz', ['ftpPort', 'passiveHost'])).toBeUndefined();
    expect(nearest('FtpPrt', ['ftpPort', 'passiveHost'])).toBe('ftpPort');
  });
});
