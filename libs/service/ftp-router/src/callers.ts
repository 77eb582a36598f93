/** The two roles that the router calls. */
import { data, processing } from '@skerry/proto';
import { RoleCaller } from '@skerry/runtime-discovery';
import type { ServiceEnvironment } from '@skerry/runtime-host';
import type { Client } from '@skerry/runtime-rpc';

/** Longest time for one try at a processor while another may be there, in ms: a paused one must not eat the deadline. */
const processorTryMaxMs = 4_000;

export type DataNode = Client<typeof data.DataServiceDefinition>;
export type DataNodes = RoleCaller<typeof data.DataServiceDefinition>;
/** The leader first. A try has all the time: a stream's own deadlines, and its single-use ticket, are the transfer's. */
export const dataNodes = (environment: ServiceEnvironment): DataNodes =>
  new RoleCaller(environment, {
    role: 'data',
    definition: data.DataServiceDefinition,
    sticky: true,
    tryMaxMs: Number.POSITIVE_INFINITY,
  });

export type Processors = RoleCaller<typeof processing.ProcessingServiceDefinition>;
/** Lines are spread: a processor keeps nothing between them. */
export const processors = (environment: ServiceEnvironment): Processors =>
  new RoleCaller(environment, {
    role: 'processing',
    definition: processing.ProcessingServiceDefinition,
    sticky: false,
    tryMaxMs: processorTryMaxMs,
  });
