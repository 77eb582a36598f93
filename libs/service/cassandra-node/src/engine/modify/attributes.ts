/** USING TIMESTAMP and USING TTL. Source: Cassandra 5.0, `cql3.Attributes`. */
import type { TableSchema } from '@skerry/domain-table';
import type { Using } from '@skerry/protocol-cql';
import { ttlMaxSeconds } from '../../catalog/table-options.ts';
import { invalid, type Execution, type Operand } from '../contract.ts';
import { emptySlot, prepareOperand, sizeNull, sizeUnset } from '../operands.ts';
import type { Planning } from '../planning.ts';
import { timestampReceiver, ttlReceiver } from '../receivers.ts';

export class Attributes {
  readonly #timestamp: Operand | undefined;
  readonly #ttl: Operand | undefined;
  readonly #defaultTtl: number;
  readonly #slot = emptySlot();
  /** Filled by `bind`. Microseconds since 1970: signed halves. */
  hi = 0;
  lo = 0;
  /** Seconds; 0: none. */
  ttl = 0;

  constructor(planning: Planning, table: TableSchema, { timestamp, ttl }: Using) {
    this.#timestamp = timestamp && prepareOperand(planning, timestamp, timestampReceiver(table));
    this.#ttl = ttl && prepareOperand(planning, ttl, ttlReceiver(table));
    this.#defaultTtl = table.defaultTtlSeconds;
  }
  get hasTimestamp(): boolean {
    return this.#timestamp !== undefined;
  }
  get hasTtl(): boolean {
    return this.#ttl !== undefined;
  }
  bind(execution: Execution): void {
    this.hi = execution.timestampHi;
    this.lo = execution.timestampLo;
    this.ttl = this.#defaultTtl;
    if (this.#timestamp !== undefined) this.#bindTimestamp(this.#timestamp, execution);
    if (this.#ttl !== undefined) this.#bindTtl(this.#ttl, execution);
  }
  #bindTimestamp(operand: Operand, execution: Execution): void {
    const slot = this.#slot;
    operand.evaluate(execution, slot);
    if (slot.size === sizeUnset) return;
    if (slot.size <= 0) throw invalid('Invalid null value of timestamp');
    const view = new DataView(slot.bytes.buffer, slot.bytes.byteOffset);
    this.hi = view.getInt32(slot.from);
    this.lo = view.getInt32(slot.from + 4);
    // Cassandra's own mark for "no timestamp".
    if (this.hi === -0x80000000 && this.lo === 0)
      throw invalid('Out of bound timestamp, must be in [-9223372036854775807, 9223372036854775807]');
  }
  #bindTtl(operand: Operand, execution: Execution): void {
    const slot = this.#slot;
    operand.evaluate(execution, slot);
    if (slot.size === sizeUnset) return;
    const isNone = slot.size === sizeNull || slot.size === 0;
    const ttl = isNone ? 0 : new DataView(slot.bytes.buffer, slot.bytes.byteOffset).getInt32(slot.from);
    if (ttl < 0) throw invalid(`A TTL must be greater or equal to 0, but was ${ttl}`);
    if (ttl > ttlMaxSeconds) throw invalid(`ttl is too large. requested (${ttl}) maximum (${ttlMaxSeconds})`);
    this.ttl = ttl;
  }
}
