/** Tells the discovery nodes which sessions' grants are void; they tell all others with the next heartbeat. */
import { discovery } from '@skerry/proto';
import type { Directory } from '@skerry/runtime-discovery';
import type { RpcNode } from '@skerry/runtime-rpc';
import type { Telemetry } from '@skerry/runtime-telemetry';
import type { World } from '@skerry/runtime-world';
import { Push } from './push.ts';

/** How much longer than a grant lives its session is listed, in ms: what clocks of nodes may differ by. */
const clockSkewMs = 60_000;

export type TellParts = {
  readonly world: World;
  readonly rpc: RpcNode;
  readonly directory: Directory;
  readonly telemetry: Telemetry;
};

export class RevocationPush {
  readonly #push: Push<{ readonly id: string }>;
  readonly #world: World;
  readonly #grantLifeMs: number;

  constructor({ rpc, ...parts }: TellParts & { readonly grantLifeMs: number }) {
    this.#world = parts.world;
    this.#grantLifeMs = parts.grantLifeMs;
    this.#push = new Push({
      ...parts,
      role: 'discovery',
      event: 'revocation_not_told',
      tell: async (target, news, options) => {
        const revocations = news.map(({ id, untilMs }) => ({ id, expiresAtMs: untilMs }));
        await rpc.client(discovery.DiscoveryServiceDefinition, target).revoke({ revocations }, options);
      },
    });
  }
  revoke(ids: readonly string[]): void {
    const untilMs = this.#world.clock.wallMs() + this.#grantLifeMs + clockSkewMs;
    for (const id of ids) this.#push.add(id, { id, untilMs });
  }
  close(): void {
    this.#push.close();
  }
}
