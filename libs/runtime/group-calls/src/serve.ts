/** A member's side: operations of many clients, each answered when it is decided and applied. */
import {
  emptyBytes,
  type GroupId,
  idSizeBytes,
  type OperationId,
  type OrderedReader,
  StatusError,
  toHex,
  toStatusError,
} from '@skerry/kernel';
import { group as wire } from '@skerry/proto';
import type { OpenedReplica, Proposal, Replica } from '@skerry/runtime-replica';
import type { RpcNode } from '@skerry/runtime-rpc';
import { Answers } from './answers.ts';

export type ServedGroup = {
  readonly group: GroupId;
  readonly replica: Pick<OpenedReplica, 'proposeAll' | 'readBarrier' | 'state' | 'leader'>;
  /** What a query means. @throws StatusError for one that it cannot answer. */
  query(state: OrderedReader, query: Uint8Array): Uint8Array;
};

/** Before the node listens. `callers`: roles that may ask. */
export function serveGroup(rpc: RpcNode, served: ServedGroup, callers: readonly string[]): void {
  rpc.serve(
    wire.GroupServiceDefinition,
    { operate: (requests, { signal }) => operate(served, requests, signal) },
    { operate: callers },
  );
}

function operate(
  served: ServedGroup,
  requests: AsyncIterable<wire.OperateRequest>,
  signal: AbortSignal,
): AsyncIterable<wire.OperateResponse> {
  const gone = (): void => answers.fail(new StatusError('cancelled', 'The caller went away'));
  const answers = new Answers(() => signal.removeEventListener('abort', gone));
  signal.addEventListener('abort', gone, { once: true });
  read(served, requests, answers).catch((thrown: unknown) => answers.fail(thrown));
  return answers;
}

async function read(
  served: ServedGroup,
  requests: AsyncIterable<wire.OperateRequest>,
  answers: Answers,
): Promise<void> {
  for await (const { group, operations } of requests) {
    if (group !== served.group)
      throw new StatusError('no_node', `This node is no member of group "${group.slice(0, 80)}"`);
    answers.expect(operations.length);
    begin(served, operations, answers);
    const room = answers.room();
    if (room !== undefined) await room;
  }
  answers.end();
}

/** What came together is proposed together, and asks once whether this member may read. */
function begin(served: ServedGroup, operations: readonly wire.Operation[], answers: Answers): void {
  const proposals: Proposal[] = [];
  const queries: Query[] = [];
  const { replica } = served;
  for (const { number, kind } of operations) {
    const operation = new Operation(number, replica, answers);
    if (kind?.$case === 'query') queries.push({ operation, query: kind.value });
    else if (kind?.$case === 'proposal' && kind.value.operationId.length === idSizeBytes)
      proposals.push(operation.proposing(kind.value));
    else operation.refused(new StatusError('malformed', `Operation ${number} has no kind, or no operation id`));
  }
  if (proposals.length > 0) replica.proposeAll(proposals);
  if (queries.length > 0) void readAll(served, queries);
}

type Query = { readonly operation: Operation; readonly query: Uint8Array };
async function readAll({ replica, query: read }: ServedGroup, queries: readonly Query[]): Promise<void> {
  try {
    await replica.readBarrier();
  } catch (thrown) {
    for (const { operation } of queries) operation.refused(thrown);
    return;
  }
  for (const { operation, query } of queries)
    try {
      operation.decided(read(replica.state, query).slice());
    } catch (thrown) {
      operation.refused(thrown);
    }
}

/** One of a caller's, until it is answered; of a proposal also what is proposed. */
class Operation implements Proposal {
  readonly #number: number;
  readonly #replica: Pick<Replica, 'leader'>;
  readonly #answers: Answers;
  command = emptyBytes;
  operationId = '' as OperationId;

  constructor(number: number, replica: Pick<Replica, 'leader'>, answers: Answers) {
    this.#number = number;
    this.#replica = replica;
    this.#answers = answers;
  }
  proposing({ operationId, command }: wire.Proposal): this {
    this.operationId = toHex(operationId) as OperationId;
    this.command = command;
    return this;
  }
  decided(result: Uint8Array): void {
    this.#answers.add({ number: this.#number, kind: { $case: 'result', value: result } });
  }
  refused(thrown: unknown): void {
    const { reason, message } = toStatusError(thrown);
    const leader = reason === 'not_leader' ? (this.#replica.leader ?? '') : '';
    this.#answers.add({ number: this.#number, kind: { $case: 'refusal', value: { reason, message, leader } } });
  }
}
