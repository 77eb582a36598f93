/** What every transfer begins with. Source: RFC 959 §4.1.3, RFC 4217 §10. */
import { processing } from '@skerry/proto';
import type { TransferOperation } from './types.ts';
import type { Steps, Turn } from './turn.ts';

const { ListFormat, ListOrder } = processing;

/** RFC 4217 §10: the data connection must be protected here, and PROT says that it is not. */
export function unprotected(turn: Turn): boolean {
  if (turn.context.tlsRequired !== 'data' || turn.session.dataTls) return false;
  turn.reply(521, 'Data connections must be under TLS here; send PBSZ 0 and PROT P.');
  return true;
}

export type Plan = Partial<processing.Transfer> & {
  readonly kind: processing.TransferKind;
  readonly operation: TransferOperation;
  readonly path: string;
  readonly offset?: number;
  readonly expectedLength?: number | undefined;
  readonly announcedLength?: number | undefined;
};

/** Gets the ticket, and hands the transfer over to the router. */
export function* begin(turn: Turn, plan: Plan): Steps {
  const { operation, path, offset = 0, expectedLength, announcedLength, uniqueName = false } = plan;
  const prepared = yield* turn.call<'prepare'>({
    kind: 'prepare',
    operation,
    path,
    offset,
    expectedLength,
    announcedLength,
    uniqueName,
    recursive: plan.recursive ?? false,
  });
  if (!prepared.ok) return turn.refuse(prepared.error, operation);
  const { ticket, rights } = prepared.value;
  turn.direct({
    $case: 'transfer',
    value: {
      kind: plan.kind,
      ticket,
      type: turn.session.type,
      format: plan.format ?? ListFormat.UNSPECIFIED,
      pattern: plan.pattern ?? '',
      namePrefix: plan.namePrefix ?? '',
      path,
      allNames: plan.allNames ?? false,
      facts: plan.facts ?? [],
      uniqueName,
      rights: [...rights],
      length: plan.length,
      itself: plan.itself ?? false,
      order: plan.order ?? ListOrder.UNSPECIFIED,
      reverse: plan.reverse ?? false,
      recursive: plan.recursive ?? false,
    },
  });
}
