/** The value of a LIMIT. */
import { invalid, type Execution, type Operand } from '../contract.ts';
import { emptySlot } from '../operands.ts';

const limitSlot = emptySlot();
/** Infinity: none was given. @throws CqlFault no limit. */
export function limitOf(operand: Operand | undefined, execution: Execution): number {
  if (operand === undefined) return Infinity;
  const slot = limitSlot;
  operand.evaluate(execution, slot);
  if (slot.size === -2) return Infinity;
  if (slot.size === -1) throw invalid('Invalid null value of limit');
  if (slot.size !== 4) throw invalid('Invalid limit value');
  const { bytes, from } = slot;
  const value =
    ((bytes[from] as number) << 24) |
    ((bytes[from + 1] as number) << 16) |
    ((bytes[from + 2] as number) << 8) |
    (bytes[from + 3] as number);
  if (value <= 0) throw invalid('LIMIT must be strictly positive');
  return value;
}
