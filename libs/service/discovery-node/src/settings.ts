import { hostPattern, integer, optionalText, type ConfigOf } from '@skerry/runtime-config';
import { discoveryPortDefault } from '@skerry/runtime-discovery';

export const settings = {
  leaseMs: integer({
    default: 6_000,
    min: 500,
    max: 600_000,
    unit: 'ms',
    help: 'a node that is silent for so long is dropped; heartbeats come three times as often, so two may be lost',
  }),
  discoveryPort: integer({
    default: discoveryPortDefault,
    min: 0,
    max: 65_535,
    help: 'UDP port on which nodes that know nobody find this one by broadcast; the same on all nodes',
  }),
  discoveryBind: optionalText({
    pattern: hostPattern,
    wanted: 'an IP address',
    placeholder: 'ADDRESS',
    help: 'address on which to answer the search by broadcast; by default every one, and none when --host is loopback',
  }),
} as const;
/** `host`: the node's own, as the host read it; loopback when it did not say. */
export type DiscoveryConfig = ConfigOf<typeof settings> & { readonly host?: string };
