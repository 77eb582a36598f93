import { expect, test } from '@jest/globals';
import { QuickReads } from './quick-reads.ts';

/** A file whose reads at once take so long, in ms. */
function fixture(): { readonly reads: QuickReads; readonly said: string[]; takesMs: number; read(): Promise<number> } {
  let nowMs = 0;
  const said: string[] = [];
  const reads = new QuickReads({ monotonicMs: () => nowMs });
  const one = {
    reads,
    said,
    takesMs: 0.01,
    read: () => reads.read(file, new Uint8Array(1), 0),
  };
  const file = {
    read: async () => said.push('thread'),
    readNow: () => {
      nowMs += one.takesMs;
      return said.push('now');
    },
  };
  return one;
}

test('quick reads stay quick', async () => {
  const one = fixture();
  for (let i = 0; i < 1_000; i++) await one.read();
  expect(new Set(one.said)).toEqual(new Set(['now']));
});
test('of a row of slow reads few hold everybody up, and quick ones come back', async () => {
  const one = fixture();
  one.takesMs = 8;
  for (let i = 0; i < 1_000; i++) await one.read();
  expect(one.said.filter((how) => how === 'now')).toHaveLength(4);
  one.takesMs = 0.01;
  for (let i = 0; i < 1_000; i++) await one.read();
  expect(one.said.slice(-700)).not.toContain('thread');
});
