/** Views of the state that are read for others: each closes when its last reader is done, and no sooner. */
import { afterEach, describe, expect, it } from '@jest/globals';
import type { SnapshotMark } from '@skerry/cluster-raft';
import { GroupId, LogIndex, MemoryStore, NodeId, type OrderedView, StatusError, Term } from '@skerry/kernel';
import type { OutgoingSnapshot, RaftLinks } from '@skerry/runtime-raft-links';
import type { Telemetry } from '@skerry/runtime-telemetry';
import type { Timer } from '@skerry/runtime-world';
import { eventually } from '@skerry/testing';
import { writeApplied } from './meta.ts';
import { SnapshotSender } from './snapshot-out.ts';

type Sending = { readonly to: NodeId; readonly id: string; readonly done: () => void };

/** A leader whose log is cut, and whose streams end, when the test says so. */
class Leader {
  readonly sending: Sending[] = [];
  readonly sent: string[] = [];
  /** Of each view in turn, whether it is open. */
  readonly views: boolean[] = [];
  firstIndex = 1;
  /** Thrown instead of the next view. */
  failure: StatusError | undefined;
  readonly #store = new MemoryStore();
  readonly #timers = new Set<() => void>();
  readonly sender = new SnapshotSender({
    group: GroupId('data'),
    clock: { monotonicMs: () => 0, wallMs: () => 0, setTimer: (_, callback) => this.#timer(callback) },
    telemetry: { emit: () => undefined } as unknown as Telemetry,
    links: { sendSnapshot: (...words) => this.#send(...words) } as RaftLinks,
    openView: async () => this.#open(),
    stateIn: (view) => view,
    markAt: (index) => ({ last: { index: LogIndex(index), term: Term(1) } }) as SnapshotMark,
    envelope: () => ({ fromIncarnation: 1, term: Term(1) }),
    firstIndex: () => this.firstIndex,
    sent: (to, ok) => void this.sent.push(`${to} ${ok}`),
  });

  #timer(callback: () => void): Timer {
    this.#timers.add(callback);
    return { cancel: () => void this.#timers.delete(callback) };
  }
  /** All that waits for its time. */
  passTime(): void {
    for (const callback of [...this.#timers]) callback();
    this.#timers.clear();
  }
  #open(): OrderedView {
    const { failure } = this;
    this.failure = undefined;
    if (failure !== undefined) throw failure;
    const number = this.views.push(true) - 1;
    const close = (): void => {
      expect(this.views[number]).toBe(true);
      this.views[number] = false;
    };
    const { get, range } = this.#store;
    return { get: get.bind(this.#store), range: range.bind(this.#store), close };
  }
  #send(to: NodeId, { id }: OutgoingSnapshot, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.sending.push({ to, id, done: resolve });
      signal.addEventListener('abort', () => reject(new StatusError('cancelled', 'the call was given up')));
    });
  }
  apply(index: number): void {
    const time = { wallMs: 1, counter: 0 };
    this.#store.transaction((writer) => writeApplied(writer, { index: LogIndex(index), time }));
  }
  async begin(to: string): Promise<Sending> {
    const count = this.sending.length;
    this.sender.send(NodeId(to));
    await eventually(() => this.sending.length > count);
    return this.sending[count] as Sending;
  }
  async end(sending: Sending): Promise<void> {
    const count = this.sent.length;
    sending.done();
    await eventually(() => this.sent.length > count);
  }
}
let leader: Leader;
const leaderAt = (index: number): Leader => {
  leader = new Leader();
  leader.apply(index);
  return leader;
};
afterEach(async () => {
  await leader.sender.close();
  expect(leader.views).toEqual(leader.views.map(() => false));
});

describe('a snapshot on its way', () => {
  it('is tried again when the view could not be opened', async () => {
    leaderAt(10);
    leader.failure = new StatusError('overloaded', 'too many readers');
    leader.sender.send(NodeId('data_2'));
    await eventually(() => leader.sent.length === 1);
    const { id, ...sending } = await leader.begin('data_2');
    await leader.end({ id, ...sending });
    expect([leader.sent, id]).toEqual([['data_2 false', 'data_2 true'], 'data-10-1']);
  });
  it('shares one view with those that begin meanwhile, or soon after', async () => {
    leaderAt(10);
    const [one, two] = [await leader.begin('data_2'), await leader.begin('data_3')];
    await leader.end(one);
    await leader.end(two);
    leader.apply(11);
    const three = await leader.begin('data_2');
    expect([leader.views, three.id]).toEqual([[true], 'data-10-1']);
    await leader.end(three);
    leader.passTime();
    await eventually(() => leader.views[0] === false);
  });
  it('from which the log goes on no more closes its view at its end, and leaves the newer one alone', async () => {
    leaderAt(10);
    const old = await leader.begin('data_2');
    leader.apply(20);
    leader.firstIndex = 20;
    const newer = await leader.begin('data_3');
    expect([leader.views, newer.id]).toEqual([[true, true], 'data-20-1']);
    await leader.end(old);
    expect(leader.views).toEqual([false, true]);
    leader.passTime();
    await Promise.resolve();
    expect(leader.views).toEqual([false, true]);
    await leader.end(newer);
    leader.passTime();
    await eventually(() => leader.views[1] === false);
  });
  it('begins once for all that come when the old view is of no use', async () => {
    leaderAt(10);
    await leader.end(await leader.begin('data_2'));
    leader.apply(20);
    leader.firstIndex = 20;
    leader.sender.send(NodeId('data_2'));
    leader.sender.send(NodeId('data_3'));
    await eventually(() => leader.sending.length === 3);
    expect(leader.views).toEqual([false, true]);
  });
});
