/** Counts of what is refused and dropped; an event for the first of a kind, and then for many at once. */
import { toStatusError, type GroupId, type NodeId } from '@skerry/kernel';
import type { Telemetry } from '@skerry/runtime-telemetry';
import type { Clock } from '@skerry/runtime-world';
import { refusalEventIntervalMs } from './limits.ts';

/** Why something that came was refused. `window`: more appends than asked for. */
export type Refusal = 'group' | 'epoch' | 'sender' | 'malformed' | 'corrupt' | 'window' | 'snapshot' | 'peers';

type Past = { count: number; toldMs: number };

export class Refusals {
  readonly #clock: Clock;
  readonly #telemetry: Telemetry;
  readonly #past = new Map<Refusal, Past>();
  readonly #count: (why: Refusal) => void;

  constructor(clock: Clock, telemetry: Telemetry) {
    this.#clock = clock;
    this.#telemetry = telemetry;
    const counter = telemetry.counter('raft_refused_total', 'Frames, messages and calls refused', ['why']);
    this.#count = (why) => counter.add(1, { why });
  }
  refuse(why: Refusal, group: GroupId | string, peer: NodeId | string, thrown: unknown): void {
    this.#count(why);
    const nowMs = this.#clock.monotonicMs();
    let past = this.#past.get(why);
    if (past === undefined) {
      past = { count: 0, toldMs: -Infinity };
      this.#past.set(why, past);
    }
    past.count += 1;
    if (nowMs - past.toldMs < refusalEventIntervalMs) return;
    const { message } = toStatusError(thrown);
    this.#telemetry.emit({ event: 'raft_refused', level: 'warn', message, why, group, peer, count: past.count });
    past.count = 0;
    past.toldMs = nowMs;
  }
}
