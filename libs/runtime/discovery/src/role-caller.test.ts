import { describe, expect, test } from '@jest/globals';
import { StatusError, type Reason } from '@skerry/kernel';
import { data } from '@skerry/proto';
import type { CallOptions, Client, RpcNode } from '@skerry/runtime-rpc';
import type { TelemetryEvent } from '@skerry/runtime-telemetry';
import type { Clock } from '@skerry/runtime-world';
import { recordOf } from './fixture.ts';
import { retryPauseMaxMs, retryPauseMinMs, RoleCaller } from './role-caller.ts';

type Definition = typeof data.DataServiceDefinition;
type Asked = { readonly node: string; readonly deadlineMs: number | undefined };

/** Three nodes that can be told to fail, and a clock that jumps to the next timer. */
class Stage {
  nowMs = 1_000;
  records = ['data_1', 'data_2', 'data_3'].map((id) => recordOf(id));
  readonly failing = new Map<string, Reason>();
  readonly reported: string[] = [];
  readonly events: TelemetryEvent[] = [];
  readonly asked: Asked[] = [];
  readonly pausesMs: number[] = [];
  /** What each try takes, in ms. */
  tryMs = 1;
  chance = 0;
  readonly stop = new AbortController();
  onPause: () => void = () => undefined;
  clientsMade = 0;

  readonly clock: Clock = {
    monotonicMs: () => this.nowMs,
    wallMs: () => this.nowMs,
    setTimer: (delayMs, callback) => {
      this.pausesMs.push(delayMs);
      this.onPause();
      queueMicrotask(() => {
        this.nowMs += delayMs;
        callback();
      });
      return { cancel: () => undefined };
    },
  };
  caller(sticky = true): RoleCaller<Definition> {
    const rpc = {
      client: (_: unknown, { nodeId }: { nodeId: string }) => {
        this.clientsMade += 1;
        return nodeId as unknown;
      },
    } as unknown as RpcNode;
    return new RoleCaller(
      {
        rpc,
        directory: {
          nodes: (role) => (role === 'data' ? this.records : []),
          // The real one draws; this one takes the first.
          pick: (role, except = new Set()) => {
            const found = this.records.find(({ nodeId }) => !except.has(nodeId)) ?? this.records[0];
            if (found === undefined) throw new StatusError('no_node', `No node of role "${role}" is known`);
            return found;
          },
          reportFailure: (nodeId) => void this.reported.push(nodeId),
        },
        world: { clock: this.clock, random: (count) => new Uint8Array(count).fill(this.chance) },
        telemetry: { emit: (event) => void this.events.push(event) },
      },
      { role: 'data', definition: data.DataServiceDefinition, sticky, tryMaxMs: 100 },
    );
  }
  /** An attempt: the node's name, or its failure. */
  readonly attempt = async (client: Client<Definition>, { deadlineMs }: CallOptions): Promise<string> => {
    const node = client as unknown as string;
    this.asked.push({ node, deadlineMs });
    this.nowMs += this.tryMs;
    const reason = this.failing.get(node);
    if (reason !== undefined) throw new StatusError(reason, `${node} was told to fail`);
    return node;
  };
  call(caller: RoleCaller<Definition>, forMs = 1_000): Promise<string> {
    return caller.call(this.attempt, { atMs: this.nowMs + forMs, signal: this.stop.signal });
  }
  failAll(reason: Reason): void {
    for (const { nodeId } of this.records) this.failing.set(nodeId, reason);
  }
  get nodesAsked(): readonly string[] {
    return this.asked.map(({ node }) => node);
  }
}

describe('a node that fails', () => {
  test.each([
    { reason: 'not_leader', blamed: false },
    { reason: 'overloaded', blamed: false },
    { reason: 'connection_lost', blamed: true },
    { reason: 'shutting_down', blamed: true },
    { reason: 'deadline', blamed: true },
    { reason: 'stalled', blamed: true },
    { reason: 'token_invalid', blamed: true },
    { reason: 'token_expired', blamed: true },
  ] as const)('with $reason: another is asked at once; the node is blamed: $blamed', async (row) => {
    const stage = new Stage();
    stage.failing.set('data_1', row.reason);
    expect(await stage.call(stage.caller())).toBe('data_2');
    expect(stage.pausesMs).toEqual([]);
    expect(stage.reported).toEqual(row.blamed ? ['data_1'] : []);
    expect(stage.events.map(({ event, nodeAsked }) => [event, nodeAsked])).toEqual(
      row.blamed ? [['node_call_failed', 'data_1']] : [],
    );
  });
  test.each(['disk_full', 'no_such_entry', 'access_denied', 'unexpected'] as const)(
    'with %s: another would say the same, so none is asked',
    async (reason) => {
      const stage = new Stage();
      stage.failing.set('data_1', reason);
      await expect(stage.call(stage.caller())).rejects.toMatchObject({ reason });
      expect(stage.nodesAsked).toEqual(['data_1']);
      expect(stage.reported).toEqual([]);
    },
  );
});

describe('the node that served last', () => {
  test('is asked first the next time', async () => {
    const stage = new Stage();
    const caller = stage.caller();
    stage.failing.set('data_1', 'not_leader');
    await stage.call(caller);
    stage.failing.clear();
    expect(await stage.call(caller)).toBe('data_2');
  });
  test('is forgotten when it fails', async () => {
    const stage = new Stage();
    const caller = stage.caller();
    stage.failing.set('data_1', 'not_leader');
    await stage.call(caller);
    stage.failing.delete('data_1');
    stage.failing.set('data_2', 'connection_lost');
    expect(await stage.call(caller)).toBe('data_1');
    stage.failing.clear();
    expect(await stage.call(caller)).toBe('data_1');
  });
  test('that has left is not asked', async () => {
    const stage = new Stage();
    const caller = stage.caller();
    stage.failing.set('data_1', 'not_leader');
    await stage.call(caller);
    stage.failing.clear();
    stage.records = [recordOf('data_3')];
    expect(await stage.call(caller)).toBe('data_3');
  });
  test('is nothing special where calls are spread', async () => {
    const stage = new Stage();
    const caller = stage.caller(false);
    stage.failing.set('data_1', 'overloaded');
    await stage.call(caller);
    stage.failing.clear();
    expect(await stage.call(caller)).toBe('data_1');
  });
});

describe('all nodes failing', () => {
  test.each(['token_invalid', 'token_expired'] as const)('with %s: each is asked once', async (reason) => {
    const stage = new Stage();
    stage.failAll(reason);
    await expect(stage.call(stage.caller())).rejects.toMatchObject({ reason });
    expect(stage.nodesAsked).toEqual(['data_1', 'data_2', 'data_3']);
    expect(stage.pausesMs).toEqual([]);
  });
  test('each is asked once, then all again after a pause that doubles up to its limit', async () => {
    const stage = new Stage();
    stage.failAll('not_leader');
    await expect(stage.call(stage.caller())).rejects.toMatchObject({ reason: 'not_leader' });
    expect(stage.nodesAsked.slice(0, 6)).toEqual(['data_1', 'data_2', 'data_3', 'data_1', 'data_2', 'data_3']);
    expect(stage.pausesMs.slice(0, 5)).toEqual([10, 20, 40, retryPauseMaxMs / 2, retryPauseMaxMs / 2]);
  });
  test('the pause is drawn from its upper half', async () => {
    const stage = new Stage();
    stage.chance = 255;
    stage.failAll('not_leader');
    await expect(stage.call(stage.caller(), 30)).rejects.toMatchObject({ reason: 'not_leader' });
    expect(stage.pausesMs[0]).toBeGreaterThan(0.99 * retryPauseMinMs);
    expect(stage.pausesMs[0]).toBeLessThan(retryPauseMinMs);
  });
  test('ends at the deadline, and no sooner, with the last failure', async () => {
    const stage = new Stage();
    stage.failAll('shutting_down');
    const endMs = stage.nowMs + 1_000;
    await expect(stage.call(stage.caller())).rejects.toMatchObject({ reason: 'shutting_down' });
    expect(stage.nowMs).toBeGreaterThanOrEqual(endMs);
    expect(stage.nowMs).toBeLessThan(endMs + 3 * stage.tryMs);
  });
  test('one that comes back in time serves', async () => {
    const stage = new Stage();
    stage.failAll('connection_lost');
    stage.onPause = () => stage.failing.delete('data_3');
    expect(await stage.call(stage.caller())).toBe('data_3');
  });
  test('none known: waits for one', async () => {
    const stage = new Stage();
    stage.records = [];
    stage.onPause = () => (stage.records = [recordOf('data_9')]);
    expect(await stage.call(stage.caller())).toBe('data_9');
  });
  test('none known until the deadline: no_node', async () => {
    const stage = new Stage();
    stage.records = [];
    await expect(stage.call(stage.caller())).rejects.toMatchObject({ reason: 'no_node' });
    expect(stage.reported).toEqual([]);
  });
});

describe('time', () => {
  test('one try gets its own limit, and no more than is left', async () => {
    const stage = new Stage();
    stage.failAll('deadline');
    stage.tryMs = 100;
    await expect(stage.call(stage.caller(), 250)).rejects.toMatchObject({ reason: 'deadline' });
    expect(stage.asked.map(({ deadlineMs }) => deadlineMs)).toEqual([100, 100, 50]);
  });
  test('a call may give one try more', async () => {
    const stage = new Stage();
    const deadline = { atMs: stage.nowMs + 1_000, signal: stage.stop.signal };
    await stage.caller().call(stage.attempt, deadline, 600);
    expect(stage.asked).toEqual([{ node: 'data_1', deadlineMs: 600 }]);
  });
  test('none left: nobody is asked', async () => {
    const stage = new Stage();
    await expect(stage.call(stage.caller(), 0)).rejects.toMatchObject({ reason: 'deadline' });
    expect(stage.asked).toEqual([]);
  });
});

describe('the signal', () => {
  test('ends the call before a try', async () => {
    const stage = new Stage();
    stage.stop.abort();
    await expect(stage.call(stage.caller())).rejects.toMatchObject({ reason: 'cancelled' });
    expect(stage.asked).toEqual([]);
  });
  test('ends the pause', async () => {
    const stage = new Stage();
    stage.failAll('not_leader');
    stage.onPause = () => stage.stop.abort();
    await expect(stage.call(stage.caller())).rejects.toMatchObject({ reason: 'cancelled' });
    expect(stage.asked).toHaveLength(3);
  });
});

test('a node is given one client, and a new one when its record changes', async () => {
  const stage = new Stage();
  const caller = stage.caller();
  await stage.call(caller);
  await stage.call(caller);
  expect(stage.clientsMade).toBe(1);
  stage.records = [recordOf('data_1')];
  await stage.call(caller);
  expect(stage.clientsMade).toBe(2);
});
