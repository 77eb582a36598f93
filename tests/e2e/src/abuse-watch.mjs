/**
 * Loaded into the process under test (NODE_OPTIONS --import): at SIGUSR2 it collects garbage and writes what is left, and
 * how long the event loop was kept from its timers since the last time.
 *
 * Counted is the processor time of the main thread between two of its own ticks, by Linux's schedstat: on a machine that
 * is shared, time that another process took is no fault of ours. True to some 4 ms, the scheduler's tick.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createHistogram } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isMainThread } from 'node:worker_threads';

const everyMs = 2;
const busyNs = () => Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]);

const path = process.env.ABUSE_WATCH_FILE;
if (isMainThread && path !== undefined) {
  const loop = createHistogram();
  let lastNs = busyNs();
  setInterval(() => {
    const nowNs = busyNs();
    loop.record(Math.max(1, nowNs - lastNs));
    lastNs = nowNs;
  }, everyMs).unref();
  process.on('SIGUSR2', () => {
    const ms = (ns) => Math.round(ns / 1e5) / 10;
    const blocked = { maxMs: ms(loop.max), p999Ms: ms(loop.percentile(99.9)), p99Ms: ms(loop.percentile(99)) };
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc');
    collect();
    // A second round frees what finalizers of the first let go.
    setImmediate(() => {
      collect();
      const { rss, heapUsed, external } = process.memoryUsage();
      const resources = process.getActiveResourcesInfo().filter((name) => !/Timeout|Immediate/.test(name)).length;
      writeFileSync(`${path}.new`, JSON.stringify({ rss, heapUsed, external, resources, blocked }));
      renameSync(`${path}.new`, path);
      lastNs = busyNs();
      loop.reset();
    });
  });
}
