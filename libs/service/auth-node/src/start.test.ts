import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { NodeId } from '@skerry/kernel';
import { auth } from '@skerry/proto';
import { fixedDirectory } from '@skerry/runtime-discovery';
import type { ServiceEnvironment } from '@skerry/runtime-host';
import { nodeWorld } from '@skerry/runtime-node';
import { createRpcNode, InProcessHub, type Client } from '@skerry/runtime-rpc';
import { createRevocationList, createSealer } from '@skerry/runtime-security';
import { createTelemetry } from '@skerry/runtime-telemetry';
import { createWorkerPool } from '@skerry/runtime-workers';
import { temporaryDirectory } from '@skerry/testing/node';
import { config, reasonOf, sealingKey } from './fixture.ts';
import type { AuthService } from './serve.ts';
import { start } from './start.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

type Running = {
  readonly service: AuthService;
  readonly processor: Client<typeof auth.AuthServiceDefinition>;
  readonly operator: Client<typeof auth.AuthServiceDefinition>;
};

/** A real log and store in `dataDirectory`, real hashes, callers of two roles. */
async function startIn(dataDirectory: string, adminPassword: string | undefined): Promise<Running> {
  const world = nodeWorld(dataDirectory);
  const hub = new InProcessHub();
  const node = (name: string, role: string) => {
    const telemetry = createTelemetry({ nodeId: name, role, output: 'silent', processMetrics: false });
    const identity = { cluster: 'test', nodeId: NodeId(name), role, tls: undefined, sealingKey };
    const parts = { world, identity, sealer: createSealer(sealingKey), revocations: createRevocationList(), telemetry };
    const rpc = createRpcNode({ ...parts, hub });
    closers.push(() => rpc.close(0));
    return { ...parts, rpc };
  };
  const workers = createWorkerPool();
  closers.push(() => workers.close());
  const environment = {
    ...node('auth_1', 'auth'),
    dataDirectory,
    directory: fixedDirectory(world, []),
    workers,
    incarnation: 1,
    fatal: (error: Error) => {
      throw error;
    },
  } satisfies ServiceEnvironment;
  const service = await start(config({ adminPassword }), environment);
  closers.push(() => service.stop(0));
  const target = { nodeId: NodeId('auth_1'), address: 'auth_1:0' };
  return {
    service,
    processor: node('processing_1', 'processing').rpc.client(auth.AuthServiceDefinition, target),
    operator: node('op_1', 'operator').rpc.client(auth.AuthServiceDefinition, target),
  };
}
const login = (user: string, password: string): auth.LoginRequest => ({
  user,
  password,
  clientAddress: '::1',
  past: undefined,
  tls: true,
});

describe('an auth node on disk', () => {
  test('keeps users and ended sessions over a restart', async () => {
    const directory = temporaryDirectory();
    const first = await startIn(directory, 'secret');
    await first.operator.addUser({ user: { name: 'ann' }, password: 'pw' });
    const { grant } = await first.processor.login(login('ann', 'pw'));
    const other = await first.processor.login(login('ann', 'pw'));
    const payload = createSealer(sealingKey).open('grant', grant);
    const { sessionId } = auth.Grant.decode(payload);
    await first.operator.revokeSessions({ user: 'ann', sessionId });
    await first.service.stop(0);

    const second = await startIn(directory, undefined);
    expect(second.service.firstAdminPassword).toBeUndefined();
    expect(second.service.status()).toMatchObject({ users: 2, leader: true, term: 2, committed: 5, applied: 5 });
    expect((await second.processor.login(login('admin', 'secret'))).grant.length).toBeGreaterThan(32);
    expect(await reasonOf(second.processor.renewGrant({ grant }))).toBe('token_revoked');
    expect(await reasonOf(second.processor.renewGrant({ grant: other.grant }))).toBe('none');
  });
  test('lets processors check passwords and operators manage users, and neither the other', async () => {
    const { processor, operator } = await startIn(temporaryDirectory(), 'secret');
    expect(await reasonOf(processor.listUsers({}))).toBe('access_denied');
    expect(await reasonOf(processor.exportUsers({}))).toBe('access_denied');
    expect(await reasonOf(operator.login(login('admin', 'secret')))).toBe('access_denied');
    expect((await operator.listUsers({})).users.map(({ name }) => name)).toEqual(['admin']);
  });
  test('changes of accounts and logins stand in the account log, no password in it', async () => {
    const directory = temporaryDirectory();
    const { service, operator, processor } = await startIn(directory, 'secret');
    await operator.addUser({ user: auth.User.fromPartial({ name: 'ann' }), password: 'hidden words' });
    await processor.login({ user: 'ann', password: 'hidden words', clientAddress: '192.0.2.7' });
    await processor.login({ user: 'ann', password: 'not these', clientAddress: '192.0.2.8' }).catch(() => undefined);
    await service.stop(0);
    const text = readFileSync(join(directory, 'accounts.jsonl'), 'utf8');
    expect(text).not.toMatch(/hidden words|not these/);
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(lines).toMatchObject([
      { event: 'first_admin_created' },
      { event: 'user_added', user: 'ann', by: 'op_1' },
      { event: 'login_succeeded', user: 'ann', address: '192.0.2.7' },
      { event: 'login_failed', user: 'ann', address: '192.0.2.8' },
    ]);
  });
});
