/** A record whose leader went while it was on its way: published or not is told as it is. */
import { describe, expect, it } from '@jest/globals';
import { rootDirectory } from '@skerry/domain-file-tree';
import { OperationId, StatusError } from '@skerry/kernel';
import { expectReason } from '@skerry/testing';
import { propose } from './parts.ts';
import { TestNode } from './test-node.ts';

const operation = OperationId('ab'.repeat(16));
const gone = new StatusError('not_leader', 'data_1 does not lead any more');
const removal = (name: string) =>
  ({ kind: 'removeFile', place: { directory: rootDirectory, name }, user: 'ada' }) as const;

type Fate = { readonly applied: boolean; readonly barrier?: StatusError; readonly thrown?: StatusError };
async function nodeThat({ applied, barrier, thrown = gone }: Fate): Promise<TestNode> {
  const node = new TestNode();
  await node.fill('', 1);
  const { replica } = node;
  const through = replica.propose.bind(replica);
  replica.propose = async (command, id) => {
    if (applied) await through(command, id);
    throw thrown;
  };
  replica.readBarrier = () => (barrier === undefined ? Promise.resolve() : Promise.reject(barrier));
  return node;
}

describe('the leadership went', () => {
  it('and the next leader has the record: done', async () => {
    const { parts } = await nodeThat({ applied: true });
    expect(await propose(parts, removal('00000'), operation)).toEqual({ ok: true });
  });
  it('and it has the record, which said no: that', async () => {
    const { parts } = await nodeThat({ applied: true });
    await expectReason(propose(parts, removal('nobody'), operation), 'no_such_entry');
  });
  it('and it does not have it: nothing was done', async () => {
    const { parts } = await nodeThat({ applied: false });
    await expectReason(propose(parts, removal('00000'), operation), 'not_leader');
  });
  it('and nobody leads: it is not known', async () => {
    const { parts } = await nodeThat({ applied: true, barrier: new StatusError('deadline', 'no leader in time') });
    await expectReason(propose(parts, removal('00000'), operation), 'deadline');
  });
  it('and nobody could ask for the operation again: it is not looked for', async () => {
    const { parts } = await nodeThat({ applied: true });
    await expectReason(propose(parts, removal('00000')), 'not_leader');
  });
  it('what failed otherwise is told', async () => {
    const { parts } = await nodeThat({ applied: false, thrown: new StatusError('disk_full', 'no room') });
    await expectReason(propose(parts, removal('00000'), operation), 'disk_full');
  });
});
