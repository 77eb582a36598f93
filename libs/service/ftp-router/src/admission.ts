/** Who is let in: by network, and as many as the limits say: in all at this router, from one address at all routers. */
import type { Config } from './settings.ts';
import { Networks } from './networks.ts';

/** `limit`: its name in events and metrics. */
export type Refusal = { readonly limit: string; readonly text: string };

type Limits = Pick<Config, 'ftpAllow' | 'ftpDeny' | 'ftpSessionsMax' | 'ftpSessionsPerAddressMax'>;

export type Others = {
  /** Sessions of an address at the other routers. */
  elsewhere(host: string): number;
  /** An address has so many sessions here now. */
  counted(host: string, count: number): void;
};

export class Admission {
  readonly #limits: Limits;
  readonly #allowed: Networks;
  readonly #denied: Networks;
  readonly #others: Others;
  readonly #perAddress = new Map<string, number>();
  #count = 0;

  /** @throws StatusError `malformed` when a network is none. */
  constructor(limits: Limits, others: Others) {
    this.#others = others;
    this.#limits = limits;
    this.#allowed = Networks.read(limits.ftpAllow, '--ftp-allow');
    this.#denied = Networks.read(limits.ftpDeny, '--ftp-deny');
  }
  /** Sessions here, by address. */
  get addresses(): ReadonlyMap<string, number> {
    return this.#perAddress;
  }
  /** Undefined: let in, and counted until {@link left}. */
  enter(host: string): Refusal | undefined {
    const refusal = this.#refusal(host);
    if (refusal !== undefined) return refusal;
    this.#count += 1;
    this.#counted(host, this.#countOf(host) + 1);
    return undefined;
  }
  left(host: string): void {
    this.#count -= 1;
    this.#counted(host, this.#countOf(host) - 1);
  }
  #counted(host: string, count: number): void {
    if (count > 0) this.#perAddress.set(host, count);
    else this.#perAddress.delete(host);
    this.#others.counted(host, count);
  }

  #refusal(host: string): Refusal | undefined {
    const { ftpSessionsMax, ftpSessionsPerAddressMax } = this.#limits;
    if (this.#denied.contain(host) || (!this.#allowed.empty && !this.#allowed.contain(host)))
      return { limit: 'network', text: 'Your address is not served here.' };
    if (this.#count >= ftpSessionsMax) return { limit: 'all', text: 'Too many sessions; try again later.' };
    if (this.#countOf(host) + this.#others.elsewhere(host) >= ftpSessionsPerAddressMax)
      return { limit: 'address', text: 'Too many sessions from your address; try again later.' };
    return undefined;
  }
  #countOf(host: string): number {
    return this.#perAddress.get(host) ?? 0;
  }
}
