/** Identity of a node: its certificate, and the key with which the cluster's nodes seal tokens and tickets. */
import type { NodeId } from '@skerry/kernel';

/** PEM texts. Absent in the plaintext development mode. */
export type TlsMaterial = { readonly caCertificate: string; readonly certificate: string; readonly privateKey: string };

export type Identity = {
  readonly cluster: string;
  readonly nodeId: NodeId;
  readonly role: string;
  readonly tls: TlsMaterial | undefined;
  /** 32 bytes, the same on all nodes of the cluster; never logged. */
  readonly sealingKey: Uint8Array;
};

/** What a seal is for; a seal made for one purpose opens for no other. */
export type SealPurpose = 'service-token' | 'ticket' | 'grant' | 'probe';

export interface Sealer {
  /** HMAC-SHA-256 over purpose and payload, the payload in clear beside it. */
  seal(purpose: SealPurpose, payload: Uint8Array): Uint8Array;
  /** The payload, a view. Constant time. @throws StatusError `token_invalid`: not sealed with our key for this purpose. */
  open(purpose: SealPurpose, sealed: Uint8Array): Uint8Array;
}

/** Ids of tokens and sessions that are void. Bounded: an id is forgotten when all tokens of its time have expired. */
export interface RevocationList {
  readonly version: number;
  readonly ids: readonly string[];
  has(id: string): boolean;
  /** Takes a newer list, or more ids. */
  replace(version: number, ids: readonly string[]): void;
  add(ids: readonly string[]): void;
  /** Called when there may be more of them. */
  listen(listener: () => void): void;
}
