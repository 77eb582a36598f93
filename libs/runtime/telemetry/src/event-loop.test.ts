import { expect, test } from '@jest/globals';
import { processMetricsText } from './metrics.ts';

const maxSeconds = async (): Promise<number> =>
  Number(/^skerry_event_loop_delay_seconds\{statistic="max"\} (\S+)$/m.exec(await processMetricsText())?.[1]);
const ticks = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30));
function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

test('a block of the event loop shows in its delay, once', async () => {
  await maxSeconds();
  let seconds = 0;
  // The monitor takes its first note a tick after the last look.
  for (; !(seconds > 0.15); seconds = await maxSeconds()) {
    await ticks();
    block(200);
    await ticks();
  }
  expect(seconds).toBeLessThan(60);
  while (!((await maxSeconds()) < 0.15)) await ticks();
}, 30_000);
