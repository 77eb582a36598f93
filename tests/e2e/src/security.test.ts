/** Who is kept out of a running system, and what its logs do not say. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { Client } from 'basic-ftp';
import type { Authority, TlsMaterial } from '@skerry/runtime-security';
import {
  authorityOf,
  certificateFor,
  credentialsOf,
  doorsOf,
  operatorCertificate,
  plaintext,
  sealToken,
  status,
  Tool,
  tryDataNode,
  withoutCertificate,
  type Door,
  type Proof,
  type TokenClaims,
} from './grpc-fixture.ts';
import { filesBelow, oddPasswordEnd, passwords, spellings, useWithPasswords } from './secrets-fixture.ts';
import { adminPassword, removeFolder, skerry, System, temporaryFolder } from './system.ts';

const authService = 'skerry.auth.v1.AuthService';
const dataService = 'skerry.data.v1.DataService';
const discoveryService = 'skerry.discovery.v1.DiscoveryService';
const processingService = 'skerry.processing.v1.ProcessingService';
const routingService = 'skerry.routing.v1.RoutingService';
const adminService = 'skerry.admin.v1.AdminService';

const folder = temporaryFolder('security');
const tools: Tool[] = [];
const tool = (address: string, proof: Proof, options = {}): Tool => {
  const made = new Tool(address, proof, options);
  tools.push(made);
  return made;
};
const systems: System[] = [];
const kept = (system: System): System => {
  systems.push(system);
  return system;
};
let embedded: System;
let cluster: System;
let embeddedLog = '';
let authority: Authority;
let stranger: Authority;
let gateway: Door;
let doors: ReadonlyMap<string, Door>;
const doorOf = (role: string): Door => {
  const door = doors.get(role);
  if (door === undefined) throw new Error(`no ${role} node among ${[...doors.keys()].join(', ')}`);
  return door;
};
const logOf = (role: string): string => readFileSync(doorOf(role).log, 'utf8');

beforeAll(async () => {
  [embedded, cluster] = await Promise.all([
    System.embedded(join(folder, 'embedded'), '--log-level', 'trace').then((system) => {
      embeddedLog = system.stderr;
      // It keeps no more than that: what was said until now must be here in full.
      expect(embeddedLog.length).toBeLessThan(20_000);
      system.child.stderr?.on('data', (text: string) => (embeddedLog += text));
      return kept(system);
    }),
    System.start(['cluster', 'up', 'ftp', '--replicas', '1'], join(folder, 'cluster'), {
      SKERRY_FTP_PORT: '0',
      SKERRY_PASSIVE_PORTS: '0-0',
      SKERRY_LOG_LEVEL: 'trace',
    }).then(kept),
    skerry(['certs', 'init', '--data', join(folder, 'stranger')]).then((ran) =>
      expect(ran).toMatchObject({ code: 0, stderr: '' }),
    ),
  ]);
  authority = await authorityOf(cluster.data);
  stranger = await authorityOf(join(folder, 'stranger'));
  [gateway] = doorsOf(embedded) as [Door];
  doors = new Map(doorsOf(cluster).map((door) => [door.role, door]));
}, 40_000);
afterAll(async () => {
  for (const one of tools) one.close();
  await Promise.all(systems.map((system) => system.stop()));
  removeFolder(folder);
}, 40_000);

/** Node of the cluster: its certificate, and the token that it would seal. */
async function nodeTool(role: string, at: Door, claims: Partial<TokenClaims> = {}): Promise<Tool> {
  const certificate = await certificateFor(authority, `${role}_1`, role);
  const token = sealToken(authority.sealingKey, { nodeId: `${role}_1`, role, ...claims });
  return tool(at.grpc, { credentials: credentialsOf(certificate), token });
}

describe('the gRPC doors', () => {
  /** The shape of a call, asked as an operator: who is kept out cannot ask. */
  async function tryCall(data: string, address: string, proof: Proof): Promise<number> {
    const operator = tool(address, { credentials: credentialsOf(operatorCertificate(data)) });
    const definition = (await operator.describe('v1', adminService))[adminService];
    const one = tool(address, proof);
    const { code } = await one.callDescribed(definition as never, adminService, 'GetStatus', {});
    return code;
  }
  const proofs: [name: string, wanted: number, make: (own: TlsMaterial) => Promise<Proof>][] = [
    ['the operator is let in', status.OK, async (own) => ({ credentials: credentialsOf(own) })],
    [
      "an operator's certificate of another authority is refused",
      status.UNAVAILABLE,
      async ({ caCertificate }) => {
        const other = await certificateFor(stranger, 'operator', 'operator');
        return { credentials: credentialsOf({ ...other, caCertificate }) };
      },
    ],
    [
      'no certificate is refused',
      status.UNAVAILABLE,
      async ({ caCertificate }) => ({ credentials: withoutCertificate(caCertificate) }),
    ],
    ['plaintext is refused', status.UNAVAILABLE, async () => ({ credentials: plaintext() })],
  ];
  it.each(proofs)('%s, at every door', async (_name, wanted, make) => {
    for (const system of [embedded, cluster]) {
      const proof = await make(operatorCertificate(system.data));
      for (const { grpc } of doorsOf(system)) expect(await tryCall(system.data, grpc, proof)).toBe(wanted);
    }
  });
});

describe('roles', () => {
  const may: [role: string, at: string, service: string, method: string, request: object][] = [
    ['processing', 'data', dataService, 'GetUsage', { user: 'admin' }],
    ['routing', 'discovery', discoveryService, 'RequestService', { role: 'data' }],
    ['auth', 'routing', routingService, 'ListSessions', {}],
  ];
  it.each(may)('%s may call %s: %s/%s', async (role, at, service, method, request) => {
    const answer = await (await nodeTool(role, doorOf(at))).call(service, method, request);
    expect(answer).toMatchObject({ code: 0 });
  });
  const mayNot: [role: string, at: string, service: string, method: string, request: object][] = [
    ['data', 'auth', authService, 'ListUsers', {}],
    ['processing', 'auth', authService, 'AddUser', { user: { name: 'mallory', administrator: true } }],
    ['routing', 'auth', authService, 'Login', { user: 'admin', password: adminPassword }],
    ['routing', 'data', dataService, 'RemoveFile', {}],
    ['data', 'processing', processingService, 'Execute', {}],
    ['data', 'discovery', discoveryService, 'Revoke', {}],
    ['processing', 'routing', routingService, 'KickSession', {}],
    ['auth', 'data', adminService, 'Drain', {}],
    ['discovery', 'routing', adminService, 'SetLogLevel', { level: 'fatal' }],
  ];
  it.each(mayNot)('%s may not call %s: %s/%s', async (role, at, service, method, request) => {
    const answer = await (await nodeTool(role, doorOf(at))).call(service, method, request);
    expect(answer).toMatchObject({ code: status.PERMISSION_DENIED, reason: 'access_denied' });
  });
  it("a node's certificate opens nothing with a token for another role or another node", async () => {
    for (const claims of [
      { role: 'operator' },
      { role: 'auth' },
      { nodeId: 'auth_1', role: 'auth' },
      { nodeId: 'operator', role: 'operator' },
      { nodeId: 'data_2' },
    ]) {
      const answer = await (await nodeTool('data', doorOf('auth'), claims)).call(authService, 'ListUsers');
      expect(answer).toMatchObject({ code: status.UNAUTHENTICATED, reason: 'token_invalid' });
    }
  });
  it('a node registers only as itself', async () => {
    const forger = await nodeTool('data', doorOf('discovery'));
    for (const node of [
      { node_id: 'data_1', role: 'auth' },
      { node_id: 'auth_1', role: 'auth' },
      { node_id: 'auth_1', role: 'data' },
    ]) {
      const record = { ...node, address: '127.0.0.1:1', incarnation: 9e15 };
      const answer = await forger.call(discoveryService, 'Register', { node: record });
      expect(answer).toMatchObject({ code: status.PERMISSION_DENIED, reason: 'access_denied' });
    }
  });
  it("the embedded system's door answers no node, whatever its role", async () => {
    const own = await authorityOf(embedded.data);
    for (const role of ['discovery', 'auth', 'data', 'processing', 'routing']) {
      const token = sealToken(own.sealingKey, { nodeId: `${role}_1`, role });
      const credentials = credentialsOf(await certificateFor(own, `${role}_1`, role));
      const node = tool(gateway.grpc, { credentials, token });
      for (const [service, method] of [
        [authService, 'Login'],
        [dataService, 'GetUsage'],
        [processingService, 'Execute'],
        [discoveryService, 'RequestService'],
      ] as const)
        expect(await node.call(service, method)).toMatchObject({ code: status.PERMISSION_DENIED });
    }
  });
});

describe('service tokens', () => {
  const call = async (token: Uint8Array | undefined): Promise<{ code: number; reason: string }> => {
    const certificate = await certificateFor(authority, 'processing_1', 'processing');
    const one = tool(doorOf('data').grpc, { credentials: credentialsOf(certificate) });
    const { code, reason } = await one.call(dataService, 'GetUsage', { user: 'admin' }, token);
    return { code, reason };
  };
  const claims = { nodeId: 'processing_1', role: 'processing' };
  const seal = (more: Partial<TokenClaims>): Uint8Array => sealToken(authority.sealingKey, { ...claims, ...more });
  const rows: [name: string, reason: string, make: () => Uint8Array | undefined][] = [
    ['that expired a minute ago', 'token_expired', () => seal({ issuedMs: -120_000 })],
    ['from the future', 'token_invalid', () => seal({ issuedMs: 60_000 })],
    ['that would live for a day', 'token_invalid', () => seal({ lifeMs: 86_400_000 })],
    ['sealed for another purpose', 'token_invalid', () => seal({ purpose: 'ticket' })],
    ['sealed with a key of its own', 'token_invalid', () => sealToken(new Uint8Array(32).fill(1), claims)],
    ["sealed with another cluster's key", 'token_invalid', () => sealToken(stranger.sealingKey, claims)],
    ['with one bit changed', 'token_invalid', () => seal({}).map((byte, at) => (at === 40 ? byte ^ 1 : byte))],
    ['of random bytes', 'token_invalid', () => crypto.getRandomValues(new Uint8Array(120))],
    ['that is empty', 'token_invalid', () => new Uint8Array(0)],
    ['that is missing', 'token_invalid', () => undefined],
  ];
  it('a good one is taken', async () => {
    expect(await call(seal({}))).toEqual({ code: 0, reason: '' });
  });
  it.each(rows)('one %s is refused: %s', async (_name, reason, make) => {
    expect(await call(make())).toEqual({ code: status.UNAUTHENTICATED, reason });
  });
  it('one that an operator revoked is refused from then on', async () => {
    const tokenId = '01234567-89ab-4def-8123-456789abcdef';
    const token = seal({ tokenId });
    expect(await call(token)).toEqual({ code: 0, reason: '' });
    const operator = tool(doorOf('data').grpc, { credentials: credentialsOf(operatorCertificate(cluster.data)) });
    expect(await operator.call(adminService, 'RevokeTokens', { ids: [tokenId] })).toMatchObject({ code: 0 });
    expect(await call(token)).toEqual({ code: status.UNAUTHENTICATED, reason: 'token_revoked' });
  });
});

describe('a node of another cluster', () => {
  const tryToJoin = (name: string, data: string, ...more: string[]): Promise<string> =>
    tryDataNode([...more, '--id', name, '--data', data, '--join', doorOf('discovery').grpc]);
  const issue = (name: string, out: string): Promise<unknown> =>
    skerry(['certs', 'issue', name, '--role', 'data', '--data', join(folder, 'stranger'), '--out', join(folder, out)]);

  it('does not get into the table of discovery', async () => {
    await Promise.all([issue('data_8', 'far/data_8/identity'), issue('data_9', 'far/data_9/identity')]);
    const logs = await Promise.all([
      tryToJoin('data_8', join(folder, 'far')),
      tryToJoin('data_9', join(folder, 'far'), '--insecure'),
      tryToJoin('data_7', cluster.data),
    ]);
    expect(logs.map((log) => /"event":"discovery_lost"[^\n]*"connection_lost"/.test(log))).toEqual([true, true, false]);
    const events = logOf('discovery').matchAll(/"event":"member_joined","member":"(\w+)"/g);
    const joined = [...events].map(([, member]) => member);
    // The same way, with a certificate of ours, leads in.
    expect(joined).toContain('data_7');
    expect(joined).not.toContain('data_8');
    expect(joined).not.toContain('data_9');
  }, 30_000);
});

describe('secrets', () => {
  /** As a router and a processor that we hold: the very grant and ticket that the nodes hand around. */
  async function takeSeals(): Promise<Record<string, Uint8Array>> {
    const key = authority.sealingKey;
    const processingToken = sealToken(key, { nodeId: 'processing_1', role: 'processing' });
    const routingToken = sealToken(key, { nodeId: 'routing_1', role: 'routing' });
    const login = await (
      await nodeTool('processing', doorOf('auth'))
    ).call(authService, 'Login', { user: 'admin', password: adminPassword }, processingToken);
    const grant = login.value['grant'] as Uint8Array;
    const router = await nodeTool('routing', doorOf('processing'));
    const execute = async (line: string): Promise<Uint8Array> => {
      const session = {
        id: 'ab'.repeat(16),
        phase: 'PHASE_LOGGED_IN',
        user: 'admin',
        grant,
        working_directory: '/',
        type: 'TRANSFER_TYPE_IMAGE',
        client_host: '127.0.0.1',
        server_host: '127.0.0.1',
      };
      const request = { operation_id: 'cd'.repeat(16), session, line: Buffer.from(line) };
      const { value } = await router.call(processingService, 'Execute', request, routingToken);
      const directives = value['directives'] as readonly { transfer?: { ticket: Uint8Array } | null }[];
      return (
        directives.find(({ transfer }) => (transfer ?? undefined) !== undefined)?.transfer?.ticket ?? Buffer.alloc(0)
      );
    };
    return { grant, ticket: await execute('STOR sealed.bin'), processingToken, routingToken };
  }
  const logsOf = (system: System): string =>
    system === embedded ? embeddedLog : [...[...doors.keys()].map(logOf), system.stderr].join('\n');
  const keyFiles = (system: System): string[] => filesBelow(system.data).filter((path) => path.endsWith('.key'));

  it('do not stand in any log of a system that ran logins, transfers and user commands at level trace', async () => {
    const seals = await takeSeals();
    for (const [name, bytes] of Object.entries(seals)) expect([name, bytes.length > 60]).toEqual([name, true]);
    await Promise.all([useWithPasswords(embedded), useWithPasswords(cluster)]);
    for (const system of [embedded, cluster]) {
      // What the two logs must hold comes out a moment after the client's reply.
      for (let tries = 0; tries < 100 && !/"verb":"DELE"[^\n]*\n[^]*"verb":"DELE"/.test(logsOf(system)); tries++)
        await after(50);
      const log = logsOf(system);
      for (const verb of ['USER', 'PASS', 'STOR', 'RETR', 'DELE']) expect(log).toContain(`"verb":"${verb}"`);
      expect(log).toContain('"user":"ada"');
      const own = await authorityOf(system.data);
      const secrets = [adminPassword, ...Object.values(passwords), oddPasswordEnd];
      for (const secret of [...secrets, ...secrets.map((each) => Buffer.from(each).toString('base64').slice(0, -4))])
        expect([secret, log.includes(secret)]).toEqual([secret, false]);
      for (const bytes of [own.sealingKey, ...Object.values(seals)])
        for (const spelling of spellings(bytes)) expect([spelling, log.includes(spelling)]).toEqual([spelling, false]);
      const keys = keyFiles(system);
      expect(keys.length).toBeGreaterThanOrEqual(3);
      for (const path of keys) {
        const [line = ''] = readFileSync(path, 'utf8')
          .split('\n')
          .filter((each) => !each.startsWith('-----'));
        expect(line.length).toBeGreaterThanOrEqual(40);
        expect([path, log.includes(line)]).toEqual([path, false]);
      }
      expect(log).not.toContain('PRIVATE KEY');
      // Nor anything else that is sealed: no long run of a code's digits.
      expect(log.replaceAll(system.data, '').match(/[A-Za-z0-9+/=_-]{100,}|(?:\d{1,3},){31}/g)).toBeNull();
    }
  }, 40_000);

  it('passwords stand nowhere in the data folder', () => {
    for (const system of [embedded, cluster]) {
      const files = filesBelow(system.data);
      expect(files.length).toBeGreaterThan(10);
      for (const path of files) {
        const bytes = readFileSync(path);
        for (const secret of [adminPassword, ...Object.values(passwords)])
          expect([path, secret, bytes.includes(secret)]).toEqual([path, secret, false]);
      }
    }
  });
  it('key files are readable by their owner alone', () => {
    for (const system of [embedded, cluster]) {
      const modes = keyFiles(system).map((path) => [path, statSync(path).mode & 0o777]);
      expect(modes.length).toBeGreaterThanOrEqual(3);
      expect(modes).toEqual(modes.map(([path]) => [path, 0o600]));
      for (const name of ['skerry.json', 'cluster.json']) {
        const path = join(system.data, name);
        if (existsSync(path)) expect(statSync(path).mode & 0o077).toBe(0);
      }
      for (const name of ['ca', 'auth_1']) expect(statSync(join(system.data, name)).mode & 0o077).toBe(0);
    }
  });
});

/** One of each role of FTP, and the database. */
const embeddedNodes = ['auth_1', 'cassandra_1', 'data_1', 'discovery_1', 'processing_1', 'routing_1'];

describe('monitors and operators', () => {
  const everyDoor = (): Door[] => [gateway, ...doors.values()];
  it('/metrics, /livez, /readyz and /status answer on every process', async () => {
    for (const { name, metrics } of everyDoor()) {
      const ask = async (path: string): Promise<string> => {
        const response = await fetch(`${metrics}${path}`);
        expect([name, path, response.status]).toEqual([name, path, 200]);
        return response.text();
      };
      expect(await ask('/metrics')).toMatch(
        new RegExp(`^skerry_events_total\\{[^}]*node="${name}"[^}]*\\} \\d+$`, 'm'),
      );
      expect(await ask('/livez')).toBe('ok\n');
      expect(await ask('/readyz')).toBe('ok\n');
      expect(JSON.parse(await ask('/status'))).toMatchObject({ node: name, ready: true });
    }
  });
  it("the embedded system's one /metrics tells of every node", async () => {
    const text = await (await fetch(`${gateway.metrics}/metrics`)).text();
    for (const role of doors.keys()) expect(text).toContain(`node="${role}_1"`);
  });
  it("the embedded system's one /status tells of every node: role, load, figures", async () => {
    const told = (await (await fetch(`${gateway.metrics}/status`)).json()) as { nodes: Record<string, object> };
    expect(Object.keys(told.nodes).toSorted()).toEqual(embeddedNodes);
    for (const role of doors.keys())
      expect(told.nodes[`${role}_1`]).toMatchObject({ role, ready: true, load: expect.any(Number) });
    const replica = { term: 1, leader: true, committed: expect.any(Number), applied: expect.any(Number) };
    expect(told.nodes).toMatchObject({
      auth_1: { service: { users: expect.any(Number), ...replica } },
      data_1: { service: { uploads: 0, ...replica } },
      routing_1: { service: { sessions: expect.any(Number) } },
    });
  });
  it("the embedded system's one gRPC door tells of all nodes, or of the one that is named", async () => {
    const operator = tool(gateway.grpc, { credentials: credentialsOf(operatorCertificate(embedded.data)) });
    const { value } = await operator.call(adminService, 'GetStatus');
    const nodes = value['nodes'] as { node_id: string; ready: boolean }[];
    expect(nodes.map(({ node_id: id }) => id).toSorted()).toEqual(embeddedNodes);
    expect(nodes.every(({ ready }) => ready)).toBe(true);
    const one = await operator.call(adminService, 'GetStatus', { node: 'data_1' });
    expect(one).toMatchObject({ code: 0, value: { node_id: 'data_1', role: 'data', nodes: [] } });
    expect(await operator.call(adminService, 'GetStatus', { node: 'data_9' })).toMatchObject({
      code: status.NOT_FOUND,
      reason: 'no_such_node',
    });
  });
  it('the log level changes while it runs', async () => {
    const rows = [
      { system: embedded, door: gateway, log: () => embeddedLog },
      {
        system: cluster,
        door: doorOf('routing'),
        log: () => logOf('routing'),
      },
    ];
    for (const { system, door, log } of rows) {
      const operator = tool(door.grpc, { credentials: credentialsOf(operatorCertificate(system.data)) });
      const set = (level: string) => operator.call(adminService, 'SetLogLevel', { level });
      const commandCount = (verb: string): number => log().split(`"verb":"${verb}"`).length - 1;
      const send = async (...verbs: string[]): Promise<void> => {
        const client = new Client(10_000);
        try {
          await client.connect(system.ftp.host, system.ftp.port);
          for (const verb of verbs) await client.send(verb);
        } finally {
          client.close();
        }
      };
      expect(await set('warn')).toMatchObject({ code: 0, value: { previous: 'trace' } });
      const before = commandCount('NOOP');
      await send('NOOP');
      expect(await set('debug')).toMatchObject({ code: 0, value: { previous: 'warn' } });
      const systBefore = commandCount('SYST');
      await send('SYST');
      for (let tries = 0; tries < 100 && commandCount('SYST') === systBefore; tries++) await after(50);
      // The router's own lines, which came in this order: those at level warn were left out.
      expect(commandCount('SYST')).toBe(systBefore + 1);
      expect(commandCount('NOOP')).toBe(before);
      expect(await set('loud')).toMatchObject({ code: status.INVALID_ARGUMENT, reason: 'malformed' });
    }
  }, 30_000);
});
