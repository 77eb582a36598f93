/** Service tokens: short-lived proof, sealed with the cluster's key, of who calls in which role. */
import { NodeId, isNodeId, randomId, StatusError, toUuid, type RandomBytes } from '@skerry/kernel';
import { common } from '@skerry/proto';
import type { Identity, RevocationList, Sealer } from '@skerry/runtime-security';
import type { Clock } from '@skerry/runtime-world';
import type { Caller } from './types.ts';

export const tokenKey = 'skerry-token-bin';
/** In ms. Short, so that a stolen one is soon worth nothing; renewed at half of it. */
export const tokenLifeMs = 60_000;
/** How far the clocks of two nodes may be apart, in ms, before their tokens are refused. */
export const tokenSkewMaxMs = 10_000;
/** In bytes: ours have some 120. */
export const tokenSizeMaxBytes = 1_024;
/** Verified tokens remembered: two for each of 512 nodes. */
const verifiedMax = 1_024;

/** `text`: the bytes in base64, as metadata has them. */
type Minted = { readonly bytes: Uint8Array; readonly text: string; readonly issuedAtMs: number };

/** Makes this node's own token, one at a time. */
export class TokenMint {
  readonly #identity: Identity;
  readonly #sealer: Sealer;
  readonly #clock: Clock;
  readonly #random: RandomBytes;
  #token: Minted | undefined;

  constructor(identity: Identity, sealer: Sealer, clock: Clock, random: RandomBytes) {
    this.#identity = identity;
    this.#sealer = sealer;
    this.#clock = clock;
    this.#random = random;
  }
  current(): Uint8Array {
    return this.#current().bytes;
  }
  currentText(): string {
    return this.#current().text;
  }
  #current(): Minted {
    const now = this.#clock.wallMs();
    const age = this.#token === undefined ? Infinity : now - this.#token.issuedAtMs;
    // A negative age: the wall clock stepped back, and others would take the token for one from the future.
    if (this.#token !== undefined && age >= 0 && age < tokenLifeMs / 2) return this.#token;
    const { nodeId, role } = this.#identity;
    const tokenId = toUuid(randomId(this.#random));
    const issuedAtMs = Math.floor(now);
    const payload = common.ServiceToken.encode({
      tokenId,
      nodeId,
      role,
      issuedAtMs,
      expiresAtMs: issuedAtMs + tokenLifeMs,
    }).finish();
    const bytes = this.#sealer.seal('service-token', payload);
    this.#token = { bytes, text: Buffer.from(bytes).toString('base64'), issuedAtMs };
    return this.#token;
  }
}

type Verified = { readonly token: common.ServiceToken; readonly caller: Caller };

/** Says who the bearer of a token is. The seal is checked once for each token, its time and revocation at each call. */
export class TokenVerifier {
  readonly #sealer: Sealer;
  readonly #revocations: RevocationList;
  readonly #clock: Clock;
  readonly #verified = new Map<string, Verified>();
  // The one before is mostly the one again; comparing bytes takes an eighth of the time of finding them by text.
  #latest: { readonly bytes: Buffer; readonly verified: Verified } | undefined;

  constructor(sealer: Sealer, revocations: RevocationList, clock: Clock) {
    this.#sealer = sealer;
    this.#revocations = revocations;
    this.#clock = clock;
  }
  /** @throws StatusError `token_invalid`, `token_expired`, `token_revoked`. */
  verify(bytes: Buffer): Caller {
    const latest = this.#latest;
    if (latest?.bytes.equals(bytes) === true) return this.#check(latest.verified);
    const key = bytes.toString('latin1');
    const known = this.#verified.get(key);
    const verified = known ?? this.#open(bytes);
    const caller = this.#check(verified);
    if (known === undefined) this.#remember(key, verified);
    this.#latest = { bytes, verified };
    return caller;
  }
  #check({ token, caller }: Verified): Caller {
    const now = this.#clock.wallMs();
    if (now > token.expiresAtMs + tokenSkewMaxMs)
      throw refuse('token_expired', token, `expired ${Math.round(now - token.expiresAtMs)} ms ago`);
    if (now < token.issuedAtMs - tokenSkewMaxMs)
      throw refuse('token_invalid', token, `issued ${Math.round(token.issuedAtMs - now)} ms in the future`);
    if (this.#revocations.has(token.tokenId) || this.#revocations.has(token.nodeId))
      throw refuse('token_revoked', token, 'revoked');
    return caller;
  }
  #open(bytes: Uint8Array): Verified {
    if (bytes.length > tokenSizeMaxBytes)
      throw new StatusError(
        'token_invalid',
        `Cannot take service token: ${bytes.length} bytes, limit ${tokenSizeMaxBytes}`,
      );
    const token = decode(this.#sealer.open('service-token', bytes));
    if (token === undefined || !isNodeId(token.nodeId) || token.expiresAtMs - token.issuedAtMs > tokenLifeMs)
      throw new StatusError('token_invalid', 'Cannot take service token: it is none of this version');
    return { token, caller: { nodeId: NodeId(token.nodeId), role: token.role } };
  }
  #remember(key: string, verified: Verified): void {
    for (const oldest of this.#verified.keys()) {
      if (this.#verified.size < verifiedMax) break;
      this.#verified.delete(oldest);
    }
    this.#verified.set(key, verified);
  }
}

function decode(payload: Uint8Array): common.ServiceToken | undefined {
  try {
    return common.ServiceToken.decode(payload);
  } catch {
    return undefined;
  }
}

const refuse = (
  reason: 'token_invalid' | 'token_expired' | 'token_revoked',
  token: common.ServiceToken,
  state: string,
): StatusError => new StatusError(reason, `Cannot take service token of node "${token.nodeId}": it is ${state}`);
