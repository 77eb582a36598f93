import type { Counter, Telemetry } from '@skerry/runtime-telemetry';

/** Figures of one group's streams, counted here first: a counter with labels costs as much as a message. */
export class LinkMetrics {
  readonly #frames: Counter;
  readonly #messages: Counter;
  readonly #bulkBytes: Counter;
  readonly #dropped: Counter;
  readonly #out: { readonly group: string; readonly direction: 'out' };
  readonly #in: { readonly group: string; readonly direction: 'in' };
  readonly #group: { readonly group: string };
  readonly #sent = nothing();
  readonly #received = nothing();

  constructor(telemetry: Telemetry, group: string) {
    const labels = ['group', 'direction'];
    this.#frames = telemetry.counter('raft_link_frames_total', 'Frames between members', labels);
    this.#messages = telemetry.counter('raft_link_messages_total', 'Messages of Raft between members', labels);
    this.#bulkBytes = telemetry.counter('raft_link_append_bytes_total', 'Bytes of log records between members', labels);
    this.#dropped = telemetry.counter('raft_link_dropped_total', 'Messages not sent: no stream, or full', ['group']);
    this.#out = { group, direction: 'out' };
    this.#in = { group, direction: 'in' };
    this.#group = { group };
  }
  sent(messages: number, bulkBytes: number): void {
    add(this.#sent, messages, bulkBytes);
  }
  received(messages: number, bulkBytes: number): void {
    add(this.#received, messages, bulkBytes);
  }
  dropped(messages: number): void {
    if (messages > 0) this.#dropped.add(messages, this.#group);
  }
  /** Called now and then: what was counted since goes into the figures. */
  flush(): void {
    for (const [counts, labels] of [
      [this.#sent, this.#out],
      [this.#received, this.#in],
    ] as const) {
      if (counts.frames === 0) continue;
      this.#frames.add(counts.frames, labels);
      this.#messages.add(counts.messages, labels);
      this.#bulkBytes.add(counts.bulkBytes, labels);
      Object.assign(counts, nothing());
    }
  }
}

type Counts = { frames: number; messages: number; bulkBytes: number };
const nothing = (): Counts => ({ frames: 0, messages: 0, bulkBytes: 0 });
function add(counts: Counts, messages: number, bulkBytes: number): void {
  counts.frames += 1;
  counts.messages += messages;
  counts.bulkBytes += bulkBytes;
}
