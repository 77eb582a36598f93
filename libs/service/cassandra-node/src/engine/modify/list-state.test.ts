import { describe, expect, it } from '@jest/globals';
import { ListStates, setValue } from './list-state.ts';
import { partOf } from './elements.ts';

describe('lists of one row, as a statement works on them', () => {
  it('what is there gives way to what is written', () => {
    const element = { path: partOf(Uint8Array.of(1)), value: partOf(Uint8Array.of(9)), written: false };
    setValue(element, partOf(Uint8Array.of(3)));
    expect(element.value.bytes).toEqual(Uint8Array.of(3));
  });
  it('of two values of one statement the greater one stays', () => {
    const element = { path: partOf(Uint8Array.of(1)), value: partOf(Uint8Array.of(3)), written: true };
    setValue(element, partOf(Uint8Array.of(2)));
    expect(element.value.bytes).toEqual(Uint8Array.of(3));
    setValue(element, partOf(Uint8Array.of(4)));
    expect(element.value.bytes).toEqual(Uint8Array.of(4));
  });
  it('another row begins with lists of its own', () => {
    const lists = new ListStates();
    lists.begin(undefined);
    lists.of(7).push({ path: partOf(Uint8Array.of(1)), value: partOf(Uint8Array.of(1)), written: true });
    expect(lists.of(7)).toHaveLength(1);
    lists.begin(undefined);
    expect(lists.of(7)).toEqual([]);
  });
});
