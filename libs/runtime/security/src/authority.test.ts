import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer } from 'node:tls';
import { NodeId } from '@skerry/kernel';
import {
  describeCertificate,
  initAuthority,
  issueCertificate,
  loadAuthority,
  loadOperator,
  openAuthority,
  selfSignedCertificate,
  type Authority,
} from './authority.ts';
import { loadIdentity, saveIdentity } from './identity.ts';
import { exposedKeyFiles } from './secret-files.ts';
import type { Identity, TlsMaterial } from './types.ts';

let root: string;
let ca: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'skerry-security-'));
  ca = join(root, 'deep', 'ca');
});
afterEach(() => rm(root, { recursive: true }));

const nodeId = NodeId('data_1');
const issue = (authority: Authority, role = 'data', hosts: string[] = []): Promise<TlsMaterial> =>
  issueCertificate(authority, { nodeId, role, hosts });
const identityOf = async (authority: Authority): Promise<Identity> => ({
  cluster: authority.cluster,
  nodeId,
  role: 'data',
  tls: await issue(authority),
  sealingKey: authority.sealingKey,
});

/** The role that the server sees in the client's certificate; throws what either side says when they do not agree. */
async function handshake(server: TlsMaterial, client: TlsMaterial, host = 'localhost'): Promise<string> {
  const door = createServer({
    ca: server.caCertificate,
    cert: server.certificate,
    key: server.privateKey,
    requestCert: true,
    // So that the test sees why; a door refuses whoever is not authorised.
    rejectUnauthorized: false,
    minVersion: 'TLSv1.3',
  });
  door.on('tlsClientError', () => undefined);
  door.on('secureConnection', (socket) => {
    socket.on('error', () => undefined);
    if (!socket.authorized) return socket.end(`refused: ${String(socket.authorizationError)}`);
    return socket.end(describeCertificate(socket.getPeerX509Certificate()?.toString() ?? '').role);
  });
  await once(door.listen(0, '127.0.0.1'), 'listening');
  const { port } = door.address() as AddressInfo;
  const { caCertificate, certificate, privateKey } = client;
  const socket = connect({
    port,
    host: '127.0.0.1',
    servername: host,
    ca: caCertificate,
    cert: certificate,
    key: privateKey,
  });
  try {
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    if (text.startsWith('refused')) throw new Error(text);
    return text;
  } finally {
    socket.destroy();
    door.close();
  }
}

describe('the authority', () => {
  test('its files are there together, for the owner alone', async () => {
    await initAuthority(ca);
    expect((await stat(ca)).mode & 0o777).toBe(0o700);
    const names = (await readdir(ca)).toSorted();
    expect(names).toEqual(['ca.crt', 'ca.key', 'cluster.json', 'operator.crt', 'operator.key', 'sealing.key']);
    for (const name of names) expect((await stat(join(ca, name))).mode & 0o777).toBe(0o600);
    expect(await readdir(join(root, 'deep'))).toEqual(['ca']);
  });
  test('is never overwritten', async () => {
    const first = await initAuthority(ca);
    await expect(initAuthority(ca)).rejects.toMatchObject({ reason: 'entry_exists' });
    expect(await loadAuthority(ca)).toEqual(first);
    expect(await readdir(join(root, 'deep'))).toEqual(['ca']);
  });
  test('several that start at once agree on one', async () => {
    const opened = await Promise.all(Array.from({ length: 4 }, () => openAuthority(ca)));
    expect(new Set(opened.map(({ cluster }) => cluster)).size).toBe(1);
  });
  test('is not there where nobody made one', async () => {
    expect(await loadAuthority(ca)).toBeUndefined();
    expect(await loadOperator(ca)).toBeUndefined();
  });
  test('signs for ten years, and none below it may sign', async () => {
    const { certificate } = await initAuthority(ca, Date.UTC(2030, 0, 1));
    const parsed = new X509Certificate(certificate);
    expect(parsed.ca).toBe(true);
    expect(parsed.verify(parsed.publicKey)).toBe(true);
    expect(new Date(describeCertificate(certificate).notAfterMs).getUTCFullYear()).toBe(2039);
  });
  test.each([
    ['newer format', 'cluster.json', '{"format":2}', 'format_newer'],
    ['no cluster', 'cluster.json', '{"format":1}', 'corrupt'],
    ['no JSON', 'cluster.json', '{', 'corrupt'],
    ['short key', 'sealing.key', 'abcd', 'corrupt'],
    ['huge key', 'sealing.key', 'a'.repeat(100_000), 'corrupt'],
  ])('%s is refused, and left as it is', async (_, name, text, reason) => {
    await initAuthority(ca);
    await writeFile(join(ca, name), text);
    await expect(openAuthority(ca)).rejects.toMatchObject({ reason });
    expect(await readFile(join(ca, name), 'utf8')).toBe(text);
  });
  test('a file that is missing is named', async () => {
    await initAuthority(ca);
    await rm(join(ca, 'ca.key'));
    await expect(openAuthority(ca)).rejects.toThrow(/ca\.key.*missing/);
  });
  test('a key that others can read is told', async () => {
    await initAuthority(ca);
    expect(await exposedKeyFiles(ca)).toEqual([]);
    await chmod(join(ca, 'ca.key'), 0o640);
    expect(await exposedKeyFiles(ca)).toEqual([join(ca, 'ca.key')]);
  });
});

describe('a certificate', () => {
  test('says who its node is, and where', async () => {
    const authority = await initAuthority(ca);
    const { certificate, caCertificate } = await issue(authority, 'data', ['data.example', '10.0.0.7', 'fe80::1']);
    const facts = describeCertificate(certificate);
    expect(facts).toMatchObject({ commonName: 'data_1', role: 'data', cluster: authority.cluster });
    expect(facts.names).toContain('data_1');
    expect(facts.names).toContain('localhost');
    const parsed = new X509Certificate(certificate);
    for (const ip of ['127.0.0.1', '10.0.0.7', 'fe80::1']) expect(parsed.checkIP(ip)).toBeDefined();
    expect(parsed.checkHost('data.example')).toBe('data.example');
    expect(parsed.checkIssued(new X509Certificate(caCertificate))).toBe(true);
    expect(parsed.ca).toBe(false);
    expect(parsed.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
  });
  test('serial numbers are of their own', async () => {
    const authority = await initAuthority(ca);
    const serials = await Promise.all(
      Array.from({ length: 5 }, async () => new X509Certificate((await issue(authority)).certificate).serialNumber),
    );
    expect(new Set(serials).size).toBe(5);
    for (const serial of serials) expect(serial).toHaveLength(32);
  });
  test.each([
    ['a role with a comma', 'data,CN=x', []],
    ['no role', '', []],
    ['a host with a space', 'data', ['a b']],
    ['an empty host', 'data', ['']],
    ['a host with a line', 'data', ['a\nb']],
    ['too many hosts', 'data', Array.from({ length: 100 }, (_, i) => `h${i}`)],
  ])('%s is refused', async (_, role, hosts) => {
    const authority = await initAuthority(ca);
    await expect(issue(authority, role, hosts)).rejects.toMatchObject({ reason: 'malformed' });
  });
  test('made by oneself verifies by itself and serves its names', async () => {
    const { certificate, privateKey } = await selfSignedCertificate({ names: ['ftp.example', '127.0.0.1'] });
    const parsed = new X509Certificate(certificate);
    expect(parsed.verify(parsed.publicKey)).toBe(true);
    expect(parsed.checkHost('ftp.example')).toBe('ftp.example');
    expect(privateKey).toMatch(/^-----BEGIN PRIVATE KEY-----/);
  });
  test('what is no certificate is told so', () => {
    expect(() => describeCertificate('hello')).toThrow(/PEM/);
  });
});

describe('mutual TLS', () => {
  test('nodes of one cluster trust each other, by node id and by localhost', async () => {
    const authority = await initAuthority(ca);
    const [server, client] = [await issue(authority), await issue(authority, 'routing')];
    expect(await handshake(server, client)).toBe('routing');
    expect(await handshake(server, client, 'data_1')).toBe('routing');
  });
  test('the operator is known by role', async () => {
    const authority = await initAuthority(ca);
    const operator = await loadOperator(ca);
    expect(await handshake(await issue(authority), operator?.tls ?? (await issue(authority)))).toBe('operator');
  });
  test('a client of another cluster is refused', async () => {
    const [ours, theirs] = [await initAuthority(ca), await initAuthority(join(root, 'other'))];
    const stranger = { ...(await issue(theirs)), caCertificate: ours.certificate };
    await expect(handshake(await issue(ours), stranger)).rejects.toThrow(/refused: (UNABLE_TO|SELF_SIGNED|DEPTH)/);
  });
  test('a server of another cluster is refused', async () => {
    const [ours, theirs] = [await initAuthority(ca), await initAuthority(join(root, 'other'))];
    await expect(handshake(await issue(theirs), await issue(ours))).rejects.toThrow(/self-signed|signature|verify/);
  });
  test('a server under a name that its certificate has not is refused', async () => {
    const authority = await initAuthority(ca);
    await expect(handshake(await issue(authority), await issue(authority), 'data_2')).rejects.toThrow(/altnames/);
  });
  test('a certificate that ran out is refused', async () => {
    const authority = await initAuthority(ca);
    const old = await issueCertificate(authority, { nodeId, role: 'data', hosts: [] }, Date.now() - 400 * 86_400_000);
    await expect(handshake(await issue(authority), old)).rejects.toThrow('refused: CERT_HAS_EXPIRED');
  });
});

describe('an identity', () => {
  test('comes back as it was saved', async () => {
    const identity = await identityOf(await initAuthority(ca));
    const folder = join(root, 'data_1', 'identity');
    expect(await loadIdentity(folder)).toBeUndefined();
    await saveIdentity(folder, identity);
    expect(await loadIdentity(folder)).toEqual(identity);
    expect((await stat(join(folder, 'node.key'))).mode & 0o777).toBe(0o600);
  });
  test('is overwritten only when told, and nothing stays behind', async () => {
    const authority = await initAuthority(ca);
    const [first, second] = [await identityOf(authority), await identityOf(authority)];
    const folder = join(root, 'identity');
    await saveIdentity(folder, first);
    await expect(saveIdentity(folder, second)).rejects.toMatchObject({ reason: 'entry_exists' });
    expect(await loadIdentity(folder)).toEqual(first);
    await saveIdentity(folder, second, true);
    expect(await loadIdentity(folder)).toEqual(second);
    expect((await readdir(root)).toSorted()).toEqual(['deep', 'identity']);
  });
  test('whose certificate is of another node is refused', async () => {
    const identity = await identityOf(await initAuthority(ca));
    const folder = join(root, 'identity');
    await saveIdentity(folder, { ...identity, nodeId: NodeId('data_2') });
    await expect(loadIdentity(folder)).rejects.toThrow(/must be of data "data_2": is of data "data_1"/);
  });
  test('without a certificate is not saved', async () => {
    const identity = await identityOf(await initAuthority(ca));
    const saved = saveIdentity(join(root, 'identity'), { ...identity, tls: undefined });
    await expect(saved).rejects.toMatchObject({ reason: 'malformed' });
  });
});
