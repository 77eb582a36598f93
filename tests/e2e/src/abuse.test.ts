import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  connects,
  handshakes,
  logins,
  portFlood,
  randomLines,
  reduced,
  reducedTls,
  slowLoris,
  Victim,
  Worker,
  type Door,
  type Left,
} from './abuse.ts';
import { removeFolder, temporaryFolder } from './system.ts';

/** What the heap may have grown by, in bytes: what is remembered with a bound (records, listings, compiled code) fills up. */
const heapGrowthMaxBytes = 24 * 1024 * 1024;
/** By 1,000 connections more, when all that has a bound is full: a leak of 2 KiB for each would be more. */
const heapLeakMaxBytes = 2 * 1024 * 1024;
/** What the process may: its allocators keep pages. `npm run abuse -- --full` tells whether it goes on growing. */
const memoryGrowthMaxBytes = 96 * 1024 * 1024;

const folder = temporaryFolder('abuse');
let victim: Victim;
let before: Left;
let worker: Worker;
let plain: Door;
let secure: Door;
beforeAll(async () => {
  victim = await Victim.start(folder);
  [plain, secure] = [victim.door(false), victim.door(true)];
  // What is made once, by the first of each kind, is no leak.
  await connects(plain, 100);
  await randomLines(plain, 1_000);
  await portFlood(plain, 20);
  await connects(secure, 40);
  await portFlood(secure, 10);
  before = await victim.left();
  worker = new Worker(plain);
}, 60_000);
afterAll(async () => {
  await victim.system.stop();
  removeFolder(folder);
});

describe('abuse by volume', () => {
  it('connects and disconnects', async () => {
    await connects(plain, reduced.connects);
  }, 60_000);
  it('random command lines are answered', async () => {
    expect(await randomLines(plain, reduced.lines)).toBeGreaterThan(reduced.lines / 2);
  }, 60_000);
  it('slow-loris: whoever never logs in is sent away in time', async () => {
    const last = await slowLoris(plain, reduced.slow);
    expect(new Set(last)).toEqual(new Set(['421 No login in time.']));
  }, 60_000);
  it('a flood of passive ports: strangers at them get nothing, the right clients what they asked for', async () => {
    expect(await portFlood(plain, reduced.ports)).toEqual({ served: 0, listed: Math.ceil(reduced.ports / 10) });
  }, 60_000);
  it('logins', async () => {
    expect(await logins(plain, reduced.logins)).toBeGreaterThan(0);
  }, 60_000);
  it('under TLS: all of it at once, and handshakes that come to nothing', async () => {
    const other = new Worker(secure);
    const { connects: dials, lines, slow, ports, logins: entries, handshakes: begun } = reducedTls;
    const [, replies, last, flooded] = await Promise.all([
      connects(secure, dials),
      randomLines(secure, lines),
      slowLoris(secure, slow),
      portFlood(secure, ports),
      handshakes(secure, begun),
    ]);
    expect(replies).toBeGreaterThan(lines / 2);
    expect(new Set(last)).toEqual(new Set(['421 No login in time.']));
    expect(flooded).toEqual({ served: 0, listed: Math.ceil(ports / 10) });
    expect(await logins(secure, entries)).toBeGreaterThan(0);
    await other.stop();
    expect(other.rounds).toBeGreaterThan(0);
  }, 90_000);
  it('somebody who works meanwhile is served, and sees what was written', async () => {
    await worker.stop();
    expect(worker.rounds).toBeGreaterThan(5);
    expect(worker.slowestMs).toBeLessThan(15_000);
  }, 30_000);
  it('nothing of it is left: descriptors, handles, memory', async () => {
    const after = await victim.settled(before);
    expect(after.heapUsed - before.heapUsed).toBeLessThan(heapGrowthMaxBytes);
    expect(after.anonymous - before.anonymous).toBeLessThan(memoryGrowthMaxBytes);
    expect(victim.system.child.exitCode).toBeNull();
  }, 60_000);
  it('nor does it grow by more of the same', async () => {
    // The first round fills what the rounds before left empty.
    const grown: number[] = [];
    for (let round = 0; round < 2; round++) {
      const start = await victim.left();
      await connects(plain, reduced.connects);
      const { heapUsed } = await victim.settled(start);
      grown.push(heapUsed - start.heapUsed);
    }
    expect(Math.min(...grown)).toBeLessThan(heapLeakMaxBytes);
  }, 60_000);
});
