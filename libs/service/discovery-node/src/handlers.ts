/** The wire's methods over the registry. */
import type { Effect, Registry } from '@skerry/cluster-registry';
import { assert, StatusError } from '@skerry/kernel';
import type { discovery } from '@skerry/proto';
import type { AccessTable, Handlers } from '@skerry/runtime-rpc';
import type { Telemetry } from '@skerry/runtime-telemetry';
import { checkOwn, checkRecord } from './record.ts';
import type { Revocations } from './revocations.ts';
import type { Watchers } from './watchers.ts';

export type HandlerParts = {
  readonly registry: Registry;
  readonly watchers: Watchers;
  readonly revocations: Revocations;
  readonly telemetry: Telemetry;
  readonly leaseMs: number;
};

export const access: AccessTable<discovery.DiscoveryServiceDefinition> = {
  register: 'any',
  heartbeat: 'any',
  requestService: 'any',
  unregister: 'any',
  watch: 'any',
  revoke: ['auth', 'operator'],
};

/** Tells the news of a step to watchers and log; what is left are the answers. */
export function publish({ watchers, telemetry }: HandlerParts, effects: readonly Effect[]): readonly Effect[] {
  return effects.filter((effect) => {
    if (effect.kind !== 'joined' && effect.kind !== 'left' && effect.kind !== 'changed') return true;
    const record = { ...effect.record };
    watchers.publish({ change: { $case: effect.kind, value: record } });
    if (effect.kind !== 'changed')
      telemetry.emit({
        event: `member_${effect.kind}`,
        member: record.nodeId,
        memberRole: record.role,
        address: record.address,
      });
    return false;
  });
}

function registered(effect: Effect | undefined, nodeId: string): void {
  if (effect?.kind === 'accepted') return;
  assert(effect?.kind === 'refused', 'a registration has an answer');
  if (effect.why === 'full')
    throw new StatusError('overloaded', `Cannot register node "${nodeId}": the table of nodes is full`);
  throw new StatusError(
    'version_conflict',
    `Cannot register node "${nodeId}": a later life of it is known (started at ${effect.knownIncarnation})`,
  );
}

export function createHandlers(parts: HandlerParts): Handlers<discovery.DiscoveryServiceDefinition> {
  const { registry, watchers, revocations, leaseMs } = parts;
  return {
    register: async ({ node }, { caller }) => {
      const record = checkRecord(node, caller);
      const [answer] = publish(parts, registry.step({ kind: 'register', record }));
      registered(answer, record.nodeId);
      return { leaseMs, revocations: revocations.since(0) };
    },
    heartbeat: async ({ nodeId, incarnation, load, revocationsVersion }, { caller }) => {
      checkOwn(nodeId, caller);
      const [answer] = publish(parts, registry.step({ kind: 'heartbeat', nodeId, incarnation, load }));
      return {
        known: answer?.kind === 'beaten' && answer.known,
        revocations: revocations.since(revocationsVersion),
      };
    },
    requestService: async ({ role }) => ({ nodes: [...registry.nodes(role)] }),
    unregister: async ({ nodeId, incarnation }, { caller }) => {
      checkOwn(nodeId, caller);
      publish(parts, registry.step({ kind: 'unregister', nodeId, incarnation }));
      return {};
    },
    async *watch({ roles }, { signal }) {
      const watcher = watchers.open(roles);
      try {
        yield { event: undefined, snapshot: registry.nodes().filter(({ role }) => watcher.covers(role)) };
        for await (const { event } of watcher.follow(signal)) yield { event, snapshot: [] };
      } finally {
        watcher.close();
      }
    },
    revoke: async ({ revocations: more }) => {
      revocations.add(more);
      return { version: revocations.version };
    },
  };
}
