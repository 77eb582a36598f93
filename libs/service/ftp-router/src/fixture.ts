/** For the tests: a router between a processor and a data node that do as little as will do. */
import { afterEach } from '@jest/globals';
import { NodeId, StatusError, utf8, fromUtf8 } from '@skerry/kernel';
import { type auth, data, processing, routing } from '@skerry/proto';
import { parseCommand } from '@skerry/protocol-ftp';
import { readSettings } from '@skerry/runtime-config';
import type { NodeRecord } from '@skerry/runtime-discovery';
import type { Service, ServiceEnvironment } from '@skerry/runtime-host';
import { nodeWorld } from '@skerry/runtime-node';
import { chunkOf, createRpcNode, InProcessHub, verifiedBytes, type Client, type Handlers } from '@skerry/runtime-rpc';
import { createRevocationList, createSealer, selfSignedCertificate } from '@skerry/runtime-security';
import { createTelemetry, type TelemetryEvent } from '@skerry/runtime-telemetry';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hangUp, LineClient } from './line-client-fixture.ts';
import { settings } from './settings.ts';
import { start } from './start.ts';

export { dial, dropped, LineClient, received, reset } from './line-client-fixture.ts';

type Kind = NonNullable<processing.Directive['kind']>;
const { IMAGE } = processing.TransferType;
const key = new Uint8Array(32).fill(9);
let made: Promise<string> | undefined;
/** One for all routers of a test file: making it takes longer than most tests. */
const certificate = (): Promise<string> =>
  (made ??= selfSignedCertificate({ names: ['localhost'] }).then((pem) => pem.certificate + pem.privateKey));

/** What the processor was asked, and how it is to misbehave. */
export type FakeProcessor = {
  readonly executed: {
    operationId: string;
    line: string;
    session: processing.Session;
    loginPast: auth.LoginPast | undefined;
  }[];
  /** Runs before each answer. */
  before: (line: string) => Promise<void> | void;
  /** A sealed grant for logins from now on. */
  grant?: Uint8Array;
  /** Lines that it answers as a login with a wrong password. */
  refuses?: (line: string) => boolean;
};

const reply = (code: number, ...lines: string[]): Kind => ({ $case: 'reply', value: { code, lines } });
function transfer(kind: processing.TransferKind, session: processing.Session, path: string, more = {}): Kind {
  const value = { kind, ticket: utf8(path), type: session.type, path, ...more };
  return { $case: 'transfer', value: processing.Transfer.fromPartial(value) };
}

/** The least that a client session needs. */
function answer(session: processing.Session, verb: string, argument: string): Kind[] {
  const { Phase, TransferKind, ListFormat } = processing;
  switch (verb) {
    case 'USER':
      session.user = argument;
      return [reply(331, 'Password?')];
    case 'PASS':
      session.phase = Phase.LOGGED_IN;
      return [reply(230, 'Welcome.')];
    case 'NOOP':
      return [reply(200, 'Fine.')];
    case 'PWD':
      return [reply(257, '"/"')];
    case 'FEAT':
      return [reply(211, 'Features:', ' UTF8', ' MLST type*;size*;modify*;', ' EPSV', 'End')];
    case 'STAT':
      return [reply(211, `transferring ${session.transferring} ${session.transferredBytes}`)];
    case 'TYPE':
      session.type = argument.startsWith('A') ? processing.TransferType.ASCII : IMAGE;
      return [reply(200, 'Type set.')];
    case 'AUTH':
      return [reply(234, 'Begin.'), { $case: 'startTls', value: {} }];
    case 'PBSZ':
      return [reply(200, 'PBSZ=0')];
    case 'PROT':
      session.dataTls = argument === 'P';
      return [reply(200, 'Protection set.')];
    case 'PASV':
      return [{ $case: 'openPassive', value: { extended: false, family: 0 } }];
    case 'EPSV':
      return [{ $case: 'openPassive', value: { extended: true, family: Number(argument) } }];
    case 'PORT': {
      const [a, b, c, d, high = 0, low = 0] = argument.split(',').map(Number);
      const value = { host: [a, b, c, d].join('.'), port: high * 256 + low };
      return [{ $case: 'connectActive', value }, reply(200, 'PORT.')];
    }
    case 'RETR':
      return [transfer(TransferKind.RETRIEVE, session, argument)];
    case 'STOR':
      return [transfer(TransferKind.STORE, session, argument)];
    case 'LIST':
      return [transfer(TransferKind.LIST, session, argument, { format: ListFormat.LIST })];
    case 'NLST':
      return [transfer(TransferKind.LIST, session, '', { format: ListFormat.NLST, pattern: argument })];
    case 'MLSD':
      return [transfer(TransferKind.LIST, session, argument, { format: ListFormat.MLSD, rights: ['list', 'read'] })];
    case 'HASH':
      return [{ $case: 'digest', value: processing.Digest.fromPartial({ ticket: utf8(argument), name: argument }) }];
    case 'SITE':
      return [{ $case: 'who', value: { user: argument } }];
    case 'IDLE':
      session.idleMs = Number(argument);
      return [reply(200, 'Noted.')];
    case 'ABOR':
      return [{ $case: 'abortTransfer', value: {} }];
    case 'QUIT':
      return [reply(221, 'Goodbye.'), { $case: 'closeControl', value: {} }];
    default:
      return [reply(502, `Not here: ${verb}`)];
  }
}

export function processorHandlers(fake: FakeProcessor): Handlers<typeof processing.ProcessingServiceDefinition> {
  return {
    async execute({ operationId, session, line, loginPast }) {
      const text = fromUtf8(line) ?? '';
      const state = processing.Session.fromPartial(session ?? {});
      fake.executed.push({ operationId, line: text, session: processing.Session.fromPartial(state), loginPast });
      await fake.before(text);
      if (fake.refuses?.(text) === true) {
        const deeds = [{ kind: processing.DeedKind.LOGIN_FAILED, user: state.user, detail: 'credentials' }];
        return { session: state, directives: [{ kind: reply(530, 'Login incorrect.') }], deeds };
      }
      const parsed = parseCommand(line);
      if (fake.grant !== undefined && text.startsWith('PASS')) state.grant = fake.grant;
      const kinds = parsed.ok ? answer(state, parsed.value.verb, parsed.value.argument) : [reply(500, 'What?')];
      const judged = fake.refuses !== undefined && text.startsWith('PASS');
      const deeds = judged ? [{ kind: processing.DeedKind.LOGIN, user: state.user }] : [];
      return { session: state, directives: kinds.map((kind) => ({ kind })), deeds };
    },
  };
}

/** Files in memory. A ticket is the path in clear. */
export type FakeData = {
  readonly files: Map<string, Buffer>;
  /** What streams without commit left behind. */
  readonly stages: Map<string, Buffer>;
  /** Store streams that are over, in order. */
  readonly ended: { path: string; outcome: 'committed' | 'staged' | 'lost' }[];
  /** Runs before each answer to Store's messages. */
  before: (message: string) => Promise<void> | void;
  chunkSize: number;
  /** Longest file that is sent in one answer. */
  smallMaxBytes: number;
};
const text = (ticket: Uint8Array): string => fromUtf8(ticket) ?? '';
const entryOf = (name: string, size: number): data.DirectoryEntry =>
  data.DirectoryEntry.fromPartial({ name, size, kind: data.EntryKind.FILE, mode: 0o644, owner: 'ada', group: 'ada' });
const missing = (path: string): StatusError => new StatusError('no_such_entry', `Cannot find "${path}"`);

export function dataHandlers(
  fake: FakeData,
  checksums: ServiceEnvironment['world'],
): Handlers<typeof data.DataServiceDefinition> {
  const refuse = (): never => {
    throw new StatusError('no_such_method', 'not in this test');
  };
  return {
    async *retrieve({ ticket }) {
      const file = fake.files.get(text(ticket));
      if (file === undefined) throw missing(text(ticket));
      yield { part: { $case: 'start', value: entryOf(text(ticket), file.length) } };
      for (let at = 0; at < file.length; at += fake.chunkSize) {
        await fake.before('chunk out');
        yield { part: { $case: 'chunk', value: chunkOf(file.subarray(at, at + fake.chunkSize), checksums.crc32) } };
      }
    },
    async retrieveSmall({ ticket }) {
      const file = fake.files.get(text(ticket));
      if (file === undefined) throw missing(text(ticket));
      const entry = entryOf(text(ticket), file.length);
      if (file.length > fake.smallMaxBytes) return { entry };
      await fake.before('chunk out');
      return { entry, content: chunkOf(file, checksums.crc32) };
    },
    async *list({ ticket }) {
      if (text(ticket) === 'missing') throw missing('missing');
      const self = data.DirectoryEntry.fromPartial({ name: '', kind: data.EntryKind.DIRECTORY });
      const entries = [...fake.files].map(([name, file]) => entryOf(name, file.length));
      yield { self, entries: entries.slice(0, 500) };
      for (let at = 500; at < entries.length; at += 500) yield { entries: entries.slice(at, at + 500) };
    },
    async *store(requests) {
      let path = '';
      const parts: Uint8Array[] = [];
      let outcome: 'committed' | 'staged' | 'lost' = 'lost';
      try {
        for await (const { part } of requests) {
          await fake.before(part?.$case ?? '');
          if (part?.$case === 'start') {
            path = text(part.value.ticket);
            yield { part: { $case: 'ready', value: { offset: 0, path } } };
          } else if (part?.$case === 'chunk') parts.push(verifiedBytes(part.value, checksums));
          else if (part?.$case === 'finish') {
            outcome = 'staged';
            fake.stages.set(path, Buffer.concat(parts));
            yield { part: { $case: 'staged', value: { length: Buffer.concat(parts).length } } };
          } else if (part?.$case === 'commit' || part?.$case === 'content') {
            if (part.$case === 'content' && part.value.chunk !== undefined)
              parts.push(verifiedBytes(part.value.chunk, checksums));
            outcome = 'committed';
            fake.stages.delete(path);
            fake.files.set(path, Buffer.concat(parts));
            yield { part: { $case: 'committed', value: { entry: entryOf(path, 0) } } };
          }
        }
      } finally {
        fake.ended.push({ path, outcome });
      }
    },
    async *digest({ ticket }, { signal }) {
      const path = text(ticket);
      const file = fake.files.get(path);
      if (file === undefined) throw missing(path);
      try {
        yield { doneBytes: 0 };
        await fake.before('digest');
        yield { doneBytes: file.length, digest: Uint8Array.of(file.length) };
      } finally {
        fake.ended.push({ path, outcome: signal.aborted ? 'lost' : 'committed' });
      }
    },
    stat: refuse,
    makeDirectory: refuse,
    removeDirectory: refuse,
    removeFile: refuse,
    rename: refuse,
    setAttributes: refuse,
    combine: refuse,
    getUsage: refuse,
  };
}

export type Bench = {
  readonly service: Service;
  readonly processors: readonly FakeProcessor[];
  readonly data: FakeData;
  readonly events: TelemetryEvent[];
  readonly environment: ServiceEnvironment;
  readonly port: number;
  connect(options?: { localAddress?: string; port?: number }): Promise<LineClient>;
  /** A client that has logged in. */
  login(options?: { localAddress?: string }): Promise<LineClient>;
  /** RoutingService as the operator's CLI calls it. */
  readonly operator: Client<typeof routing.RoutingServiceDefinition>;
  /** The same as another role. */
  caller(role: string): Client<typeof routing.RoutingServiceDefinition>;
  close(): Promise<void>;
};

function telemetryOf(
  name: string,
  role: string,
): { telemetry: ServiceEnvironment['telemetry']; events: TelemetryEvent[] } {
  const telemetry = createTelemetry({ nodeId: name, role, output: 'silent', processMetrics: false });
  const events: TelemetryEvent[] = [];
  telemetry.listen((event) => events.push(event));
  return { telemetry, events };
}

export async function bench(
  flags: Readonly<Record<string, unknown>> = {},
  { processorCount = 1, directory }: { processorCount?: number; directory?: string } = {},
): Promise<Bench> {
  const folder = directory ?? mkdtempSync(join(tmpdir(), 'skerry-router-'));
  if (directory === undefined) writeFileSync(join(folder, 'ftp-tls.pem'), await certificate());
  const world = nodeWorld(folder);
  const hub = new InProcessHub();
  const made = (name: string, role: string) => {
    const { telemetry, events } = telemetryOf(name, role);
    const identity = { cluster: 'test', nodeId: NodeId(name), role, tls: undefined, sealingKey: key };
    const [sealer, revocations] = [createSealer(key), createRevocationList()];
    return {
      identity,
      sealer,
      revocations,
      telemetry,
      events,
      rpc: createRpcNode({ world, identity, sealer, revocations, telemetry, hub }),
    };
  };
  const any = (definition: { methods: object }) =>
    Object.fromEntries(Object.keys(definition.methods).map((name) => [name, 'any' as const]));
  const processors = Array.from({ length: processorCount }, (_, i): FakeProcessor => {
    const fake: FakeProcessor = { executed: [], before: () => undefined };
    const { ProcessingServiceDefinition } = processing;
    made(`processing_${i + 1}`, 'processing').rpc.serve(ProcessingServiceDefinition, processorHandlers(fake), {
      execute: 'any',
    });
    return fake;
  });
  const fake: FakeData = {
    files: new Map(),
    stages: new Map(),
    ended: [],
    before: () => undefined,
    chunkSize: 65_536,
    smallMaxBytes: 65_536,
  };
  const { DataServiceDefinition } = data;
  made('data_1', 'data').rpc.serve(
    DataServiceDefinition,
    dataHandlers(fake, world),
    any(DataServiceDefinition) as never,
  );
  const { events, ...own } = made('routing_1', 'routing');
  const environment = {
    ...own,
    world,
    dataDirectory: folder,
    directory: fixedDirectory(processorCount),
    incarnation: 1,
    fatal: (error: Error) => events.push({ event: 'fatal', error }),
  } as unknown as ServiceEnvironment;
  const config = readSettings(settings, { flags: { ftpPort: 0, passivePorts: '0-0', ...flags } });
  const service = await start(config, environment);
  const port = Number(/:(\d+)$/.exec(service.endpoints.ftp ?? '')?.[1]);
  const callers = new Map<string, Bench['operator']>();
  const caller = (role: string): Bench['operator'] => {
    const target = { nodeId: NodeId('routing_1'), address: '' };
    const client = callers.get(role) ?? made(role, role).rpc.client(routing.RoutingServiceDefinition, target);
    callers.set(role, client);
    return client;
  };
  const connectClient = (options = {}): Promise<LineClient> => LineClient.connect(port, options);
  return {
    service,
    processors,
    data: fake,
    events,
    environment,
    port,
    connect: connectClient,
    operator: caller('operator'),
    caller,
    async login(options) {
      const client = await connectClient(options);
      await client.expect(220);
      await client.ask('USER ada', 331);
      await client.ask('PASS secret', 230);
      await client.ask('TYPE I', 200);
      return client;
    },
    async close() {
      hangUp();
      await service.stop(0);
      if (directory === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** For a test file: opens benches, and closes each after its test. */
export function benches(): typeof bench {
  const opened: Bench[] = [];
  afterEach(async () => {
    for (const one of opened.splice(0)) await one.close();
  });
  return async (...args) => {
    const made = await bench(...args);
    opened.push(made);
    return made;
  };
}

function fixedDirectory(processorCount: number): ServiceEnvironment['directory'] {
  const node = (nodeId: string, role: string): NodeRecord => ({
    nodeId,
    role,
    site: '',
    address: '127.0.0.1:1',
    incarnation: 1,
    endpoints: {},
    load: 0,
  });
  const all = Array.from({ length: processorCount }, (_, i) => node(`processing_${i + 1}`, 'processing'));
  all.push(node('data_1', 'data'));
  const nodes = (role: string): NodeRecord[] => all.filter((record) => record.role === role);
  return {
    nodes,
    pick(role, except = new Set()) {
      const found = nodes(role).find(({ nodeId }) => !except.has(nodeId)) ?? nodes(role)[0];
      if (found === undefined) throw new StatusError('no_node', `No node of role ${role}`);
      return found;
    },
    waitFor: async (role) => nodes(role)[0] ?? Promise.reject(new StatusError('no_node', role)),
    isAlone: false,
    reportFailure: () => undefined,
    listen: () => () => undefined,
  };
}
