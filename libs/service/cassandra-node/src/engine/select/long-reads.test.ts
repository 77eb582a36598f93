import { expect, test } from '@jest/globals';
import { setImmediate } from 'node:timers/promises';
import { LongReads, longReadsMax, longReadsOfClientMax } from './long-reads.ts';

const client = (): { isGone: boolean } => ({ isGone: false });
type Made = { readonly done: Promise<void>; turns: number };
/** Reads of so many turns each, and the order in which they had theirs. */
class Scene {
  nowMs = 0;
  readonly reads = new LongReads(() => this.nowMs);
  readonly order: string[] = [];
  read(name: string, turns: number, of: { isGone: boolean }, timeoutMs = 1_000): Made {
    const made = { turns: 0, done: Promise.resolve() };
    made.done = this.reads.read({
      client: of,
      timeoutMs,
      late: () => new Error(`${name} is late`),
      turn: () => {
        this.order.push(name);
        made.turns += 1;
        return made.turns === turns;
      },
    });
    return made;
  }
}

test('they have their turns one after the other, one in each turn of the event loop', async () => {
  const s = new Scene();
  const all = [s.read('a', 3, client()), s.read('b', 1, client()), s.read('c', 2, client())];
  await setImmediate();
  expect(s.order).toHaveLength(1);
  await Promise.all(all.map(({ done }) => done));
  expect(s.order.join('')).toBe('abcaca');
  expect(s.reads.active).toBe(0);
});
test('so many of one client are under way, the others wait in order and let other clients pass', async () => {
  const s = new Scene();
  const one = client();
  const own = Array.from({ length: longReadsOfClientMax + 2 }, (_, i) => s.read(`${i}`, 2, one));
  const other = s.read('x', 2, client());
  expect([s.reads.active, s.reads.waiting]).toEqual([longReadsOfClientMax + 1, 2]);
  expect(s.reads.hasPlace(one)).toBe(false);
  await other.done;
  await Promise.all(own.map(({ done }) => done));
  const first = (name: string): number => s.order.indexOf(name);
  expect(first('x')).toBeLessThan(first('4'));
  expect(first('4')).toBeLessThan(first('5'));
});
test('so many are under way in all', async () => {
  const s = new Scene();
  const all = Array.from({ length: 3 * longReadsMax }, (_, i) => s.read(`${i}`, 1, client()));
  expect([s.reads.active, s.reads.waiting]).toEqual([longReadsMax, 2 * longReadsMax]);
  await Promise.all(all.map(({ done }) => done));
  expect(s.order).toEqual(all.map((_, i) => `${i}`));
});
test('what takes too long fails, also while it waits', async () => {
  const s = new Scene();
  const one = client();
  const all = Array.from({ length: longReadsOfClientMax + 1 }, (_, i) => s.read(`${i}`, Infinity, one, 500));
  s.nowMs = 500;
  const ends = await Promise.allSettled(all.map(({ done }) => done));
  expect(ends).toEqual(all.map((_, i) => ({ status: 'rejected', reason: new Error(`${i} is late`) })));
  expect([s.reads.active, s.reads.waiting]).toEqual([0, 0]);
});
test('nothing is read any more for a client that is gone', async () => {
  const s = new Scene();
  const one = client();
  const read = s.read('a', Infinity, one);
  await setImmediate();
  one.isGone = true;
  await read.done;
  const { turns } = read;
  await setImmediate();
  expect(read.turns).toBe(turns);
  expect(s.reads.active).toBe(0);
});
test('what fails tells it, and the others go on', async () => {
  const s = new Scene();
  const failed = s.reads.read({
    client: client(),
    timeoutMs: 1,
    late: () => new Error('late'),
    turn: () => {
      throw new Error('too many tombstones');
    },
  });
  const other = s.read('a', 3, client());
  await expect(failed).rejects.toThrow('too many tombstones');
  await other.done;
});
test('when the node stops nobody waits', async () => {
  const s = new Scene();
  const one = client();
  const all = Array.from({ length: 2 * longReadsOfClientMax }, (_, i) => s.read(`${i}`, Infinity, one));
  s.reads.stop();
  await Promise.all(all.map(({ done }) => done));
  await s.reads.read({ client: one, timeoutMs: 1, late: () => new Error('late'), turn: () => false });
  expect([s.reads.active, s.reads.waiting]).toEqual([0, 0]);
});
