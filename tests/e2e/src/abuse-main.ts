/** `npm run abuse`: the abuse test with figures, under TLS with --tls, twice over (--rounds=N), since only what grows again the second time is a leak. */
import {
  connects,
  full,
  handshakes,
  logins,
  portFlood,
  randomLines,
  reduced,
  reducedTls,
  slowLoris,
  until,
  Victim,
  Worker,
} from './abuse.ts';
import type { Left } from './abuse.ts';
import { removeFolder, temporaryFolder } from './system.ts';

const rounds = Number(/^--rounds=(\d+)$/m.exec(process.argv.join('\n'))?.[1] ?? 2);
const tls = process.argv.includes('--tls');
const scale = process.argv.includes('--full') ? full : tls ? reducedTls : reduced;
/** How long the process may rest before its memory is judged, in milliseconds: V8 was seen to need some 40 s. */
const restMaxMs = 120_000;
const folder = temporaryFolder('abuse');
const say = (what: string, more: object): boolean => process.stdout.write(`${JSON.stringify({ what, ...more })}\n`);
const megabytes = (bytes: number): number => Math.round(bytes / 1e5) / 10;
const shown = ({ rss, anonymous, heapUsed, external, resources, files, blocked }: Left): object => ({
  rssMb: megabytes(rss),
  anonymousMb: megabytes(anonymous),
  heapMb: megabytes(heapUsed),
  externalMb: megabytes(external),
  resources,
  files,
  loopBlockedMs: blocked,
});

const victim = await Victim.start(folder);
const door = victim.door(tls);
try {
  const start = await victim.left();
  say('start', shown(start));
  await logins(door, 50);
  await victim.left();
  say('logins', { perSecond: Math.round(await logins(door, scale.logins)), ...shown(await victim.left()) });
  for (let round = 1; round <= rounds; round++) {
    const worker = new Worker(door);
    const timed = async (what: string, work: () => Promise<unknown>): Promise<void> => {
      const beganMs = performance.now();
      const outcome = await work();
      const ms = Math.round(performance.now() - beganMs);
      const { blocked } = await victim.left();
      say(what, { round, ms, ...(outcome === undefined ? {} : { outcome }), loopBlockedMs: blocked });
    };
    await timed(`connects ${scale.connects}`, () => connects(door, scale.connects));
    if (tls) await timed(`handshakes ${scale.handshakes}`, () => handshakes(door, scale.handshakes));
    await timed(`random lines ${scale.lines}`, () => randomLines(door, scale.lines));
    await timed(`slow-loris ${scale.slow}`, async () => [...new Set(await slowLoris(door, scale.slow))]);
    await timed(`ports ${scale.ports}`, () => portFlood(door, scale.ports));
    await worker.stop();
    say('served meanwhile', { round, rounds: worker.rounds, slowestMs: Math.round(worker.slowestMs) });
    say('under load', { round, ...shown(await victim.left()) });
    await until(async () => (await victim.left()).files <= start.files, 30_000, `back to ${start.files} descriptors`);
    say('left', { round, ...shown(await victim.settled(start)) });
  }
  // Seconds in which nobody asks: V8 gives the room of its young generation back only when nothing has been allocated
  // for a while, and a collection that is asked for is not that.
  const restedMs = performance.now();
  let lowest = victim.anonymous;
  await until(
    () => {
      lowest = Math.min(lowest, victim.anonymous);
      return lowest <= start.anonymous || performance.now() - restedMs > restMaxMs;
    },
    2 * restMaxMs,
    'the rest is over',
  );
  say('rested', {
    seconds: Math.round((performance.now() - restedMs) / 1_000),
    anonymousMb: megabytes(lowest),
    atStartMb: megabytes(start.anonymous),
  });
} finally {
  await victim.system.stop();
  removeFolder(folder);
}
