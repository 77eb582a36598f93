/** Who is let in: by network, and as many as the limits say, in all and from one address. */
import type { Config } from './settings.ts';
import { Networks } from './networks.ts';

/** `limit`: its name in events and metrics. */
export type Refusal = { readonly limit: string; readonly text: string };

type Limits = Pick<Config, 'ftpAllow' | 'ftpDeny' | 'ftpSessionsMax' | 'ftpSessionsPerAddressMax'>;

export class Admission {
  readonly #limits: Limits;
  readonly #allowed: Networks;
  readonly #denied: Networks;
  readonly #perAddress = new Map<string, number>();
  #count = 0;

  /** @throws StatusError `malformed` when a network is none. */
  constructor(limits: Limits) {
    this.#limits = limits;
    this.#allowed = Networks.read(limits.ftpAllow, '--ftp-allow');
    this.#denied = Networks.read(limits.ftpDeny, '--ftp-deny');
  }
  /** Undefined: let in, and counted until {@link left}. */
  enter(host: string): Refusal | undefined {
    const refusal = this.#refusal(host);
    if (refusal !== undefined) return refusal;
    this.#count += 1;
    this.#perAddress.set(host, this.#countOf(host) + 1);
    return undefined;
  }
  left(host: string): void {
    this.#count -= 1;
    const left = this.#countOf(host) - 1;
    if (left > 0) this.#perAddress.set(host, left);
    else this.#perAddress.delete(host);
  }

  #refusal(host: string): Refusal | undefined {
    const { ftpSessionsMax, ftpSessionsPerAddressMax } = this.#limits;
    if (this.#denied.contain(host) || (!this.#allowed.empty && !this.#allowed.contain(host)))
      return { limit: 'network', text: 'Your address is not served here.' };
    if (this.#count >= ftpSessionsMax) return { limit: 'all', text: 'Too many sessions; try again later.' };
    if (this.#countOf(host) >= ftpSessionsPerAddressMax)
      return { limit: 'address', text: 'Too many sessions from your address; try again later.' };
    return undefined;
  }
  #countOf(host: string): number {
    return this.#perAddress.get(host) ?? 0;
  }
}
