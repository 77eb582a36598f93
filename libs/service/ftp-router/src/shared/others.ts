/** An operator's call passed on to the other routers, all at once: one that does not answer is named. */
import { NodeId, toStatusError } from '@skerry/kernel';
import { routing } from '@skerry/proto';
import type { ServiceEnvironment } from '@skerry/runtime-host';
import type { CallOptions, Client } from '@skerry/runtime-rpc';

/** How long another router gets, in ms: an operator waits for it. */
export const passOnMs = 2_000;

type Router = Client<routing.RoutingServiceDefinition>;
export type Answers<T> = { readonly answers: readonly T[]; readonly unreached: readonly string[] };

export async function passOn<T>(
  { rpc, directory, telemetry }: Pick<ServiceEnvironment, 'rpc' | 'directory' | 'telemetry'>,
  call: (router: Router, options: CallOptions) => Promise<T>,
): Promise<Answers<T>> {
  const others = directory.nodes('routing').filter(({ nodeId }) => nodeId !== rpc.nodeId);
  const unreached: string[] = [];
  const answers = await Promise.all(
    others.map(async ({ nodeId, address }) => {
      const router = rpc.client(routing.RoutingServiceDefinition, { nodeId: NodeId(nodeId), address });
      try {
        return [await call(router, { idempotent: true, deadlineMs: passOnMs })];
      } catch (thrown) {
        const { reason, message } = toStatusError(thrown);
        telemetry.emit({ event: 'router_not_reached', level: 'warn', router: nodeId, reason, message });
        unreached.push(nodeId);
        return [];
      }
    }),
  );
  return { answers: answers.flat(), unreached };
}
