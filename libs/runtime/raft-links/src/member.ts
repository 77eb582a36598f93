/** What all streams of one member share. */
import { equalBytes, idToBytes, RecordCodec, StatusError, type Epoch, type GroupId, type NodeId } from '@skerry/kernel';
import type { RpcNode } from '@skerry/runtime-rpc';
import type { Telemetry } from '@skerry/runtime-telemetry';
import type { World } from '@skerry/runtime-world';
import type { LinkLimits } from './limits.ts';
import type { LinkMetrics } from './metrics.ts';
import type { Refusal, Refusals } from './refusals.ts';
import type { RaftHandler } from './types.ts';

export type Member = {
  readonly self: NodeId;
  readonly identity: GroupIdentity;
  readonly rpc: RpcNode;
  readonly resolve: (id: NodeId) => string | undefined;
  readonly handler: RaftHandler;
  readonly limits: LinkLimits;
  readonly world: Pick<World, 'clock' | 'random' | 'checksum' | 'crc32'>;
  readonly telemetry: Telemetry;
  readonly metrics: LinkMetrics;
  readonly refusals: Refusals;
};

/** Group and epoch as they are on the wire, and the codec of their records; made anew when the epoch changes. */
export class GroupIdentity {
  readonly group: GroupId;
  readonly #epoch: () => Epoch;
  #made: { readonly epoch: Epoch; readonly bytes: Uint8Array; readonly records: RecordCodec } | undefined;

  constructor(group: GroupId, epoch: () => Epoch) {
    this.group = group;
    this.#epoch = epoch;
  }
  get epochBytes(): Uint8Array {
    return this.#now().bytes;
  }
  get records(): RecordCodec {
    return this.#now().records;
  }
  #now(): { readonly bytes: Uint8Array; readonly records: RecordCodec } {
    const epoch = this.#epoch();
    if (this.#made?.epoch !== epoch)
      this.#made = { epoch, bytes: idToBytes(epoch), records: new RecordCodec({ group: this.group, epoch }) };
    return this.#made;
  }
}

/** Of a frame and of an offer. */
type Addressed = {
  readonly group: string;
  readonly epoch: Uint8Array;
  readonly from: string;
  readonly to: string;
};
export type Refused = { readonly why: Refusal; readonly failure: StatusError };

/** Undefined: it is of this group and epoch, from the node that is at the other end, to this one. */
export function refusalOf({ identity, self }: Member, peer: NodeId, what: Addressed): Refused | undefined {
  if (what.from !== peer || what.to !== self)
    return {
      why: 'sender',
      failure: new StatusError(
        'access_denied',
        `Cannot take what "${peer}" sent to "${self}": it says "${clip(what.from)}" to "${clip(what.to)}"`,
      ),
    };
  if (what.group !== identity.group)
    return {
      why: 'group',
      failure: new StatusError(
        'malformed',
        `Cannot take frame: of group "${clip(what.group)}", not "${identity.group}"`,
      ),
    };
  if (!equalBytes(what.epoch, identity.epochBytes))
    return {
      why: 'epoch',
      failure: new StatusError('fenced', `Cannot take frame of group "${identity.group}": it is of another epoch`),
    };
  return undefined;
}

/** Of a name that a peer sent, as much as an error message needs. */
const clip = (text: string): string => (text.length <= 80 ? text : `${text.slice(0, 80)}…`);
