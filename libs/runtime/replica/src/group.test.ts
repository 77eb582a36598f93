/** Several replicas of one group: elections, writes, reads, crashes, cuts, snapshots, members. */
import { eventually, expectReason } from '@skerry/testing';
import { afterEach, describe, expect, test } from '@jest/globals';
import { NodeId, utf8 } from '@skerry/kernel';
import { nodeClock } from '@skerry/runtime-node';
import type { MemberChange } from '@skerry/runtime-raft-links';
import { Group, type Member, operation, put, retried, stateOf, valueIn } from './group-fixture.ts';
import { snapshotWorthMinBytes } from './limits.ts';
import { Slots } from './slots.ts';
import { digestState } from './state-digest.ts';

const running: Group[] = [];
const groupOf = async (...words: Parameters<typeof Group.of>): Promise<Group> => {
  const group = await Group.of(...words);
  running.push(group);
  return group;
};
afterEach(async () => {
  for (const group of running.splice(0)) {
    const { members } = group;
    await group.stop();
    expect(members.flatMap(({ fatal }) => fatal.map(({ message }) => message))).toEqual([]);
  }
});

const cutting = { checkpointBytes: 20_000, logSegmentBytes: 10_000, cutKeepCountMax: 10 };
const kilobyte = new Uint8Array(1_000).fill(7);

describe('three replicas', () => {
  test('one leads; what it answers is in the state of all, with the same results', async () => {
    const group = await groupOf(3);
    for (let n = 1; n <= 20; n++) expect(await group.put('a', utf8(`value ${n}`))).toBe(n);
    await group.agree();
    for (const { up } of group.members) expect(valueIn(up.state, 'a')).toEqual({ count: 20, value: utf8('value 20') });
    const leaders = group.members.filter(({ up }) => up.isLeader);
    expect(leaders).toHaveLength(1);
    for (const { up } of group.members) expect(up.leader).toBe(leaders[0]?.id);
    expect(leaders[0]?.up.status()).toMatchObject({ failureTolerance: 1, voters: ['n1', 'n2', 'n3'] });
  });
  test('a follower refuses proposals and names the leader', async () => {
    const group = await groupOf(3);
    const leader = await group.leader();
    await group.put('a');
    const follower = group.members.find((member) => member !== leader);
    await expectReason(follower!.up.propose(put('a', utf8('x')), operation()), 'not_leader');
    await expect(follower!.up.propose(put('a', utf8('x')), operation())).rejects.toThrow(leader.id);
  });
  test('many at once are answered each with its own result, in few syncs', async () => {
    const group = await groupOf(3);
    const leader = await group.leader();
    await group.put('first');
    const counts = await Promise.all(Array.from({ length: 500 }, (_, n) => group.put(`k${n % 50}`, utf8(String(n)))));
    expect(counts.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 500 }, (_, n) => Math.floor(n / 50) + 1));
    await group.agree();
    expect(leader.up.status().lastIndex).toBeGreaterThan(500);
  });
  test('a repeat of an operation id has effect once, at the next leader too', async () => {
    const group = await groupOf(3);
    const id = operation();
    const first = await group.leader();
    const { result } = await first.up.propose(put('a', utf8('x')), id);
    await first.crash();
    const again = await group.atLeader(({ up }) => up.propose(put('a', utf8('x')), id));
    expect(again.result).toEqual(result);
    expect(valueIn((await group.leader()).up.state, 'a')?.count).toBe(1);
  });
  test('the leader is killed again and again: nothing acknowledged is lost', async () => {
    const group = await groupOf(3);
    const keys: string[] = [];
    for (let round = 0; round < 5; round++) {
      for (let n = 0; n < 10; n++) {
        keys.push(`r${round}n${n}`);
        await group.put(`r${round}n${n}`);
      }
      const leader = await group.leader();
      await leader.crash();
      keys.push(`without ${round}`);
      await group.put(`without ${round}`);
      await leader.start();
    }
    await group.agree();
    for (const { up } of group.members)
      for (const key of keys) expect([key, valueIn(up.state, key)?.value]).toEqual([key, utf8(key)]);
  });
  test('all are killed at once: nothing acknowledged is lost', async () => {
    const group = await groupOf(3);
    await Promise.all(Array.from({ length: 100 }, (_, n) => group.put(`k${n}`)));
    await Promise.all(group.members.map((member) => member.crash()));
    await Promise.all(group.members.map((member) => member.start()));
    await group.put('after');
    await group.agree();
    for (const { up } of group.members) for (let n = 0; n < 100; n++) expect(valueIn(up.state, `k${n}`)?.count).toBe(1);
  });
});

describe('a digest of the state', () => {
  const ask = (member: Member) => member.up.admin.digestState(new AbortController().signal);
  test('is the same at members that have applied as much, by log or by snapshot, and another after a write', async () => {
    const group = await groupOf(3, cutting);
    await group.put('first');
    const away = group.members.find(({ up }) => !up.isLeader)!;
    await away.crash();
    for (let n = 0; n < 100; n++) await group.put(`k${n}`, kilobyte);
    await away.start();
    await group.agree();
    expect(group.network.snapshots).toBeGreaterThan(0);
    const [one, ...others] = await Promise.all(group.members.map(ask));
    expect(others).toEqual([one, one]);
    expect(one?.applied).toBe(away.up.appliedIndex);
    expect(one?.rowCount).toBe(stateOf(away.up.state).length);
    await group.put('k1', kilobyte);
    await group.agree();
    expect((await ask(away)).sha256).not.toEqual(one?.sha256);
  });
  test('stops when nobody waits for it', async () => {
    const group = await groupOf(1);
    for (let n = 0; n < 200; n++) await group.put(`k${n}`);
    const gone = AbortSignal.abort(new Error('gone'));
    const slow = { monotonicMs: () => performance.now() * 1_000 };
    const store = group.members[0]!.store;
    const source = { store, slots: new Slots(store), clock: { ...nodeClock, ...slow } };
    await expect(digestState(source, gone)).rejects.toThrow('gone');
  });
});

describe('cuts', () => {
  test('the cut-off leader answers nothing, neither writes nor reads; the others go on; healed, all agree', async () => {
    const group = await groupOf(3);
    await group.put('a', utf8('before'));
    // A busy machine elects at any time: whoever leads now has it, also when another led then.
    await group.agree();
    const old = await group.leader();
    group.network.cut(old.id);
    const others = group.members.filter((member) => member !== old);
    const lost = old.up.propose(put('a', utf8('lost')), operation());
    const lostRead = old.up.readBarrier();
    lost.catch(() => undefined);
    lostRead.catch(() => undefined);
    await group.put('a', utf8('after'), others);
    await expectReason(lost, 'not_leader');
    await expectReason(lostRead, 'not_leader');
    expect(valueIn(old.up.state, 'a')?.value).toEqual(utf8('before'));
    group.network.heal();
    await group.agree();
    expect(valueIn(old.up.state, 'a')).toEqual({ count: 2, value: utf8('after') });
  }, 20_000);
  test('a read at a follower sees what was acknowledged before it was asked', async () => {
    const group = await groupOf(3);
    for (let n = 0; n < 30; n++) {
      await group.put('a', utf8(String(n)));
      for (const { up } of group.members) {
        await retried(() => up.readBarrier());
        expect(Number(Buffer.from(valueIn(up.state, 'a')!.value))).toBe(n);
      }
    }
  });
});

describe('snapshots', () => {
  test('a member that missed more than the state takes gets the state, though the log has it all', async () => {
    const group = await groupOf(3);
    const value = new Uint8Array(128 * 1024).fill(7);
    const writes = Math.ceil(snapshotWorthMinBytes / value.length) + 1;
    const behind = async (keys: number): Promise<Member> => {
      const away = group.members.find(({ up }) => !up.isLeader)!;
      await away.crash();
      for (let n = 0; n < writes; n++) await group.put(`k${n % keys}`, value);
      await away.start();
      await group.agree();
      return away;
    };
    const away = await behind(2);
    expect(group.network.snapshots).toBe(1);
    expect(away.restored).toBe(1);
    expect((await group.leader()).up.status().firstIndex).toBe(1);
    // Many keys, each written once: the state takes as much as the log.
    await behind(writes);
    expect(group.network.snapshots).toBe(1);
  }, 30_000);
  test('a member that was away for long gets the state, and goes on from the log', async () => {
    const group = await groupOf(3, cutting);
    await group.put('first');
    const away = group.members.find(({ up }) => !up.isLeader)!;
    await away.crash();
    for (let n = 0; n < 200; n++) await group.put(`k${n % 100}`, kilobyte);
    const leader = await group.leader();
    expect(leader.up.status().firstIndex).toBeGreaterThan(100);
    await away.start();
    await group.put('last');
    await group.agree();
    expect(group.network.snapshots).toBeGreaterThan(0);
    expect(away.restored).toBeGreaterThan(0);
    expect(valueIn(away.up.state, 'k5')?.count).toBe(2);
    // It is durable.
    await away.crash();
    await away.start();
    await group.put('again');
    await group.agree();
  }, 30_000);
  test('a transfer that is cut in the middle, and a receiver that crashes, go on where they were', async () => {
    const group = await groupOf(3, cutting);
    await group.put('first');
    const away = group.members.find(({ up }) => !up.isLeader)!;
    await away.crash();
    const large = new Uint8Array(50_000).fill(3);
    for (let n = 0; n < 60; n++) await group.put(`k${n}`, large);
    group.network.chunksUntilCut = 3;
    await away.start();
    await eventually(() => group.network.chunksUntilCut === Infinity);
    await group.agree();
    expect(stateOf(away.up.state)).toHaveLength(stateOf((await group.leader()).up.state).length);
    expect(group.members.flatMap(({ events }) => events)).toContain('raft_snapshot_not_sent');
  }, 30_000);
});

describe('members', () => {
  test('one joins as a learner, gets all, is promoted; one is removed; leadership is handed over', async () => {
    const group = await groupOf(3, cutting);
    for (let n = 0; n < 100; n++) await group.put(`k${n}`, kilobyte);
    const fourth = group.add('n4');
    await fourth.start();
    expect(fourth.up.isJoining).toBe(true);
    const { signal } = new AbortController();
    const none: MemberChange = { add: [], promote: [], demote: [], remove: [] };
    const id = NodeId('n4');
    const change = (members: Partial<MemberChange>): Promise<readonly string[]> =>
      group.atLeader(async ({ up }) => {
        const { configuration } = await up.admin.changeMembers({ ...none, ...members }, signal);
        return configuration.voters;
      });
    expect(await change({ add: [id], promote: [id] })).toEqual(['n1', 'n2', 'n3', 'n4']);
    await group.agree();
    expect(valueIn(fourth.up.state, 'k7')?.count).toBe(1);
    expect(group.members.map(({ up }) => up.isJoining)).toEqual([false, false, false, false]);
    const old = await group.leader();
    await group.atLeader(async ({ up }) => {
      expect((await up.admin.transferLeadership(id, signal)).leader).toBe('n4');
    });
    // At once: what the new leader has to decide before is waited for.
    expect(await change({ remove: [old.id] })).not.toContain(old.id);
    await old.stop();
    await group.put('without it');
    const leader = await group.leader();
    expect(leader.up.admin.status()).toMatchObject({ failureTolerance: 1, leader: leader.id });
    await expectReason(
      group.members
        .find(({ replica }) => replica?.isLeader === false)!
        .up.admin.changeMembers({ ...none, add: [NodeId('n9')] }, signal),
      'not_leader',
    );
  }, 30_000);
});
