import { expect, jest, test } from '@jest/globals';
import type { Checksum } from '@skerry/kernel';
import { data } from '@skerry/proto';
import { chunkOf, giveUp, handOver, verifiedBytes } from './chunk.ts';

const bytes = Uint8Array.of(1, 2, 3);
const checksum = jest.fn<Checksum>(() => 7);
const request = (): data.StoreRequest => ({
  header: undefined,
  part: { $case: 'content', value: { chunk: chunkOf(bytes, checksum) } },
});
const handed = (message: data.StoreRequest): data.StoreRequest => handOver(data.StoreRequest.fromPartial, message);
const contentOf = ({ part }: data.StoreRequest): Uint8Array => {
  if (part?.$case !== 'content' || part.value.chunk === undefined) throw new Error('no content');
  return verifiedBytes(part.value.chunk, { checksum, crc32: checksum });
};

test('within the process a message is copied, its bytes are not, and no checksum is made', () => {
  const message = request();
  const copy = handed(message);
  expect(copy).not.toBe(message);
  expect(copy.part).not.toBe(message.part);
  expect(contentOf(copy)).toBe(bytes);
  expect(checksum).not.toHaveBeenCalled();
});
test('one that was given up is handed over as it is, and no checksum is made', () => {
  const message = giveUp(request());
  const same = handed(message);
  expect(same).toBe(message);
  expect(contentOf(same)).toBe(bytes);
  expect(checksum).not.toHaveBeenCalled();
});
test('over a wire one that was given up has its checksum', () => {
  const encoded = data.StoreRequest.encode(giveUp(request())).finish();
  const decoded = data.StoreRequest.decode(encoded);
  if (decoded.part?.$case !== 'content') throw new Error('no content');
  expect(decoded.part.value.chunk?.crc32).toBe(7);
  expect(contentOf(decoded)).toEqual(bytes);
});
