import { describe, expect, it } from '@jest/globals';
import { elementPathMaxBytes, KeyPaths, partOf } from './elements.ts';

const text = { kind: 'text' } as const;
const copyOf = ({ bytes, size }: { bytes: Uint8Array; size: number }): Uint8Array => bytes.slice(0, size);

describe('elements that are longer than a path', () => {
  const paths = new KeyPaths(text);
  const long = new Uint8Array(70_000).fill(0x78);
  it('have a path that fits', () => {
    expect(paths.path(partOf(long)).size).toBe(elementPathMaxBytes);
  });
  it('are told apart by their last byte', () => {
    const other = long.slice();
    other[69_999] = 0x79;
    expect(copyOf(paths.path(partOf(long)))).not.toEqual(copyOf(paths.path(partOf(other))));
    expect(copyOf(paths.path(partOf(long)))).toEqual(copyOf(paths.path(partOf(long.slice()))));
  });
  it('stand where their first bytes say', () => {
    const [later = 0] = copyOf(paths.path(partOf(Uint8Array.of(0x79))));
    const [first = 0] = copyOf(paths.path(partOf(long)));
    expect(first).toBeLessThan(later);
  });
});
