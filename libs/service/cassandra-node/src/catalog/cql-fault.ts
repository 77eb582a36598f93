/** What the catalogue refuses, as the engine throws it. */
import { CqlFault } from '../engine/contract.ts';
import type { Fault } from './fault.ts';

export function toCqlFault(fault: Fault): CqlFault {
  const { message, ...detail } = fault;
  return new CqlFault(detail, message);
}
