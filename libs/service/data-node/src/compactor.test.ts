/** What is to be compacted is, whenever it comes. */
import { expect, it } from '@jest/globals';
import {
  compactAboveExtentCount,
  decodeCommand,
  EntryId,
  entryAt,
  type Extent,
  type PutTail,
  rootDirectory,
} from '@skerry/domain-file-tree';
import { BlobId, randomId } from '@skerry/kernel';
import { nodeRandom } from '@skerry/runtime-node';
import { Compactor } from './compactor.ts';
import { quiet } from './copies/test-clock.ts';
import { propose } from './parts.ts';
import { UploadRegistry } from './registry.ts';
import { content } from './test-doubles.ts';
import { TestNode } from './test-node.ts';

const placeOf = (name: string) => ({ directory: rootDirectory, name });
const piecesOf = (node: TestNode, name: string): number =>
  entryAt(node.replica.state, placeOf(name))?.extents.length ?? 0;

/** A file of many pieces, as small appends leave it: here of one small content. */
async function ragged(node: TestNode, name: string): Promise<void> {
  const blob = BlobId(randomId(nodeRandom));
  const put = (path: string, prefix: readonly Extent[], tail: PutTail): Promise<unknown> => {
    const more = { user: 'ada', group: 'staff', mode: 0o644, quota: { bytes: undefined, files: undefined } };
    const fileId = EntryId(randomId(nodeRandom));
    const command = { kind: 'put', place: placeOf(path), fileId, condition: { kind: 'any' }, prefix, tail } as const;
    return propose(node.parts, { ...command, ...more, token: undefined });
  };
  await put(`${name}-source`, [], { kind: 'inline', blob, bytes: content(1_000) });
  // Backwards, so that no two of them join.
  const pieces = Array.from({ length: compactAboveExtentCount + 1 }, (_, n) => ({ blob, offset: 999 - n, length: 1 }));
  await put(name, pieces, { kind: 'none' });
}

it('a file that comes just when there was no more to do is not left lying', async () => {
  const node = new TestNode();
  const compactor = new Compactor(node.parts, new UploadRegistry(10, () => Promise.resolve()));
  const through = node.replica.propose.bind(node.replica);
  let compacted = (): void => undefined;
  node.replica.propose = async (command, id) => {
    const result = await through(command, id);
    if (decodeCommand(command).kind === 'compact') compacted();
    return result;
  };
  for (let turns = 0; turns < 12; turns++) {
    const [first, second] = [`a${turns}`, `b${turns}`];
    await ragged(node, first);
    await ragged(node, second);
    const done = new Promise<void>((resolve) => (compacted = resolve));
    compactor.consider(placeOf(first));
    await done;
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    compactor.consider(placeOf(second));
    // Each piece that is read takes a turn of the event loop.
    for (let n = 0; n < 10; n++) await quiet();
    expect([turns, piecesOf(node, first), piecesOf(node, second)]).toEqual([turns, 1, 1]);
  }
  await compactor.close();
});
