/** Warns of reads that pass many tombstones, and ends those that pass too many. Source: Cassandra 5.0, ReadCommand.withMetricsRecording. */
import type { TableSchema } from '@skerry/domain-table';
import { CqlFault, type Execution } from '../contract.ts';

export type Guardrails = { readonly tombstonesWarn: number; readonly tombstonesFail: number };

/** @throws CqlFault `readFailure`. */
export function checkTombstones(
  { tombstonesWarn, tombstonesFail }: Guardrails,
  { keyspace, name }: TableSchema,
  tombstones: number,
  execution: Execution,
): void {
  if (tombstones <= tombstonesWarn) return;
  if (tombstones > tombstonesFail)
    throw new CqlFault(
      { kind: 'readFailure', consistency: execution.consistency, received: 0, required: 1, dataPresent: false },
      `Operation failed - received 0 responses and 1 failures: scanned over ${tombstones} tombstones during query of ` +
        `${keyspace}.${name} (last scanned row is not told)`,
    );
  const said = `tombstone cells for query of ${keyspace}.${name}`;
  const at = execution.warnings.findIndex((warning) => warning.includes(said));
  const warning = `Read ${tombstones} ${said} (see tombstone_warn_threshold)`;
  if (at >= 0) execution.warnings[at] = warning;
  else execution.warnings.push(warning);
}
