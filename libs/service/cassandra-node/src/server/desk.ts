/** What all connections share. */
import type { Checksum } from '@skerry/kernel';
import type { Telemetry } from '@skerry/runtime-telemetry';
import type { BatchParts, Execution, Plan, ResultSink, SchemaChange } from '../engine/contract.ts';
import type { Authenticator } from './authentication.ts';
import type { Figures } from './figures.ts';
import type { ColumnBytes, Planner, PreparedStatements } from './prepared.ts';
import type { Timestamps } from './timestamps.ts';
import type { Tracer } from './tracing.ts';
import type { Turn } from './turn.ts';

export type BatchKind = 'logged' | 'unlogged' | 'counter';

export type Engine = Planner & {
  batch(kind: BatchKind, parts: BatchParts, execution: Execution, sink: ResultSink): void | Promise<void>;
  /** Writes are refused: the disk is behind. Resolves when they are taken again. */
  room(): Promise<void> | undefined;
};
export type Authorizer = {
  /** @throws CqlFault `unauthorized`. */
  check(role: string, plan: Plan): void;
};

export type Desk = {
  readonly engine: Engine;
  readonly prepared: PreparedStatements;
  readonly columnBytes: ColumnBytes;
  readonly timestamps: Timestamps;
  readonly turn: Turn;
  readonly telemetry: Telemetry;
  readonly figures: Figures;
  readonly tracer: Tracer;
  /** Monotonic, in milliseconds. */
  readonly nowMs: () => number;
  /** CRC-32 of IEEE 802.3. */
  readonly crc32: Checksum;
  /** Undefined: whoever comes may do all. */
  readonly authenticator: Authenticator | undefined;
  readonly authorizer: Authorizer | undefined;
  readonly limits: Limits;
  /** Told to all who registered. */
  schemaChanged(change: SchemaChange): void;
};
export type Limits = {
  /** Bytes of one frame's body. */
  readonly frameMaxBytes: number;
  /** Requests of one connection that wait for something. */
  readonly waitingMax: number;
  /** Bytes of answers that a client has not read yet, at which it is read from no more. */
  readonly unreadMaxBytes: number;
  /** What takes so long, in ms, goes to the slow-query log; 0: nothing. */
  readonly slowMs: number;
};
