/** What writing refuses, in the protocol's terms. */
import { StatusError } from '@skerry/kernel';
import { invalid } from '../contract.ts';

/** A key or an element that is too long is the request's fault; all else goes on as it is. */
export const toFault = (thrown: unknown): unknown =>
  thrown instanceof StatusError && (thrown.reason === 'too_large' || thrown.reason === 'malformed')
    ? invalid(thrown.message)
    : thrown;

/** Consistency levels by their numbers. Source: native protocol v5 §3. */
const levelAny = 0;
const levelSerial = 8;
const levelLocalSerial = 9;
export const isSerial = (level: number): boolean => level === levelSerial || level === levelLocalSerial;

/** @throws CqlFault a level that writes cannot have. Source: Cassandra 5.0, `ConsistencyLevel.validateForWrite`. */
export function checkWriteLevel(level: number): void {
  if (isSerial(level)) throw invalid('You must use conditional updates for serializable writes');
}
export function checkCounterLevel(level: number, table: string): void {
  if (level === levelAny) throw invalid(`Consistency level ANY is not yet supported for counter table ${table}`);
  if (isSerial(level)) throw invalid('Counter operations are inherently non-serializable');
}
export function checkCasLevels(level: number, serialLevel: number): void {
  if (isSerial(level))
    throw invalid(
      `${level === levelSerial ? 'SERIAL' : 'LOCAL_SERIAL'} is not supported as conditional update commit consistency. Use ANY if you mean "make sure it is accepted but I don't care how many replicas commit it for non-SERIAL reads"`,
    );
  if (serialLevel >= 0 && !isSerial(serialLevel))
    throw invalid('Invalid consistency for conditional update. Must be one of SERIAL or LOCAL_SERIAL');
}
