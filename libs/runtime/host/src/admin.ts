/** The operator's service on every node: status, log level, revocation, drain. */
import { StatusError } from '@skerry/kernel';
import { admin } from '@skerry/proto';
import type { AccessTable, Handlers, RpcNode } from '@skerry/runtime-rpc';
import { operatorRole } from '@skerry/runtime-security';
import { isLevel, levels, type Telemetry } from '@skerry/runtime-telemetry';
import type { DoorView } from './door-view.ts';
import type { NodeStatus } from './types.ts';

export type AdminParts = {
  readonly telemetry: Telemetry;
  readonly view: DoorView;
  /** Called after the answer is on its way. */
  drain(): void;
};

/** Ids in one call; a list of more is several calls. */
export const revokedIdsPerCallMax = 10_000;

type Definition = typeof admin.AdminServiceDefinition;
const access: AccessTable<Definition> = {
  getStatus: [operatorRole],
  setLogLevel: [operatorRole],
  revokeTokens: [operatorRole],
  drain: [operatorRole],
};

export function serveAdmin(rpc: RpcNode, { telemetry, view, drain }: AdminParts): void {
  const handlers: Handlers<Definition> = {
    async getStatus({ node }) {
      const now = view.status(node === '' ? undefined : node);
      return { ...answerOf(now), nodes: Object.values(now.nodes ?? {}).map(answerOf) };
    },
    async setLogLevel({ level }, { caller }) {
      if (!isLevel(level))
        throw new StatusError('malformed', `Cannot set log level: must be one of ${levels.join(', ')}: got "${level}"`);
      const previous = view.setLevel(level);
      const message = `log level ${previous} -> ${level}`;
      telemetry.emit({ event: 'log_level_changed', message, previous, current: level, by: caller.nodeId });
      return { previous };
    },
    async revokeTokens({ ids }, { caller }) {
      if (ids.length > revokedIdsPerCallMax)
        throw new StatusError('too_large', `Cannot revoke tokens: at most ${revokedIdsPerCallMax}: got ${ids.length}`);
      view.revoke(ids);
      telemetry.emit({ event: 'tokens_revoked', level: 'warn', count: ids.length, by: caller.nodeId });
      return {};
    },
    async drain(_, { caller }) {
      telemetry.emit({ event: 'drain_asked', message: `asked to drain by ${caller.nodeId}`, by: caller.nodeId });
      drain();
      return {};
    },
  };
  rpc.serve(admin.AdminServiceDefinition, handlers, access);
}

function answerOf(status: NodeStatus) {
  const { node: nodeId, role, version, startedAtMs, incarnation, ready } = status;
  return { nodeId, role, version, startedAtMs, incarnation, ready, statusJson: toJson(status) };
}

/** JSON with 64-bit integers as text. */
export const toJson = (value: unknown): string =>
  JSON.stringify(value, (_, field: unknown) => (typeof field === 'bigint' ? String(field) : field));
