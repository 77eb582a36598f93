import { beforeEach, describe, expect, test } from '@jest/globals';
import { chmod, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NodeId } from '@skerry/kernel';
import {
  describeCertificate,
  initAuthority,
  issueCertificate,
  saveIdentity,
  type Authority,
} from '@skerry/runtime-security';
import { createTelemetry, type TelemetryEvent } from '@skerry/runtime-telemetry';
import { temporaryDirectory } from '@skerry/testing/node';
import { takeIdentity, type IdentityRequest } from './node-identity.ts';

const dayMs = 86_400_000;
const telemetry = createTelemetry({ nodeId: 'data_1', role: 'data', output: 'silent', processMetrics: false });
let events: TelemetryEvent[];
let request: IdentityRequest;
telemetry.listen((event) => events.push(event));
beforeEach(() => {
  events = [];
  const dataDirectory = temporaryDirectory();
  request = {
    nodeId: NodeId('data_1'),
    role: 'data',
    dataDirectory,
    nodeFolder: join(dataDirectory, 'data_1'),
    hosts: ['127.0.0.1'],
    tls: true,
    founder: true,
    nowMs: Date.now(),
  };
});
const take = (over: Partial<IdentityRequest> = {}) => takeIdentity({ ...request, ...over }, telemetry);
const names = (): string[] => events.map(({ event }) => event);
/** An identity that was carried to the node's folder, as `skerry certs issue` does. */
async function carry(authority: Authority, over: Partial<IdentityRequest> = {}): Promise<void> {
  const { nodeId, role, hosts, nowMs } = { ...request, ...over };
  const tls = await issueCertificate(authority, { nodeId, role, hosts }, nowMs);
  const { cluster, sealingKey } = authority;
  await saveIdentity(join(request.nodeFolder, 'identity'), { cluster, nodeId, role, tls, sealingKey });
}

describe('the first node of a cluster', () => {
  test('founds it, and keeps its certificate', async () => {
    const first = await take();
    expect(names()).toEqual(['certificate_issued']);
    expect(describeCertificate(first.tls?.certificate ?? '')).toMatchObject({ commonName: 'data_1', role: 'data' });
    expect(await take({ founder: false })).toEqual(first);
    expect(names()).toEqual(['certificate_issued']);
  });
  test('without TLS has the keys all the same, and no certificate', async () => {
    const identity = await take({ tls: false });
    expect(identity.tls).toBeUndefined();
    expect(identity.sealingKey).toHaveLength(32);
    expect((await take()).sealingKey).toEqual(identity.sealingKey);
  });
  test('that brought its identity founds nothing', async () => {
    const elsewhere = await initAuthority(join(temporaryDirectory(), 'ca'));
    await carry(elsewhere);
    expect((await take()).cluster).toBe(elsewhere.cluster);
    await expect(readFile(join(request.dataDirectory, 'ca', 'ca.crt'))).rejects.toThrow(/ENOENT/);
  });
});

describe('a further node', () => {
  test.each([true, false])('with neither identity nor authority cannot start (TLS %p)', async (tls) => {
    await expect(take({ founder: false, tls })).rejects.toThrow(/no identity in .* and no authority in .*certs issue/);
  });
  test('goes on with its own certificate where the authority is not', async () => {
    await carry(await initAuthority(join(temporaryDirectory(), 'ca')));
    await take({ founder: false });
    expect(events).toEqual([]);
  });
  test('whose identity is of another node cannot start', async () => {
    await carry(await initAuthority(join(temporaryDirectory(), 'ca')), { nodeId: NodeId('data_2') });
    await expect(take({ founder: false })).rejects.toThrow(/must be of data node "data_1": is of data node "data_2"/);
  });
});

describe('a certificate', () => {
  test.each([
    ['ends soon', { nowMs: Date.now() + 340 * dayMs }, /it ends 20/],
    ['does not name the host', { hosts: ['127.0.0.1', 'new.example'] }, /did not name "new\.example"/],
  ])('that %s is made anew where the authority is, else it goes on with a warning', async (_, over, fault) => {
    const before = await take();
    const renewed = await take(over);
    expect(renewed.tls?.certificate).not.toBe(before.tls?.certificate);
    expect(events.at(-1)?.message).toMatch(fault);

    events = [];
    const authority = await initAuthority(join(temporaryDirectory(), 'ca'));
    request = { ...request, nodeFolder: temporaryDirectory(), dataDirectory: temporaryDirectory() };
    await carry(authority);
    const kept = await take({ ...over, founder: false });
    expect(kept.cluster).toBe(authority.cluster);
    expect(events).toMatchObject([{ event: 'certificate_weak', level: 'warn' }]);
  });
  test('of another authority is made anew', async () => {
    await carry(await initAuthority(join(temporaryDirectory(), 'ca')));
    const ours = await initAuthority(join(request.dataDirectory, 'ca'));
    expect((await take()).cluster).toBe(ours.cluster);
  });
  test('whose key others can read is told of', async () => {
    await take();
    await chmod(join(request.nodeFolder, 'identity', 'node.key'), 0o644);
    await chmod(join(request.dataDirectory, 'ca', 'ca.key'), 0o644);
    await take();
    expect(names()).toEqual(['certificate_issued', 'key_file_exposed', 'key_file_exposed']);
  });
});
