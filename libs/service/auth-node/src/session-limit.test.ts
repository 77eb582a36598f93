import { beforeEach, describe, expect, test } from '@jest/globals';
import { StatusError } from '@skerry/kernel';
import { fixedDirectory } from '@skerry/runtime-discovery';
import { nodeWorld } from '@skerry/runtime-node';
import type { RpcNode } from '@skerry/runtime-rpc';
import { createTelemetry, type TelemetryEvent } from '@skerry/runtime-telemetry';
import { temporaryDirectory } from '@skerry/testing/node';
import { reasonOf, SteppedClock } from './fixture.ts';
import { pendingMs, SessionLimit } from './session-limit.ts';

/** What each router says that it has; undefined: it does not answer. */
let routers: (string[] | undefined)[];
let clock: SteppedClock;
let limit: SessionLimit;
let events: TelemetryEvent[];
let asked: number;
beforeEach(() => {
  routers = [[], []];
  clock = new SteppedClock();
  events = [];
  asked = 0;
  const telemetry = createTelemetry({ nodeId: 'auth_1', role: 'auth', output: 'silent', processMetrics: false });
  telemetry.listen((event) => events.push(event));
  const rpc = {
    client: (_: unknown, { nodeId }: { nodeId: string }) => ({
      listLogins: async () => {
        asked += 1;
        const loginIds = routers[Number(nodeId.slice(-1))];
        if (loginIds === undefined) throw new StatusError('deadline', 'no answer');
        return { loginIds: [...loginIds] };
      },
    }),
  } as unknown as RpcNode;
  const record = { role: 'routing', site: '', address: 'h:1', incarnation: 1, endpoints: {}, load: 0 };
  const nodes = [0, 1].map((index) => ({ ...record, nodeId: `routing_${index}` }));
  const directory = fixedDirectory({ ...nodeWorld(temporaryDirectory()), clock }, nodes);
  limit = new SessionLimit({ clock, rpc, directory, telemetry });
});
const admit = (loginId: string, sessionsMax = 2): ReturnType<typeof reasonOf> =>
  reasonOf(limit.admit({ user: 'ann', loginId, sessionsMax }));

describe('sessions of one user', () => {
  test('are counted over all routers', async () => {
    routers = [['a'], ['b']];
    expect(await admit('c')).toBe('too_many_sessions');
    expect(await admit('c', 3)).toBe('none');
  });
  test('a login that no router knows yet counts', async () => {
    expect([await admit('a'), await admit('b')]).toEqual(['none', 'none']);
    routers = [['a'], []];
    const third = admit('c');
    routers = [['a', 'b'], []];
    expect(await third).toBe('too_many_sessions');
  });
  test('many at once get no more than the limit', async () => {
    const ids = Array.from({ length: 20 }, (_, i) => `id${i}`);
    const reasons = await Promise.all(
      ids.map(async (id) => {
        const reason = await admit(id);
        if (reason === 'none') routers[0]?.push(id);
        return reason;
      }),
    );
    expect(reasons.filter((reason) => reason === 'none')).toHaveLength(2);
  });
  test('one that was seen and has ended counts no more, at once', async () => {
    expect(await admit('a', 1)).toBe('none');
    routers = [['a'], []];
    expect(await reasonOf(limit.admit({ user: 'ann', loginId: 'x', sessionsMax: 2 }))).toBe('none');
    routers = [[], ['x']];
    const before = clock.pauses.length;
    expect(await admit('b', 2)).toBe('none');
    expect(clock.pauses.length).toBe(before);
  });
  test('one that ends while its user comes again is waited for', async () => {
    routers = [['a'], []];
    const coming = admit('b', 1);
    routers = [[], []];
    expect(await coming).toBe('none');
  });
  test('a login that never reached a router is forgotten', async () => {
    expect(await admit('lost', 1)).toBe('none');
    clock.pass(pendingMs + 1);
    expect(await admit('b', 1)).toBe('none');
  });
  test('a router that does not answer keeps nobody out, and is told', async () => {
    routers = [undefined, ['a']];
    expect(await admit('b')).toBe('none');
    expect(events.filter(({ event }) => event === 'sessions_uncounted')).toMatchObject([{ router: 'routing_0' }]);
    expect(asked).toBe(2);
  });
});
