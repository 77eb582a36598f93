/**
 * The datagrams of the search: sealed, so that a stranger neither finds us nor sends us to a node of his own.
 *
 * Layout of the payload: one byte kind, then the protobuf message.
 */
import { concatBytes } from '@skerry/kernel';
import { discovery } from '@skerry/proto';
import type { Sealer } from '@skerry/runtime-security';
import type { Telemetry } from '@skerry/runtime-telemetry';
import {
  formatAddress,
  parseAddress,
  type Address,
  type DatagramSocket,
  type LinkFilter,
  type World,
} from '@skerry/runtime-world';

export const discoveryPortDefault = 7399;
/** Largest datagram taken, in bytes; ours have about 150. */
export const probeSizeMaxBytes = 1_024;
/** Answers given in a second, to all askers: a thousand nodes that start at once are served in some seconds. */
export const answersPerSecondMax = 200;

const kinds = { probe: 1, answer: 2 } as const;

const sealed = (sealer: Sealer, kind: number, message: Uint8Array): Uint8Array =>
  sealer.seal('probe', concatBytes([Uint8Array.of(kind), message]));

function opened<T>(sealer: Sealer, kind: number, decode: (bytes: Uint8Array) => T, bytes: Uint8Array): T | undefined {
  if (bytes.length > probeSizeMaxBytes) return undefined;
  try {
    const payload = sealer.open('probe', bytes);
    return payload[0] === kind ? decode(payload.subarray(1)) : undefined;
  } catch {
    // Anybody can send us anything: what is not ours is not worth a line in the log.
    return undefined;
  }
}

export const encodeProbe = (sealer: Sealer, probe: discovery.Probe): Uint8Array =>
  sealed(sealer, kinds.probe, discovery.Probe.encode(probe).finish());
/** Undefined when it was not sealed by a node of our cluster, or is something else. */
export const decodeProbe = (sealer: Sealer, bytes: Uint8Array): discovery.Probe | undefined =>
  opened(sealer, kinds.probe, (payload) => discovery.Probe.decode(payload), bytes);
export const encodeAnswer = (sealer: Sealer, answer: discovery.ProbeAnswer): Uint8Array =>
  sealed(sealer, kinds.answer, discovery.ProbeAnswer.encode(answer).finish());
/** Undefined when it was not sealed by a node of our cluster, or is something else. */
export const decodeAnswer = (sealer: Sealer, bytes: Uint8Array): discovery.ProbeAnswer | undefined =>
  opened(sealer, kinds.answer, (payload) => discovery.ProbeAnswer.decode(payload), bytes);

export type ResponderOptions = {
  readonly world: World;
  readonly sealer: Sealer;
  readonly telemetry: Telemetry;
  readonly cluster: string;
  readonly nodeId: string;
  /** Probes of nodes that it cuts are dropped. */
  readonly links?: LinkFilter | undefined;
  /** Where to listen; port 7399 by the contracts. */
  readonly bind: Address;
  /** `host:port` of our gRPC door; undefined while it is not open: then nothing is answered. */
  address(): string | undefined;
};
export interface Responder {
  readonly address: Address;
  close(): Promise<void>;
}

/** Answers probes of our cluster. @throws StatusError `port_in_use`. */
export async function startResponder(options: ResponderOptions): Promise<Responder> {
  const { world, sealer, telemetry, cluster, nodeId, bind, links } = options;
  let secondStartedMs = world.clock.monotonicMs();
  let answered = 0;
  const mayAnswer = (): boolean => {
    const nowMs = world.clock.monotonicMs();
    if (nowMs - secondStartedMs >= 1_000) {
      secondStartedMs = nowMs;
      answered = 0;
    }
    answered += 1;
    return answered <= answersPerSecondMax;
  };
  // Empty until the socket is bound, which a first datagram may come before.
  const door: { socket?: DatagramSocket } = {};
  const receive = (bytes: Uint8Array, from: Address): void => {
    const probe = decodeProbe(sealer, bytes);
    const address = options.address();
    if (probe === undefined || address === undefined) return;
    if (probe.cluster !== cluster || probe.nodeId === nodeId) return;
    if (links?.isCut(probe) === true || !mayAnswer()) return;
    door.socket?.send(encodeAnswer(sealer, { cluster, nonce: probe.nonce, address, nodeId }), from);
    telemetry.emit({ event: 'probe_answered', level: 'debug', asker: probe.nodeId, from: formatAddress(from) });
  };
  const bound = await world.network.bindDatagrams(bind, receive);
  door.socket = bound;
  return { address: bound.address, close: () => bound.close() };
}

/** The door that an answer names; undefined when it is no answer to our question. */
export function answeredAddress(
  answer: discovery.ProbeAnswer | undefined,
  cluster: string,
  nonce: string,
): Address | undefined {
  if (answer === undefined || answer.cluster !== cluster || answer.nonce !== nonce) return undefined;
  return parseAddress(answer.address);
}
