import { describe, expect, test } from '@jest/globals';
import { Turn } from './turn.ts';

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
const speaker = (waiting: string[]) => {
  const said: string[] = [];
  return {
    said,
    take: () => new TextEncoder().encode(waiting.splice(0).join('')),
    send: (bytes: Uint8Array) => void said.push(`send ${new TextDecoder().decode(bytes)}`),
    write: (bytes: Uint8Array) => void said.push(`write ${new TextDecoder().decode(bytes)}`),
  };
};

describe('the end of a turn', () => {
  test('sends all answers at once, behind the log', async () => {
    const waiting = ['a', 'b'];
    const one = speaker(waiting);
    let logged = 0;
    const turn = new Turn(() => {
      logged += 1;
      expect(one.said).toEqual([]);
      return undefined;
    });
    turn.add(one);
    await nextTurn();
    expect([logged, one.said]).toEqual([1, ['send ab']]);
  });
  test('a connection whose answers all left early is told of the end nevertheless', async () => {
    const waiting = ['a'];
    const one = speaker(waiting);
    const turn = new Turn(() => undefined);
    turn.add(one);
    turn.early(one);
    await nextTurn();
    expect(one.said).toEqual(['write a', 'send ']);
  });
  test('what left early waits for the disk where that is asked for', async () => {
    const waiting = ['a'];
    const one = speaker(waiting);
    let done = (): void => undefined;
    const turn = new Turn(() => new Promise<void>((resolve) => (done = resolve)));
    turn.early(one);
    await nextTurn();
    expect(one.said).toEqual([]);
    done();
    await nextTurn();
    expect(one.said).toEqual(['write a']);
  });
});
