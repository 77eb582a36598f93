/**
 * The embedded system's one gRPC door: health, reflection and every role's service, passed on inside the process. For
 * grpcurl and the operator's commands; the roles themselves call each other directly.
 */
import type { NodeId } from '@skerry/kernel';
import { auth, data, discovery, processing, routing } from '@skerry/proto';
import type { Service, ServiceEnvironment } from '@skerry/runtime-host';
import type { AccessTable, Client, Handlers, RpcNode, ServiceDefinition } from '@skerry/runtime-rpc';
import { operatorRole } from '@skerry/runtime-security';

/** Its calls go on as the operator's: nobody else may make them. */
export function serveGateway(
  rpc: RpcNode,
  idOf: (role: string) => { readonly nodeId: NodeId; readonly address: string },
): void {
  pass(rpc, auth.AuthServiceDefinition, rpc.client(auth.AuthServiceDefinition, idOf('auth')));
  pass(rpc, data.DataServiceDefinition, rpc.client(data.DataServiceDefinition, idOf('data')));
  pass(rpc, discovery.DiscoveryServiceDefinition, rpc.client(discovery.DiscoveryServiceDefinition, idOf('discovery')));
  pass(
    rpc,
    processing.ProcessingServiceDefinition,
    rpc.client(processing.ProcessingServiceDefinition, idOf('processing')),
  );
  pass(rpc, routing.RoutingServiceDefinition, rpc.client(routing.RoutingServiceDefinition, idOf('routing')));
}

function pass<S extends ServiceDefinition>(rpc: RpcNode, definition: S, client: Client<S>): void {
  const names = Object.keys(definition.methods);
  type Call = (request: unknown, options: { signal: AbortSignal; messageId: string }) => unknown;
  const calls = client as unknown as Readonly<Record<string, Call>>;
  const handlers = names.map((name) => [
    name,
    (request: unknown, context: { signal: AbortSignal; messageId: string }) =>
      calls[name]?.(request, { signal: context.signal, messageId: context.messageId }),
  ]);
  // One handler and one access row for each method of the definition, made from its own names.
  rpc.serve(
    definition,
    Object.fromEntries(handlers) as Handlers<S>,
    Object.fromEntries(names.map((name) => [name, [operatorRole]])) as unknown as AccessTable<S>,
  );
}

export function gatewayService(environment: ServiceEnvironment, idOf: Parameters<typeof serveGateway>[1]): Service {
  serveGateway(environment.rpc, idOf);
  return { endpoints: {}, load: () => 0, status: () => ({}), stop: () => Promise.resolve() };
}
