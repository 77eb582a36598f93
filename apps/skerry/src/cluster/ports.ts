/**
 * Ports that the nodes of a cluster keep for life, also while they are down: not of those that the system gives to
 * outgoing connections, and no other cluster's.
 *
 * A block of ports belongs to who listens on its first one: that is the supervisor's own door.
 */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { StatusError, toStatusError } from '@skerry/kernel';

/** Ports below are for well-known services, here and there. */
export const nodePortFirst = 10_000;
/** Of one cluster: its nodes, the supervisor, and some that others may have. */
export const portBlockCount = 64;
/** Where outgoing connections begin, if the system does not say: as on Linux, the lowest in use. */
const ephemeralFirstDefault = 32_768;
/** So many blocks in use one after the other: something else is wrong. */
const blockTriesMax = 100;
const loopback = '127.0.0.1';

/** First port that an outgoing connection may get. */
export function ephemeralFirst(): number {
  try {
    const first = Number(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').trim().split(/\s+/)[0]);
    return first >= nodePortFirst + portBlockCount ? first : ephemeralFirstDefault;
  } catch {
    // Not on Linux.
    return ephemeralFirstDefault;
  }
}

/**
 * `server` listens on loopback from now on, at the first port of a block of its own. @returns `count` more of that
 * block, which nobody uses at `host`. @throws StatusError `no_node` when there are not so many.
 */
export async function claimPorts(server: Server, host: string, count: number): Promise<readonly number[]> {
  const blocks = Math.floor((ephemeralFirst() - nodePortFirst) / portBlockCount);
  let refusal: StatusError | undefined;
  for (let tries = 0; tries < blockTriesMax; tries++) {
    const first = nodePortFirst + randomInt(blocks) * portBlockCount;
    refusal = await listen(server, loopback, first);
    if (refusal !== undefined) continue;
    const ports: number[] = [];
    for (let port = first + 1; port < first + portBlockCount && ports.length < count; port++) {
      const other = createServer();
      refusal = await listen(other, host, port);
      if (refusal !== undefined) continue;
      await close(other);
      ports.push(port);
    }
    if (ports.length === count) return ports;
    await close(server);
  }
  throw new StatusError(
    'no_node',
    `Cannot find ${count} free ports of ${host}: ${refusal?.message ?? 'none are left'}`,
  );
}

/** Why it cannot; undefined: it does. */
async function listen(server: Server, host: string, port: number): Promise<StatusError | undefined> {
  try {
    const listening = once(server, 'listening');
    server.listen(port, host);
    await listening;
    return undefined;
  } catch (thrown) {
    return toStatusError(thrown);
  }
}
async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  await closed;
}
