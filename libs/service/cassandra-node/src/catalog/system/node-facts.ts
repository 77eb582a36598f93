/** What a node knows of itself and of others, for `system` and `system_views`. */

export type NodeFacts = {
  readonly clusterName: string;
  /** UUID, as 32 hexadecimal digits. */
  readonly hostId: string;
  readonly dataCenter: string;
  readonly rack: string;
  /** Each a 64-bit integer in decimal digits. */
  readonly tokens: readonly string[];
  readonly partitioner: string;
  /** `5.0.x`: drivers choose their queries by it. */
  readonly releaseVersion: string;
  readonly cqlVersion: string;
  readonly nativeProtocolVersion: string;
  /** Counts a node's lives; larger at each start. 32 bits. */
  readonly gossipGeneration: number;
  /** IPv4 or IPv6. Broadcast and listen: between nodes; native: where clients come in. */
  readonly broadcastAddress: string;
  readonly broadcastPort: number;
  readonly listenAddress: string;
  readonly listenPort: number;
  readonly nativeAddress: string;
  readonly nativePort: number;
};

export type PeerFacts = Pick<
  NodeFacts,
  | 'hostId'
  | 'dataCenter'
  | 'rack'
  | 'tokens'
  | 'releaseVersion'
  | 'broadcastAddress'
  | 'broadcastPort'
  | 'nativeAddress'
  | 'nativePort'
> & { readonly schemaVersion: string };

export type ClientFacts = {
  readonly address: string;
  readonly port: number;
  readonly username: string | undefined;
  readonly stage: 'established' | 'authenticating' | 'ready';
  readonly protocolVersion: number;
  readonly keyspace: string | undefined;
  /** Of STARTUP. */
  readonly options: ReadonlyMap<string, string>;
  readonly requestCount: number;
  /** Undefined: without TLS. */
  readonly tls: { readonly protocol: string; readonly cipherSuite: string } | undefined;
};

export type PreparedFacts = {
  readonly id: Uint8Array;
  readonly keyspace: string | undefined;
  readonly text: string;
};

/** How much there is of a table in one range of tokens. */
export type SizeEstimate = {
  readonly keyspace: string;
  readonly table: string;
  readonly rangeStart: string;
  readonly rangeEnd: string;
  readonly meanPartitionSizeBytes: number;
  readonly partitionCount: number;
};

/** Asked anew at each read; all but the first may answer nothing. */
export type NodeSources = {
  facts(): NodeFacts;
  peers(): Iterable<PeerFacts>;
  clients(): Iterable<ClientFacts>;
  settings(): ReadonlyMap<string, string>;
  prepared(): Iterable<PreparedFacts>;
  estimates(): Iterable<SizeEstimate>;
  /** What is filled from the rows that were there. */
  isBuilt(number: number): boolean;
};
