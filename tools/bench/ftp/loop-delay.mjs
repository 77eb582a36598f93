/**
 * Loaded into the server under test with `--import`: answers "delay" over the IPC channel with the longest delay of its
 * event loop since the last question, in ms. Nothing of the product knows of it.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import process from 'node:process';
import { isMainThread } from 'node:worker_threads';

/** The histogram holds the whole interval between two ticks of its timer. */
const resolutionMs = 1;

if (isMainThread && process.send !== undefined) {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  process.on('message', (message) => {
    if (message !== 'delay') return;
    const maxMs = Math.max(0, delay.max / 1e6 - resolutionMs);
    const p99Ms = Math.max(0, delay.percentile(99) / 1e6 - resolutionMs);
    delay.disable();
    delay.reset();
    delay.enable();
    process.send({ maxMs, p99Ms });
  });
  // It must not keep the server alive.
  process.channel?.unref();
  delay.enable();
}
