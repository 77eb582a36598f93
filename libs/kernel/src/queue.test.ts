import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { AssertionError } from './assert.ts';
import { BoundedQueue } from './queue.ts';

describe('bounded queue', () => {
  test('first in, first out; no when full', () => {
    const queue = new BoundedQueue<string>(2);
    expect([queue.offer('a'), queue.offer('b'), queue.offer('c')]).toEqual([true, true, false]);
    expect([queue.full, queue.length, queue.peek()]).toEqual([true, 2, 'a']);
    expect([queue.poll(), queue.poll(), queue.poll()]).toEqual(['a', 'b', undefined]);
    expect([queue.full, queue.length, queue.peek()]).toEqual([false, 0, undefined]);
  });
  for (const capacity of [0, -1, 1.5, Infinity, NaN])
    test(`a capacity of ${capacity} is our bug`, () =>
      expect(() => new BoundedQueue(capacity)).toThrow(AssertionError));
  test('it is like an array', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 70 }),
        fc.array(fc.constantFrom('offer', 'offer', 'offer', 'poll', 'poll', 'clear'), { maxLength: 400 }),
        (capacity, actions) => {
          const queue = new BoundedQueue<number>(capacity);
          let model: number[] = [];
          for (const [number, action] of actions.entries()) {
            if (action === 'offer') {
              const room = model.length < capacity;
              expect(queue.offer(number)).toBe(room);
              if (room) model.push(number);
            } else if (action === 'poll') expect(queue.poll()).toBe(model.shift());
            else if (number % 7 === 0) {
              queue.clear();
              model = [];
            }
            expect(queue.length).toBe(model.length);
            expect(queue.peek()).toBe(model[0]);
            expect(queue.full).toBe(model.length === capacity);
          }
        },
      ),
    ));
});
