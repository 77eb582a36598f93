import { afterEach, describe, expect, it } from '@jest/globals';
import { Client } from 'basic-ftp';
import { randomBytes } from 'node:crypto';
import { Readable, Writable } from 'node:stream';
import { bench, type Bench } from './fixture.ts';

let one: Bench;
let client: Client;
afterEach(async () => {
  client.close();
  await one.close();
});
async function fetched(name: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  const into = new Writable({
    write(part: Buffer, _encoding, done) {
      parts.push(part);
      done();
    },
  });
  await client.downloadTo(into, name);
  return Buffer.concat(parts);
}

describe('basic-ftp', () => {
  it.each([
    { secure: false, tlsSessionReuse: false },
    // It resumes the control connection's session for data, with TLS 1.3: so that can be required of it.
    { secure: true, tlsSessionReuse: true },
  ])('uploads, lists and downloads (TLS: $secure)', async ({ secure, tlsSessionReuse }) => {
    one = await bench({ tlsSessionReuse });
    client = new Client();
    const secureOptions = { rejectUnauthorized: false };
    await client.access({ host: '127.0.0.1', port: one.port, user: 'ada', password: 'secret', secure, secureOptions });
    const contents = [randomBytes(0), randomBytes(100), randomBytes(1_500_000)];
    for (const [i, content] of contents.entries()) await client.uploadFrom(Readable.from([content]), `file${i}`);
    expect((await client.list()).map(({ name, size }) => ({ name, size }))).toEqual([
      { name: 'file0', size: 0 },
      { name: 'file1', size: 100 },
      { name: 'file2', size: 1_500_000 },
    ]);
    for (const [i, content] of contents.entries()) expect(content.equals(await fetched(`file${i}`))).toBe(true);
    await expect(client.downloadTo(new Writable(), 'missing')).rejects.toThrow('550');
  });
});
