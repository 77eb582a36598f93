/**
 * The embedded system's one gRPC door: health, reflection and every role's service, passed on inside the process. For
 * grpcurl and the operator's commands; the roles themselves call each other directly.
 */
import { StatusError, type NodeId } from '@skerry/kernel';
import { auth, cassandra, data, discovery, processing, raft, routing } from '@skerry/proto';
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
  pass(rpc, cassandra.CassandraServiceDefinition, rpc.client(cassandra.CassandraServiceDefinition, idOf('cassandra')));
  serveRaft(rpc, idOf);
}

/** Both replicated roles have the service: a call goes to the role that its group is named after. */
function serveRaft(rpc: RpcNode, idOf: Parameters<typeof serveGateway>[1]): void {
  const members = new Map(
    ['data', 'auth'].map((role) => [role, rpc.client(raft.RaftServiceDefinition, idOf(role))] as const),
  );
  const memberOf = (group: string): Client<raft.RaftServiceDefinition> => {
    const member = members.get(group);
    if (member !== undefined) return member;
    throw new StatusError('no_node', `Cannot find group "${group}": there are ${[...members.keys()].join(', ')}`);
  };
  const refuse = (): never => {
    throw new StatusError('access_denied', 'The members of the embedded system have no others to talk to');
  };
  const access = [operatorRole];
  rpc.serve(
    raft.RaftServiceDefinition,
    {
      exchange: refuse,
      sendSnapshot: refuse,
      getRaftStatus: async (request, { signal }) => {
        const asked = request.group === '' ? [...members.values()] : [memberOf(request.group)];
        const answers = await Promise.all(asked.map((member) => member.getRaftStatus(request, { signal })));
        return { groups: answers.flatMap(({ groups }) => groups) };
      },
      transferLeadership: (request, { signal }) => memberOf(request.group).transferLeadership(request, { signal }),
      changeMembers: (request, { signal }) => memberOf(request.group).changeMembers(request, { signal }),
      takeSnapshot: (request, { signal }) => memberOf(request.group).takeSnapshot(request, { signal }),
      digestState: (request, { signal }) => memberOf(request.group).digestState(request, { signal }),
    },
    {
      exchange: access,
      sendSnapshot: access,
      getRaftStatus: access,
      transferLeadership: access,
      changeMembers: access,
      takeSnapshot: access,
      digestState: access,
    },
  );
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
