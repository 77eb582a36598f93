/** A member's side: operations of many clients, each answered when it is decided and applied. */
import {
  type GroupId,
  idFromBytes,
  idSizeBytes,
  OperationId,
  type OrderedReader,
  StatusError,
  toStatusError,
} from '@skerry/kernel';
import { group as wire } from '@skerry/proto';
import { Channel } from '@skerry/runtime-driver';
import type { Replica } from '@skerry/runtime-replica';
import type { RpcNode } from '@skerry/runtime-rpc';
import { batchCountMax, streamOperationCountMax } from './limits.ts';

export type ServedGroup = {
  readonly group: GroupId;
  readonly replica: Replica;
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

async function* operate(
  served: ServedGroup,
  requests: AsyncIterable<wire.OperateRequest>,
  signal: AbortSignal,
): AsyncGenerator<{ readonly outcomes: wire.Outcome[] }, void> {
  const outcomes = new Channel<wire.Outcome>({ capacity: streamOperationCountMax });
  let underWay = 0;
  let room: (() => void) | undefined;
  const answer = (outcome: wire.Outcome): void => {
    underWay -= 1;
    if (!outcomes.closed) outcomes.offer(outcome);
    if (underWay < streamOperationCountMax / 2) room?.();
  };
  const read = async (): Promise<void> => {
    for await (const { group, operations } of requests) {
      if (group !== served.group)
        throw new StatusError('no_node', `This node is no member of group "${group.slice(0, 80)}"`);
      underWay += operations.length;
      for (const operation of operations) begin(served, operation, answer);
      if (underWay >= streamOperationCountMax) await new Promise<void>((resolve) => (room = resolve));
    }
    outcomes.end();
  };
  const over = (): void => outcomes.fail(new StatusError('cancelled', 'The caller went away'));
  signal.addEventListener('abort', over, { once: true });
  read().catch((thrown: unknown) => outcomes.fail(thrown));
  try {
    for await (const first of outcomes) {
      const batch = [first];
      for (let next = outcomes.poll(); next !== undefined; next = outcomes.poll()) {
        batch.push(next);
        if (batch.length >= batchCountMax) break;
      }
      yield { outcomes: batch };
    }
  } finally {
    signal.removeEventListener('abort', over);
    room?.();
  }
}

function begin(served: ServedGroup, { number, kind }: wire.Operation, answer: (outcome: wire.Outcome) => void): void {
  const { replica } = served;
  const done = (result: Uint8Array): void => answer({ number, kind: { $case: 'result', value: result } });
  const refuse = (thrown: unknown): void => {
    const { reason, message } = toStatusError(thrown);
    const leader = reason === 'not_leader' ? (replica.leader ?? '') : '';
    answer({ number, kind: { $case: 'refusal', value: { reason, message, leader } } });
  };
  switch (kind?.$case) {
    case 'proposal': {
      const { operationId, command } = kind.value;
      if (operationId.length !== idSizeBytes)
        return refuse(
          new StatusError('malformed', `Operation id must have ${idSizeBytes} bytes: got ${operationId.length}`),
        );
      replica.propose(command, OperationId(idFromBytes(operationId))).then(({ result }) => done(result), refuse);
      return;
    }
    case 'query': {
      const query = kind.value;
      replica
        .readBarrier()
        .then(() => done(served.query(replica.state, query).slice()))
        .catch(refuse);
      return;
    }
    case undefined:
      refuse(new StatusError('malformed', 'Operation has no kind'));
  }
}
