import { expect, test } from '@jest/globals';
import { processMetricsText } from './metrics.ts';

const maxSeconds = async (): Promise<number> =>
  Number(/^skerry_event_loop_delay_seconds\{statistic="max"\} (\S+)$/m.exec(await processMetricsText())?.[1]);
/** So long that no work of this test comes near it: making the text takes milliseconds, ten times that on a slow machine. */
const blockMs = 1_000;
/** Of a look that saw the block. A little less than the block: the monitor counts from its own tick. */
const seenSeconds = 0.9;
function block(): void {
  const until = performance.now() + blockMs;
  while (performance.now() < until);
}
/** The monitor's own ticks, of 10 ms, come in between; should they not yet, the callers look again. */
const someTicks = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30));

test('a block of the event loop shows in its delay, once', async () => {
  await maxSeconds();
  let seconds = 0;
  // The monitor takes its first note a tick after the last look: a block before that is not seen, the next one is.
  while (!(seconds > seenSeconds)) {
    await someTicks();
    block();
    await someTicks();
    seconds = await maxSeconds();
  }
  expect(seconds).toBeLessThan(60);
  // Also where the machine itself stood still meanwhile: that passes, and a block that is told for ever does not.
  while (!((await maxSeconds()) < seenSeconds)) await someTicks();
}, 120_000);
