/** What the catalogue refuses, in the words and with the codes of Cassandra 5.0. */

/** The native protocol's error codes. `alreadyExists` carries names of its own in its frame. */
export const faultCodes = {
  syntax: 0x2000,
  unauthorized: 0x2100,
  invalid: 0x2200,
  configuration: 0x2300,
  alreadyExists: 0x2400,
} as const;

export type Fault =
  | { readonly kind: 'syntax' | 'unauthorized' | 'invalid' | 'configuration'; readonly message: string }
  /** `table` is empty when it is the keyspace that exists. */
  | {
      readonly kind: 'alreadyExists';
      readonly message: string;
      readonly keyspace: string;
      readonly table: string;
    };

/** Carries a fault out of the depth of a statement to the one place that answers it (`execute`, `describe`). */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly fault: Fault;
  constructor(fault: Fault) {
    super(fault.message);
    this.fault = fault;
  }
}

export const invalid = (message: string): Refusal => new Refusal({ kind: 'invalid', message });
export const misconfigured = (message: string): Refusal => new Refusal({ kind: 'configuration', message });
export const badSyntax = (message: string): Refusal => new Refusal({ kind: 'syntax', message });
export const unauthorized = (message: string): Refusal => new Refusal({ kind: 'unauthorized', message });

export const keyspaceExists = (keyspace: string): Refusal =>
  new Refusal({
    kind: 'alreadyExists',
    message: `Cannot add existing keyspace "${keyspace}"`,
    keyspace,
    table: '',
  });
export const tableExists = (keyspace: string, table: string): Refusal =>
  new Refusal({
    kind: 'alreadyExists',
    message: `Cannot add already existing table "${table}" to keyspace "${keyspace}"`,
    keyspace,
    table,
  });
