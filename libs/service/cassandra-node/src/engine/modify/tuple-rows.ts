/** `(a, b) IN (…)`, evaluated. */
import type { Column } from '@skerry/domain-table';
import { collectionParts, fieldParts } from '@skerry/domain-values';
import { invalid, type Execution, type Operand } from '../contract.ts';
import { emptySlot, sizeNull, slotBytes, type InTuples, type TupleValues } from '../operands.ts';
import type { TupleRows } from './clusterings.ts';
import { checkKeyPart } from './partition-keys.ts';

function tupleParts(operand: Operand, bytes: Uint8Array): readonly (Uint8Array | undefined)[] {
  const { type } = operand;
  const tuple = type.kind === 'list' ? type.element : type;
  if (tuple.kind !== 'tuple') throw invalid('Expected a tuple');
  const parts = fieldParts(tuple, bytes);
  if (!parts.ok) throw invalid(parts.error);
  return parts.value;
}
export const tupleRows =
  (columns: readonly Column[], values: InTuples): TupleRows =>
  (execution) => {
    const slot = emptySlot();
    const evaluate = (operand: Operand): Uint8Array | undefined => {
      operand.evaluate(execution, slot);
      return slotBytes(slot) ?? undefined;
    };
    const whole = (parts: readonly (Uint8Array | undefined)[]): readonly Uint8Array[] =>
      columns.map((column, i) => {
        const part = parts[i];
        if (part === undefined) checkKeyPart(column, sizeNull);
        return part ?? new Uint8Array(0);
      });
    const row = (tuple: TupleValues): readonly Uint8Array[] =>
      whole(
        tuple.kind === 'each'
          ? tuple.operands.map(evaluate)
          : tupleParts(tuple.operand, evaluate(tuple.operand) ?? new Uint8Array(0)),
      );
    if (values.kind === 'each') return values.tuples.map(row);
    return listed(values.operand, execution).map((bytes) => whole(tupleParts(values.operand, bytes)));
  };
function listed(operand: Operand, execution: Execution): readonly Uint8Array[] {
  const slot = emptySlot();
  operand.evaluate(execution, slot);
  const bytes = slotBytes(slot);
  if (bytes === null || bytes === undefined) throw invalid('Invalid null value for IN restriction');
  const parts = collectionParts('list', bytes);
  if (!parts.ok) throw invalid(parts.error);
  return parts.value;
}
