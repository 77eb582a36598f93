/** For the tests: an auth node over a replica in memory, with a clock that the test may step and cheap threads. */
import { scryptSync } from 'node:crypto';
import {
  Epoch,
  HybridClock,
  LogIndex,
  MemoryStore,
  NodeId,
  Once,
  StatusError,
  Term,
  type OperationId,
  type Reason,
} from '@skerry/kernel';
import { UsersMachine } from '@skerry/domain-users';
import { auth, type routing } from '@skerry/proto';
import { fixedDirectory } from '@skerry/runtime-discovery';
import type { ServiceEnvironment } from '@skerry/runtime-host';
import { nodeWorld } from '@skerry/runtime-node';
import type { Replica } from '@skerry/runtime-replica';
import type { CallContext, Handlers, RpcNode } from '@skerry/runtime-rpc';
import { createRevocationList, createSealer } from '@skerry/runtime-security';
import { createTelemetry, type TelemetryEvent } from '@skerry/runtime-telemetry';
import type { WorkerPool } from '@skerry/runtime-workers';
import type { Clock, World } from '@skerry/runtime-world';
import { temporaryDirectory } from '@skerry/testing/node';
import { settings, type AuthConfig } from './settings.ts';
import { serve, type AuthService } from './serve.ts';

/** Real, and ahead by what the test has let pass; pauses longer than a second take none. */
export class SteppedClock implements Clock {
  #aheadMs = 0;
  #steppedMs = 0;
  readonly pauses: number[] = [];
  monotonicMs = (): number => performance.now() + this.#aheadMs;
  wallMs = (): number => Math.floor(Date.now() + this.#aheadMs + this.#steppedMs);
  setTimer(delayMs: number, callback: () => void): { cancel(): void } {
    this.pauses.push(delayMs);
    const timer = setImmediate(() => {
      this.#aheadMs += delayMs;
      callback();
    });
    return { cancel: () => clearImmediate(timer) };
  }
  pass(ms: number): void {
    this.#aheadMs += ms;
  }
  /** Only the wall clock: what an operator or a time service does. */
  step(ms: number): void {
    this.#steppedMs += ms;
  }
}

export class MemoryReplica implements Replica {
  readonly state = new MemoryStore();
  readonly local = new MemoryStore();
  isLeader = true;
  readonly isJoining = false;
  readonly leader = NodeId('auth_1');
  readonly #machine = new Once(new UsersMachine());
  readonly #clock: Clock;
  readonly #hybrid = new HybridClock();
  #index = 0;
  constructor(clock: Clock) {
    this.#clock = clock;
    this.state.transaction((state) => this.#machine.initialise(state));
  }
  get appliedIndex(): LogIndex {
    return LogIndex(this.#index);
  }
  async propose(command: Uint8Array, operationId: OperationId): ReturnType<Replica['propose']> {
    if (!this.isLeader) throw new StatusError('not_leader', 'not the leader');
    this.#index += 1;
    const index = LogIndex(this.#index);
    const time = this.#hybrid.tick(this.#clock.wallMs());
    const entry = { epoch: Epoch('a'.repeat(32)), term: Term(1), index, operationId, time, command };
    return { result: this.state.transaction((state) => this.#machine.apply(entry, state)).result, index };
  }
  remembered(id: OperationId): Uint8Array | undefined {
    return this.#machine.remembered(id, this.state);
  }
  onLeading(listener: () => void): () => void {
    if (this.isLeader) listener();
    return () => undefined;
  }
  readBarrier(): Promise<void> {
    return Promise.resolve();
  }
  now(): HybridClock['last'] {
    return this.#hybrid.last;
  }
  changeLocal(body: Parameters<Replica['changeLocal']>[0]): void {
    this.local.transaction(body);
  }
  status(): ReturnType<Replica['status']> {
    const index = this.#index;
    return {
      group: 'auth',
      epoch: '',
      term: 1,
      leader: this.isLeader,
      leaderId: 'auth_1',
      role: 'leader',
      standing: 'member',
      committed: index,
      applied: index,
      lag: 0,
      firstIndex: 1,
      lastIndex: index,
      voters: [NodeId('auth_1')],
      outgoing: [],
      learners: [],
      failureTolerance: 0,
    };
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** scrypt at its least cost, whatever was asked: the tests check rules, not strength. Counts the hashes. */
export class CheapWorkers implements WorkerPool {
  hashes = 0;
  async run(_: 'scrypt', { password, salt, lengthBytes }: Parameters<WorkerPool['run']>[1]): Promise<Uint8Array> {
    this.hashes += 1;
    return scryptSync(password, salt, lengthBytes, { cost: 2 });
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

type AuthHandlers = Handlers<auth.AuthServiceDefinition>;
export type AuthUnderTest = {
  readonly service: AuthService;
  readonly handlers: AuthHandlers;
  readonly clock: SteppedClock;
  readonly replica: MemoryReplica;
  readonly workers: CheapWorkers;
  readonly events: TelemetryEvent[];
  /** Ids that discovery was told are void. */
  readonly revoked: string[];
  /** What the router was told is over. */
  readonly ended: routing.EndLoginsRequest[];
  readonly context: CallContext;
  logIn(user: string, password: string, clientAddress?: string): Promise<auth.Grant>;
  open(sealed: Uint8Array): auth.Grant;
};

export const sealingKey = new Uint8Array(32).fill(4);
export const config = (over: Partial<AuthConfig> = {}): AuthConfig => ({
  adminPassword: 'secret',
  grantLifeMs: settings.grantLifeMs.default,
  sessionLifeMs: settings.sessionLifeMs.default,
  accountLog: settings.accountLog.default,
  founders: ['auth_1'],
  ...over,
});

export async function startAuth(over: Partial<AuthConfig> = {}, before?: MemoryReplica): Promise<AuthUnderTest> {
  const clock = new SteppedClock();
  const world: World = { ...nodeWorld(temporaryDirectory()), clock };
  const telemetry = createTelemetry({ nodeId: 'auth_1', role: 'auth', output: 'silent', processMetrics: false });
  const events: TelemetryEvent[] = [];
  telemetry.listen((event) => events.push(event));
  const sealer = createSealer(sealingKey);
  const revoked: string[] = [];
  const ended: routing.EndLoginsRequest[] = [];
  let handlers: AuthHandlers | undefined;
  const rpc = {
    nodeId: NodeId('auth_1'),
    serve: (_: unknown, served: AuthHandlers) => {
      handlers = served;
    },
    client: () => ({
      revoke: async ({ revocations }: { revocations: readonly { id: string }[] }) => {
        revoked.push(...revocations.map(({ id }) => id));
        return { version: 1 };
      },
      endLogins: async (request: routing.EndLoginsRequest) => {
        ended.push(request);
        return { ended: 1 };
      },
      listLogins: async () => ({ loginIds: [] }),
    }),
  } as unknown as RpcNode;
  const hub = {
    nodeId: 'discovery_1',
    role: 'discovery',
    site: '',
    address: 'h:1',
    incarnation: 1,
    endpoints: {},
    load: 0,
  };
  const directory = fixedDirectory(world, [hub, { ...hub, nodeId: 'routing_1', role: 'routing' }]);
  const workers = new CheapWorkers();
  const replica = before ?? new MemoryReplica(clock);
  const revocations = createRevocationList();
  const environment = {
    world,
    sealer,
    revocations,
    telemetry,
    rpc,
    directory,
    workers,
  } as unknown as ServiceEnvironment;
  const service = await serve(config(over), environment, replica, () => replica.close());
  if (handlers === undefined) throw new Error('nothing was served');
  const served = handlers;
  const signal = new AbortController().signal;
  const context = { caller: { nodeId: NodeId('operator'), role: 'operator' }, messageId: 'm', signal };
  const open = (sealed: Uint8Array): auth.Grant => auth.Grant.decode(sealer.open('grant', sealed));
  return {
    service,
    handlers: served,
    clock,
    replica,
    workers,
    events,
    revoked,
    ended,
    context,
    open,
    logIn: async (user, password, clientAddress = '10.0.0.1') =>
      open(
        (await served.login({ user, password, clientAddress, tls: false, past: undefined }, context))
          .grant as Uint8Array,
      ),
  };
}

/** What a call was refused for; 'none' when it was not. */
export const reasonOf = (call: Promise<unknown>): Promise<Reason | 'none'> =>
  call.then(
    () => 'none' as const,
    (thrown: unknown) => (thrown instanceof StatusError ? thrown.reason : 'unexpected'),
  );
