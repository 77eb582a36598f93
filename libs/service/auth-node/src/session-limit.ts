/**
 * Most sessions of one user at once, over all routers: at a login, those that routers know are counted.
 *
 * A login that was granted a moment ago may not be known to its router yet, and a session that just ended may still be:
 * so a user at the limit is counted again for a moment before the login is refused.
 *
 * Assumes: logins go to one auth node. A router that does not answer has none of them: else one that is down, and whose
 * sessions are gone, would keep users out.
 */
import { NodeId, StatusError, toStatusError } from '@skerry/kernel';
import { routing } from '@skerry/proto';
import type { Directory, NodeRecord } from '@skerry/runtime-discovery';
import type { RpcNode } from '@skerry/runtime-rpc';
import type { Telemetry } from '@skerry/runtime-telemetry';
import { pause, type Clock } from '@skerry/runtime-world';

/** How long a login that no router knows is counted, in ms: it must reach the router through a processor. */
export const pendingMs = 800;
/** Pause between two counts, in ms. */
const countAgainMs = 100;
/** Deadline of one router's answer, in ms. */
const answerMs = 500;

export type SessionLimitParts = {
  readonly clock: Clock;
  readonly rpc: RpcNode;
  readonly directory: Directory;
  readonly telemetry: Telemetry;
};
export type Wanted = { readonly user: string; readonly loginId: string; readonly sessionsMax: number };

export class SessionLimit {
  readonly #parts: SessionLimitParts;
  /** Logins of users with a limit that no router has shown yet: user → login id → when. */
  readonly #pending = new Map<string, Map<string, number>>();

  constructor(parts: SessionLimitParts) {
    this.#parts = parts;
  }
  /** Counts `loginId` among the user's from now on. @throws StatusError `too_many_sessions`. */
  async admit({ user, loginId, sessionsMax }: Wanted, signal?: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    const untilMs = clock.monotonicMs() + pendingMs + countAgainMs;
    for (;;) {
      const known = await this.#known(user, signal);
      // No other login comes between the count and the entry.
      if (known.size + this.#unseen(user, known) < sessionsMax) break;
      if (clock.monotonicMs() >= untilMs || signal?.aborted === true)
        throw new StatusError('too_many_sessions', `User "${user}" has ${sessionsMax} sessions, which is the limit`);
      await pause(clock, countAgainMs, signal);
    }
    const pending = this.#pending.get(user) ?? new Map<string, number>();
    pending.set(loginId, clock.monotonicMs());
    this.#pending.set(user, pending);
  }

  /** Logins that are granted and not seen at a router yet, for a moment. */
  #unseen(user: string, known: ReadonlySet<string>): number {
    const pending = this.#pending.get(user);
    if (pending === undefined) return 0;
    const oldestMs = this.#parts.clock.monotonicMs() - pendingMs;
    for (const [id, atMs] of pending) if (known.has(id) || atMs < oldestMs) pending.delete(id);
    if (pending.size === 0) this.#pending.delete(user);
    return pending.size;
  }
  async #known(user: string, signal: AbortSignal | undefined): Promise<ReadonlySet<string>> {
    const routers = this.#parts.directory.nodes('routing');
    const answers = await Promise.all(routers.map((router) => this.#ask(router, user, signal)));
    return new Set(answers.flat());
  }
  async #ask(router: NodeRecord, user: string, signal: AbortSignal | undefined): Promise<readonly string[]> {
    const { rpc, telemetry } = this.#parts;
    const target = { nodeId: NodeId(router.nodeId), address: router.address };
    const client = rpc.client(routing.RoutingServiceDefinition, target);
    try {
      return (await client.listLogins({ user }, { idempotent: true, deadlineMs: answerMs, signal })).loginIds;
    } catch (thrown) {
      const { reason, message } = toStatusError(thrown);
      telemetry.emit({ event: 'sessions_uncounted', level: 'warn', router: router.nodeId, reason, message });
      return [];
    }
  }
}
