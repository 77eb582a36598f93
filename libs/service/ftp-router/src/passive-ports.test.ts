/** Listeners that rest between transfers: which are used again, and which are not. */
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@skerry/testing';
import type { Clock } from '@skerry/runtime-world';
import { listenerRestMs, PassivePorts, type PassiveChannel } from './passive-ports.ts';

const host = '127.0.0.1';
const ended: (() => void)[] = [];
afterEach(() => {
  for (const end of ended.splice(0)) end();
});

function subject() {
  let nowMs = 0;
  const timers = new Set<{ readonly dueMs: number; readonly fire: () => void }>();
  const clock: Clock = {
    monotonicMs: () => nowMs,
    wallMs: () => nowMs,
    setTimer: (delayMs, fire) => {
      const timer = { dueMs: nowMs + delayMs, fire };
      timers.add(timer);
      return { cancel: () => void timers.delete(timer) };
    },
  };
  const refused: number[] = [];
  const ports = new PassivePorts({
    range: { first: 0, last: 0 },
    acceptMs: 5_000,
    clock,
    random: (count) => crypto.getRandomValues(new Uint8Array(count)),
    pass: (socket, enter) => enter(socket),
    refused: (_, port) => refused.push(port),
  });
  ended.push(() => ports.close());
  const elapse = (ms: number): void => {
    nowMs += ms;
    for (const timer of [...timers]) if (timer.dueMs <= nowMs && timers.delete(timer)) timer.fire();
  };
  return { ports, refused, elapse };
}
const dial = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host, port });
    ended.push(() => socket.destroy());
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
  });
/** One data connection from its reservation to its end; its port. */
async function transfer(ports: PassivePorts): Promise<number> {
  const channel: PassiveChannel = await ports.reserve(host, host);
  const [socket] = await Promise.all([channel.open(new AbortController().signal), dial(channel.port)]);
  channel.close();
  socket.destroy();
  return channel.port;
}
async function transfers(ports: PassivePorts, count: number): Promise<readonly number[]> {
  const all: number[] = [];
  while (all.length < count) all.push(await transfer(ports));
  return all;
}

describe('a listener', () => {
  it('serves again, one of so many that nobody can guess which', async () => {
    const { ports } = subject();
    const first = await transfers(ports, 32);
    expect(new Set(first).size).toBe(32);
    expect(ports.listeners).toBe(0);
    const later = await transfers(ports, 16);
    expect(later.filter((port) => !first.includes(port))).toEqual([]);
    expect(new Set(later).size).toBeGreaterThan(1);
  });
  it('lets nobody in while it rests, and tells of who came', async () => {
    const { ports, refused } = subject();
    const port = await transfer(ports);
    expect(await dial(port)).toBe(true);
    await eventually(() => refused.length === 1);
    expect(refused).toEqual([port]);
  });
  it('to which nobody came is closed at once', async () => {
    const { ports } = subject();
    const channel = await ports.reserve(host, host);
    channel.close();
    await eventually(async () => !(await dial(channel.port)));
  });
  it('that rested for long is closed', async () => {
    const { ports, elapse } = subject();
    const port = await transfer(ports);
    elapse(listenerRestMs);
    await eventually(async () => !(await dial(port)));
  });
  it('rests no more when the router stops', async () => {
    const { ports } = subject();
    const port = await transfer(ports);
    ports.close();
    await eventually(async () => !(await dial(port)));
    const last = await transfer(ports);
    await eventually(async () => !(await dial(last)));
  });
});
