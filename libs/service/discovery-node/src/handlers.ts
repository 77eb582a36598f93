/** The wire's methods over the registry. */
import type { Effect, Registry } from '@skerry/cluster-registry';
import { assert, StatusError } from '@skerry/kernel';
import type { discovery } from '@skerry/proto';
import type { AccessTable, Handlers } from '@skerry/runtime-rpc';
import type { Telemetry } from '@skerry/runtime-telemetry';
import { checkOwn, checkRecord } from './record.ts';
import type { TableExchange } from './exchange.ts';
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
  exchange: ['discovery'],
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

export function createHandlers(
  parts: HandlerParts,
  exchange: TableExchange,
): Handlers<discovery.DiscoveryServiceDefinition> {
  const { registry, watchers, revocations, leaseMs } = parts;
  /** {@link publish}, also to the other discovery nodes: what comes from a node itself is news to them. */
  const take = (effects: readonly Effect[]): readonly Effect[] => {
    const answers = publish(parts, effects);
    if (answers.length < effects.length) exchange.poke();
    return answers;
  };
  return {
    register: async ({ node, beat }, { caller }) => {
      const record = checkRecord(node, caller);
      const [answer] = take(registry.step({ kind: 'register', record, beat }));
      registered(answer, record.nodeId);
      return { leaseMs, revocations: revocations.since(0) };
    },
    heartbeat: async ({ nodeId, incarnation, load, revocationsVersion, beat }, { caller }) => {
      checkOwn(nodeId, caller);
      // A load of its own is no news that all must hear at once.
      const [answer] = publish(parts, registry.step({ kind: 'heartbeat', nodeId, incarnation, load, beat }));
      return {
        known: answer?.kind === 'beaten' && answer.known,
        revocations: revocations.since(revocationsVersion),
      };
    },
    requestService: async ({ role }) => ({ nodes: [...registry.nodes(role)] }),
    unregister: async ({ nodeId, incarnation, beat }, { caller }) => {
      checkOwn(nodeId, caller);
      take(registry.step({ kind: 'unregister', nodeId, incarnation, beat }));
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
      const before = revocations.version;
      revocations.add(more);
      if (revocations.version !== before) exchange.poke();
      return { version: revocations.version };
    },
    exchange: async (request) => exchange.answer(request),
  };
}
