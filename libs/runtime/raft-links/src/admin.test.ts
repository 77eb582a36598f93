import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { LogIndex, NodeId, StatusError, Term } from '@skerry/kernel';
import { raft } from '@skerry/proto';
import type { Client } from '@skerry/runtime-rpc';
import { Places, startMember, type TestMember } from './fixture.ts';
import { configurationIdsCountMax } from './limits.ts';
import type { MemberChange, RaftAdmin } from './types.ts';

const asked: unknown[] = [];
const configuration = { voters: [NodeId('data_1')], outgoing: [], learners: [NodeId('data_2')], departing: [] };
const admin: RaftAdmin = {
  status: () => raft.RaftStatus.fromPartial({ group: 'data', term: 9, role: raft.RaftRole.LEADER, configuration }),
  async transferLeadership(to) {
    asked.push(to);
    if (to === undefined) throw new StatusError('not_leader', 'data_3 leads');
    return { leader: to, term: 10 };
  },
  async changeMembers(change: MemberChange) {
    asked.push(change);
    return { configuration, index: 44 };
  },
  takeSnapshot: async () => ({ last: { index: LogIndex(40), term: Term(9) }, sizeBytes: 1_000 }),
  digestState: async () => ({ applied: 43, sha256: new Uint8Array(32).fill(7), rowCount: 5, sizeBytes: 600 }),
};
let members: TestMember[];
let client: Client<typeof raft.RaftServiceDefinition>;
beforeEach(async () => {
  const places = new Places();
  asked.length = 0;
  const member = await startMember('data_1', places, { admin });
  const operator = await startMember('operator', places, { role: 'operator' });
  members = [member, operator];
  const address = places.addresses.get(member.id) ?? '';
  client = operator.rpc.client(raft.RaftServiceDefinition, { nodeId: member.id, address });
});
afterEach(async () => {
  await Promise.all(members.map((member) => member.close()));
});

test('status of a group, and of all', async () => {
  const wanted = [{ group: 'data', term: 9, role: raft.RaftRole.LEADER, configuration }];
  expect(await client.getRaftStatus({ group: 'data' })).toMatchObject({ groups: wanted });
  expect(await client.getRaftStatus({})).toMatchObject({ groups: wanted });
});
test('leadership goes where it is sent; a failure comes back as it is', async () => {
  expect(await client.transferLeadership({ group: 'data', to: 'data_2' })).toEqual({ leader: 'data_2', term: 10 });
  const failed = client.transferLeadership({ group: 'data' });
  await expect(failed).rejects.toMatchObject({ reason: 'not_leader', message: 'data_3 leads' });
  expect(asked).toEqual(['data_2', undefined]);
});
test('members are changed in one call', async () => {
  const change = { add: ['data_4'], promote: ['data_5'], demote: ['data_6'], remove: ['data_7'] };
  expect(await client.changeMembers({ group: 'data', ...change })).toEqual({ configuration, index: 44 });
  expect(asked).toEqual([change]);
});
test('a snapshot is taken', async () => {
  expect(await client.takeSnapshot({ group: 'data' })).toEqual({ last: { index: 40, term: 9 }, sizeBytes: 1_000 });
});
test('the state is digested', async () => {
  const wanted = { applied: 43, sha256: new Uint8Array(32).fill(7), rowCount: 5, sizeBytes: 600 };
  expect(await client.digestState({ group: 'data' })).toEqual(wanted);
});
test.each([
  ['a name that is none', { group: 'data', add: ['Data 4'] }, 'malformed'],
  ['too many', { group: 'data', add: Array.from({ length: configurationIdsCountMax + 1 }, () => 'a') }, 'malformed'],
  ['a group that is not here', { group: 'auth' }, 'no_node'],
])('%s: refused', async (_, request, reason) => {
  await expect(client.changeMembers(request)).rejects.toMatchObject({ reason });
  expect(asked).toEqual([]);
});
test('an operator may ask, and not speak as a member', async () => {
  const read = async () => {
    for await (const _answer of client.exchange(none())) continue;
  };
  await expect(read()).rejects.toMatchObject({ reason: 'access_denied' });
});
async function* none(): AsyncGenerator<{ frame: undefined }, void> {}
