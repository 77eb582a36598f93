import { describe, expect, test } from '@jest/globals';
import { selfSignedCertificate } from '@skerry/runtime-security';
import { eventually } from '@skerry/testing';
import { temporaryDirectory } from '@skerry/testing/node';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { connectClient, python } from '../driver.fixture.ts';
import { openNode } from '../node.fixture.ts';

const one = 'SELECT release_version FROM system.local';

/** The handshake's outcome. */
async function secured(port: number, options: ConnectionOptions = {}): Promise<{ protocol: string; pem: string }> {
  const socket = await new Promise<TLSSocket>((resolve, reject) => {
    const made: TLSSocket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options }, () =>
      resolve(made),
    );
    made.once('error', reject);
  });
  const raw = socket.getPeerCertificate().raw.toString('base64');
  const seen = { protocol: socket.getProtocol() ?? '', pem: raw };
  socket.destroy();
  return seen;
}
const bodyOf = (pem: string): string =>
  (/-----BEGIN CERTIFICATE-----([\s\S]*?)-----END/.exec(pem)?.[1] ?? '').replaceAll(/\s/g, '');

describe('TLS of the CQL door', () => {
  test('required: the node driver gets in with the certificate that was made and kept, and not without TLS', async () => {
    const node = await openNode({ cqlTls: 'required' });
    const ca = readFileSync(join(node.folder, 'cql-tls.pem'), 'utf8');
    const client = await connectClient(node.port, {
      sslOptions: { ca: [ca], host: 'localhost', rejectUnauthorized: true },
    });
    expect((await client.execute(one)).first().get('release_version')).toMatch(/^5\./);
    expect((await client.execute('SELECT ssl_enabled FROM system_views.clients')).first().get('ssl_enabled')).toBe(
      true,
    );
    await expect(connectClient(node.port)).rejects.toThrow();
    await node.stop();
    const again = await openNode({ cqlTls: 'required' }, node.folder);
    expect((await secured(again.port)).pem).toBe(bodyOf(ca));
  });
  test('optional: with and without', async () => {
    const node = await openNode({ cqlTls: 'optional' });
    for (const sslOptions of [undefined, { rejectUnauthorized: false }]) {
      const client = await connectClient(node.port, sslOptions === undefined ? {} : { sslOptions });
      expect((await client.execute(one)).rowLength).toBe(1);
    }
  });
  test("Python's driver, every version of the protocol", async () => {
    const node = await openNode({ cqlTls: 'required' });
    const program = `
import ssl, sys
from cassandra.cluster import Cluster
context = ssl.create_default_context(cafile=sys.argv[2])
for version in (3, 4, 5):
    cluster = Cluster(['127.0.0.1'], port=int(sys.argv[1]), protocol_version=version, ssl_context=context, ssl_options={'server_hostname': 'localhost'})
    session = cluster.connect()
    print(version, session.execute("${one}").one().release_version)
    cluster.shutdown()`;
    const printed = await python(program, String(node.port), join(node.folder, 'cql-tls.pem'));
    expect(printed).toMatch(/^3 5\..*\n4 5\..*\n5 5\..*\n$/);
  });
  test('TLS 1.2 and 1.3, nothing older', async () => {
    const { port } = await openNode({ cqlTls: 'required' });
    const only = (version: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'): ConnectionOptions => ({
      minVersion: version,
      maxVersion: version,
      ciphers: 'DEFAULT@SECLEVEL=0',
    });
    expect((await secured(port, only('TLSv1.2'))).protocol).toBe('TLSv1.2');
    expect((await secured(port, only('TLSv1.3'))).protocol).toBe('TLSv1.3');
    await expect(secured(port, only('TLSv1.1'))).rejects.toThrow();
  });
  test('a given certificate, exchanged while clients work; a broken one leaves the one before', async () => {
    const folder = temporaryDirectory();
    const [cqlTlsCert, cqlTlsKey] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    const make = (): ReturnType<typeof selfSignedCertificate> => selfSignedCertificate({ names: ['localhost'] });
    const [first, second] = [await make(), await make()];
    const put = ({ certificate, privateKey }: typeof first): void => {
      writeFileSync(cqlTlsCert, certificate);
      writeFileSync(cqlTlsKey, privateKey);
    };
    put(first);
    const node = await openNode({ cqlTls: 'required', cqlTlsCert, cqlTlsKey, cqlTlsReloadMs: 100 });
    const client = await connectClient(node.port, { sslOptions: { rejectUnauthorized: false } });
    expect((await secured(node.port)).pem).toBe(bodyOf(first.certificate));
    writeFileSync(cqlTlsCert, 'no certificate');
    await eventually(() => node.events.some(({ event }) => event === 'tls_certificate_refused'));
    expect((await secured(node.port)).pem).toBe(bodyOf(first.certificate));
    put(second);
    await eventually(() => node.events.some(({ event }) => event === 'tls_certificate_reloaded'));
    expect((await secured(node.port)).pem).toBe(bodyOf(second.certificate));
    expect((await client.execute(one)).rowLength).toBe(1);
    expect(existsSync(join(node.folder, 'cql-tls.pem'))).toBe(false);
  });
  test.each([
    ['one of the two', { cqlTlsCert: 'cert.pem' }, '--cql-tls-cert and --cql-tls-key'],
    [
      'a file that is not there',
      { cqlTlsCert: '/nowhere/cert.pem', cqlTlsKey: '/nowhere/key.pem' },
      '/nowhere/cert.pem',
    ],
  ])('%s: refused in one line', async (_, flags, message) => {
    await expect(openNode({ cqlTls: 'required', ...flags })).rejects.toThrow(message);
  });
});
