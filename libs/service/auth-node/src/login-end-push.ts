/**
 * Tells the routers whose logins are over, so that sessions end that have nothing to say, and transfers under way. One
 * that cannot be reached hears of it from the others.
 */
import { routing } from '@skerry/proto';
import type { World } from '@skerry/runtime-world';
import { Push } from './push.ts';
import type { TellParts } from './revocation-push.ts';

/** How long a router that comes late, or could not be reached, is told, in ms; after that the others have told it. */
export const endedToldMs = 10 * 60_000;

/** Logins that began until then, by the clock of grants; or one of them. */
export type EndedLogins = { readonly user: string; readonly beganUntilMs: number; readonly loginId: string };

export class LoginEndPush {
  readonly #push: Push<EndedLogins>;
  readonly #world: World;

  constructor({ rpc, ...parts }: TellParts) {
    this.#world = parts.world;
    this.#push = new Push({
      ...parts,
      role: 'routing',
      event: 'login_end_not_told',
      tell: async (target, news, options) => {
        const client = rpc.client(routing.RoutingServiceDefinition, target);
        for (const { user, beganUntilMs, loginId } of news)
          await client.endLogins({ user, beganUntilMs, loginId }, options);
      },
    });
  }
  end(ended: EndedLogins): void {
    const untilMs = this.#world.clock.wallMs() + endedToldMs;
    this.#push.add(ended.loginId === '' ? `user ${ended.user}` : `login ${ended.loginId}`, { ...ended, untilMs });
  }
  close(): void {
    this.#push.close();
  }
}
