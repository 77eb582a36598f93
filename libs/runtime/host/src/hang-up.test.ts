import { describe, expect, test } from '@jest/globals';
import { onHangUp } from './hang-up.ts';

describe('SIGHUP', () => {
  test('every listener hears it, also the same one twice, until it stops; the last gives the signal back', () => {
    const before = process.listenerCount('SIGHUP');
    let heard = 0;
    const listener = (): void => void (heard += 1);
    const [stopOne, stopOther] = [onHangUp(listener), onHangUp(listener)];
    process.emit('SIGHUP');
    expect(heard).toBe(2);
    stopOne();
    process.emit('SIGHUP');
    expect(heard).toBe(3);
    stopOther();
    expect(process.listenerCount('SIGHUP')).toBe(before);
  });
});
