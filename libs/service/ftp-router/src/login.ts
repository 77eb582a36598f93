/** What the router must know of a login: it opens the grant that processors carry in the session. */
import { StatusError } from '@skerry/kernel';
import { auth } from '@skerry/proto';
import type { Sealer } from '@skerry/runtime-security';
import type { OwnRates } from './rates.ts';

export type Login = {
  readonly id: string;
  readonly user: string;
  readonly rates: OwnRates;
  /** By the auth nodes' clock. */
  readonly issuedAtMs: number;
  readonly userExpiresAtMs: number | undefined;
};

export class LoginReader {
  readonly #sealer: Sealer;
  #sealed: Uint8Array | undefined;
  #login: Login | undefined;

  constructor(sealer: Sealer) {
    this.#sealer = sealer;
  }
  /** Undefined before the login. @throws StatusError `token_invalid` for what auth did not make. */
  read(sealed: Uint8Array): Login | undefined {
    if (sealed.length === 0) return undefined;
    // The same one for seconds: opened once.
    if (this.#login === undefined || sealed !== this.#sealed) {
      this.#login = loginOf(this.#sealer.open('grant', sealed));
      this.#sealed = sealed;
    }
    return this.#login;
  }
}

function loginOf(payload: Uint8Array): Login {
  try {
    const grant = auth.Grant.decode(payload);
    const { sessionId: id, user, issuedAtMs, userExpiresAtMs } = grant;
    const rates = { up: grant.rateUpBytesPerSecond, down: grant.rateDownBytesPerSecond };
    return { id, user, rates, issuedAtMs, userExpiresAtMs };
  } catch (cause) {
    throw new StatusError('token_invalid', 'Cannot read grant: sealed by us, yet no Grant', { cause });
  }
}
