/** The server that is looked at. */

/** `explicit`: AUTH TLS before the login. `implicit`: TLS from the first byte. */
export type TlsUse = 'none' | 'explicit' | 'implicit';

export type Target = {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly tls: TlsUse;
  /** Where cases make their own directories; empty: where the login leads. Absolute, no slash at its end. */
  readonly directory: string;
};
