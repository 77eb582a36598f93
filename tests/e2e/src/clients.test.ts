import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ftpClients, type Door } from './ftp-clients.ts';
import { adminPassword, removeFolder, System, temporaryFolder } from './system.ts';
import { hashTree, makeTree } from './tree.ts';

const folder = temporaryFolder('clients');
const tree = join(folder, 'tree');
makeTree(tree);
const wanted = hashTree(tree);
afterAll(() => removeFolder(folder));

const systems: [name: string, start: (data: string) => Promise<System>][] = [
  ['the embedded system', (data) => System.embedded(data)],
  ['five processes', (data) => System.cluster(data)],
];

describe.each(systems)('against %s', (name, start) => {
  let system: System;
  const door = (tls: boolean): Door => ({ ...system.ftp, user: 'admin', password: adminPassword, tls });
  beforeAll(async () => {
    system = await start(join(folder, name.replaceAll(' ', '-')));
    // For the client that only downloads.
    const lftp = ftpClients.find((client) => client.name === 'lftp');
    await lftp?.upload?.(door(false), tree, '/seed');
  }, 60_000);
  afterAll(async () => {
    expect(await system.stop()).toBe(0);
  }, 60_000);

  const rows = ftpClients.flatMap((client) => (client.tls ? [false, true] : [false]).map((tls) => ({ client, tls })));
  for (const { client, tls } of rows) {
    const how = `${client.name}${tls ? ' under TLS' : ''}`;
    it(`${how}: a tree goes up and comes down, the same to the byte`, async () => {
      const remote = client.upload === undefined ? '/seed' : `/${client.name}-${tls ? 'tls' : 'plain'}`;
      await client.upload?.(door(tls), tree, remote);
      const local = join(folder, `${name}-${how}`.replaceAll(' ', '-'));
      mkdirSync(local, { recursive: true });
      await client.download(door(tls), remote, local);
      expect(hashTree(local)).toEqual(wanted);
    }, 120_000);
  }
});
