/** A tool that knows nothing of Skerry lists, describes and calls every role's services. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { admin, auth, copies, data, discovery, health, processing, raft, routing } from '@skerry/proto';
import {
  authorityOf,
  credentialsOf,
  doorsOf,
  operatorCertificate,
  plaintext,
  sealToken,
  status,
  Tool,
  type Answer,
  type Door,
} from './grpc-fixture.ts';
import { removeFolder, System, temporaryFolder } from './system.ts';

const folder = temporaryFolder('reflection');
afterAll(() => removeFolder(folder));

const definitions = {
  discovery: discovery.DiscoveryServiceDefinition,
  auth: auth.AuthServiceDefinition,
  data: data.DataServiceDefinition,
  processing: processing.ProcessingServiceDefinition,
  routing: routing.RoutingServiceDefinition,
};
type Role = keyof typeof definitions;
const roles = Object.keys(definitions) as Role[];
const adminService = admin.AdminServiceDefinition;
const healthService = health.HealthDefinition;
/** Of the roles whose state is replicated. */
const raftService = raft.RaftServiceDefinition;
const replicated: readonly string[] = ['data', 'auth'];
/** Between data nodes. */
const copyService = copies.CopyServiceDefinition;
const common = [
  'grpc.health.v1.Health',
  'grpc.reflection.v1.ServerReflection',
  'grpc.reflection.v1alpha.ServerReflection',
  'skerry.admin.v1.AdminService',
];
const isReplicated = (door: Pick<Door, 'role'>): boolean => rolesBehind(door).some((role) => replicated.includes(role));
const rolesBehind = (door: Pick<Door, 'role'>): readonly Role[] => (door.role === 'all' ? roles : [door.role as Role]);
const methodNames = (definition: { readonly methods: object }): string[] =>
  Object.values(definition.methods as Record<string, { name: string }>).map(({ name }) => name);

/** One call for each role, and what an operator is answered. */
const calls: Record<Role, (tool: Tool) => Promise<void>> = {
  async discovery(tool) {
    const { code, value } = await tool.call(definitions.discovery.fullName, 'RequestService', { role: 'data' });
    expect({ code, value }).toMatchObject({ code: 0, value: { nodes: [{ node_id: 'data_1', role: 'data' }] } });
  },
  async auth(tool) {
    const { code, value } = await tool.call(definitions.auth.fullName, 'ListUsers');
    expect({ code, value }).toMatchObject({ code: 0, value: { users: [{ name: 'admin', administrator: true }] } });
  },
  async data(tool) {
    const { code, value } = await tool.call(definitions.data.fullName, 'GetUsage', { user: 'admin' });
    expect({ code, value }).toMatchObject({ code: 0, value: { bytes: 0, files: 0 } });
  },
  async processing(tool) {
    const answer = await tool.call(definitions.processing.fullName, 'Execute', { line: Buffer.from('NOOP') });
    expect(answer).toMatchObject({ code: status.PERMISSION_DENIED, reason: 'access_denied' });
    expect(answer.details).toContain('routing');
  },
  async routing(tool) {
    const { code, value } = await tool.call(definitions.routing.fullName, 'ListSessions');
    expect({ code, value }).toEqual({ code: 0, value: { sessions: [] } });
  },
};

const systems: [name: string, start: (path: string) => Promise<System>, tls: boolean][] = [
  ['the embedded system, mutual TLS', (path) => System.embedded(path), true],
  ['five processes, mutual TLS', (path) => System.cluster(path), true],
  ['the embedded system, plaintext', (path) => System.embedded(path, '--insecure'), false],
  ['five processes, plaintext', (path) => System.cluster(path, '--insecure'), false],
];

describe.each(systems)('%s', (name, start, tls) => {
  let system: System;
  let doors: readonly (Door & { readonly tool: Tool })[];
  beforeAll(async () => {
    system = await start(join(folder, name.replaceAll(/\W+/g, '-')));
    const { sealingKey } = await authorityOf(system.data);
    // Without TLS there is no certificate: an operator's tool shows a token, or is a stranger.
    const proof = tls
      ? { credentials: credentialsOf(operatorCertificate(system.data)) }
      : { credentials: plaintext(), token: sealToken(sealingKey, { nodeId: 'operator', role: 'operator' }) };
    doors = doorsOf(system).map((door) => ({ ...door, tool: new Tool(door.grpc, proof) }));
    expect([...new Set(doors.flatMap(rolesBehind))].toSorted()).toEqual(roles.toSorted());
  }, 30_000);
  afterAll(async () => {
    for (const { tool } of doors) tool.close();
    expect(await system.stop()).toBe(0);
  }, 30_000);

  it.each(['v1', 'v1alpha'] as const)('reflection %s lists the services of each door', async (version) => {
    for (const door of doors) {
      const own: string[] = rolesBehind(door).map((role) => definitions[role].fullName);
      if (isReplicated(door)) own.push(raftService.fullName);
      if (door.role === 'data') own.push(copyService.fullName);
      // The embedded system's door has them all.
      if (rolesBehind(door).length > 1) own.push('skerry.cassandra.v1.CassandraService');
      expect(await door.tool.list(version)).toEqual([...common, ...own].toSorted());
    }
  });
  it.each(['v1', 'v1alpha'] as const)('reflection %s describes each service with all its methods', async (version) => {
    for (const door of doors)
      for (const definition of [
        adminService,
        healthService,
        ...rolesBehind(door).map((role) => definitions[role]),
        ...(isReplicated(door) ? [raftService] : []),
        ...(door.role === 'data' ? [copyService] : []),
      ])
        expect(await door.tool.methodsOf(version, definition.fullName)).toEqual(methodNames(definition));
  });
  it('a message and a method are described too; what is not there is not found', async () => {
    for (const { tool } of doors) {
      const found = await tool.describe('v1', 'skerry.admin.v1.GetStatusResponse');
      expect(Object.keys(found)).toContain('skerry.admin.v1.AdminService');
      expect(await tool.describe('v1', 'skerry.admin.v1.AdminService.Drain')).toBeDefined();
      await expect(tool.describe('v1', 'skerry.admin.v1.Nothing')).rejects.toThrow(/"errorCode":5/);
    }
  });
  it.each(roles)('an operator calls the %s role', async (role) => {
    const served = doors.filter((door) => rolesBehind(door).includes(role));
    expect(served).toHaveLength(1);
    for (const { tool } of served) await calls[role](tool);
  });
  it('every node answers admin and health', async () => {
    for (const door of doors) {
      const { name: nodeId, tool } = door;
      const told = await tool.call(adminService.fullName, 'GetStatus');
      expect(told).toMatchObject({ code: 0, value: { node_id: nodeId, ready: true } });
      expect(JSON.parse(String(told.value['status_json']))).toMatchObject({ node: nodeId, ready: true });
      const services = rolesBehind(door).map((role) => definitions[role].fullName);
      for (const service of ['', ...services]) {
        const { code, value } = await tool.call(healthService.fullName, 'Check', { service });
        expect({ code, value }).toEqual({ code: 0, value: { status: 'SERVING' } });
      }
      expect(await tool.call(healthService.fullName, 'Check', { service: 'skerry.nothing.v1.Service' })).toMatchObject({
        code: status.NOT_FOUND,
      });
    }
  });
  if (!tls)
    it('without a token a stranger sees health and shapes, and calls nothing', async () => {
      for (const door of doors) {
        const stranger = new Tool(door.grpc, { credentials: plaintext() });
        expect(await stranger.list('v1')).toEqual(await door.tool.list('v1'));
        expect(await stranger.call(healthService.fullName, 'Check')).toMatchObject({ code: 0 });
        const answers: Answer[] = [await stranger.call(adminService.fullName, 'GetStatus')];
        for (const role of rolesBehind(door)) {
          const { fullName, methods } = definitions[role];
          const unary = Object.values(methods).find(
            ({ requestStream, responseStream }) => !requestStream && !responseStream,
          );
          answers.push(await stranger.call(fullName, unary?.name ?? ''));
        }
        stranger.close();
        expect(answers.map(({ code }) => code)).toEqual(answers.map(() => status.UNAUTHENTICATED));
      }
    });
});
