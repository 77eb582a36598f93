/** The search for a discovery node when none is known: broadcast with mask adjustment, then a sweep (F11). */
import { randomId } from '@skerry/kernel';
import type { Sealer } from '@skerry/runtime-security';
import { pause, type Address, type NetworkInterface, type World } from '@skerry/runtime-world';
import { answeredAddress, decodeAnswer, encodeProbe } from './probe.ts';
import { broadcastSteps, sweepAddresses } from './subnet.ts';

/** How long answers are awaited after each step of the broadcast, in ms: several round trips of any local network. */
export const answerWaitMs = 300;
/** Datagrams of a sweep in a second: a /22 takes four seconds, and no switch takes it for a flood. */
export const sweepAddressesPerSecond = 256;
/** They go out in groups of this many. */
const sweepGroup = 16;

const everyInterface: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

export type SearchOptions = {
  readonly world: World;
  readonly sealer: Sealer;
  readonly cluster: string;
  readonly nodeId: string;
  /** UDP port of the discovery nodes. */
  readonly port: number;
  readonly sweep: boolean;
  /** Host that the node listens on: only the interface with its address is searched; `0.0.0.0` or `::` is every one. */
  readonly bound: string;
  found(address: Address, by: 'broadcast' | 'sweep'): void;
};

/**
 * Whether somebody answered. Ends at the first step that was answered, when nothing is left to try, or at the abort.
 */
export async function searchByDatagram(options: SearchOptions, signal: AbortSignal): Promise<boolean> {
  const { world, sealer, cluster, nodeId, port, bound, found } = options;
  const interfaces = await interfacesOf(bound, world);
  if (interfaces.length === 0) return false;
  const nonce = randomId(world.random);
  const probe = encodeProbe(sealer, { cluster, nonce, nodeId });
  let by: 'broadcast' | 'sweep' = 'broadcast';
  let answered = false;
  // From the address of one interface, the broadcast to all (255.255.255.255) too leaves by that.
  const [only, ...others] = interfaces;
  const host = only !== undefined && others.length === 0 ? only.address : '0.0.0.0';
  const socket = await world.network.bindDatagrams({ host, port: 0 }, (bytes) => {
    const address = answeredAddress(decodeAnswer(sealer, bytes), cluster, nonce);
    if (address === undefined) return;
    answered = true;
    found(address, by);
  });
  const over = (): boolean => answered || signal.aborted;
  try {
    for (const step of broadcastSteps(interfaces)) {
      for (const host of step) socket.send(probe, { host, port });
      await pause(world.clock, answerWaitMs, signal);
      if (over()) return answered;
    }
    if (!options.sweep) return false;
    by = 'sweep';
    let sent = 0;
    for (const host of sweepAddresses(interfaces)) {
      socket.send(probe, { host, port });
      sent += 1;
      if (sent % sweepGroup === 0) await pause(world.clock, (sweepGroup * 1_000) / sweepAddressesPerSecond, signal);
      if (over()) return answered;
    }
    await pause(world.clock, answerWaitMs, signal);
    return answered;
  } finally {
    await socket.close();
  }
}

async function interfacesOf(bound: string, { network }: World): Promise<readonly NetworkInterface[]> {
  const interfaces = network.interfaces();
  if (everyInterface.has(bound)) return interfaces;
  const own = await network.resolve(bound);
  return interfaces.filter(({ address }) => own.includes(address));
}
