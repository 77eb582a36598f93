/**
 * The address that a passive client is told: by its own network, then --passive-host, then the one it connected to.
 *
 * A name stands for its IPv4 address (PASV can say no other), looked up at start and again at SIGHUP.
 */
import { lookup } from 'node:dns/promises';
import { inBlock, parseAddress, parseBlock, StatusError, type AddressBlock } from '@skerry/kernel';

export type PassiveHostConfig = {
  readonly passiveHost?: string | undefined;
  /** `CIDR=ADDRESS` each. */
  readonly passiveHostFor: readonly string[];
};
type Override = { readonly block: AddressBlock; readonly host: string };

/** @throws StatusError `malformed`: the network is none, or the address can be reached by nobody. */
export function parseOverride(text: string): { readonly block: AddressBlock; readonly host: string } {
  const at = text.indexOf('=');
  const host = text.slice(at + 1);
  try {
    const block = parseBlock(text.slice(0, at));
    requireReachable(host, '--passive-host-for');
    return { block, host };
  } catch (thrown) {
    if (!(thrown instanceof StatusError) || thrown.message.includes('--passive-host-for')) throw thrown;
    throw new StatusError('malformed', `Cannot read --passive-host-for "${text}": ${thrown.message}`, {
      cause: thrown,
    });
  }
}
/** 0.0.0.0 and :: are where we listen; nobody can connect to them. */
export function requireReachable(host: string, setting: string): void {
  const bytes = parseAddress(host);
  if (bytes?.every((byte) => byte === 0) === true)
    throw new StatusError(
      'malformed',
      `Cannot use ${setting} "${host}": must be an address that clients can reach; --passive-bind is where we listen`,
    );
}

export class PassiveHosts {
  readonly #config: PassiveHostConfig;
  #overrides: readonly Override[] = [];
  #byDefault: string | undefined;

  private constructor(config: PassiveHostConfig) {
    this.#config = config;
  }
  /** @throws StatusError `malformed`, `no_such_entry` for a name that is not known. */
  static async open(config: PassiveHostConfig): Promise<PassiveHosts> {
    const hosts = new PassiveHosts(config);
    await hosts.refresh();
    return hosts;
  }
  /** Names again. @throws StatusError as {@link open}; the addresses before stay. */
  async refresh(): Promise<void> {
    const { passiveHost, passiveHostFor } = this.#config;
    if (passiveHost !== undefined) requireReachable(passiveHost, '--passive-host');
    const byDefault = passiveHost === undefined ? undefined : await addressOf(passiveHost);
    const overrides = await Promise.all(
      passiveHostFor.map(parseOverride).map(async ({ block, host }) => ({ block, host: await addressOf(host) })),
    );
    // The most exact network first.
    this.#overrides = overrides.toSorted((a, b) => b.block.prefixBits - a.block.prefixBits);
    this.#byDefault = byDefault;
  }
  /** @param localHost what the client connected to. */
  advertised(clientHost: string, localHost: string): string {
    return this.#overrides.find(({ block }) => inBlock(block, clientHost))?.host ?? this.#byDefault ?? localHost;
  }
}

async function addressOf(host: string): Promise<string> {
  if (parseAddress(host) !== undefined) return host;
  try {
    return (await lookup(host, { family: 4 })).address;
  } catch (cause) {
    throw new StatusError('no_such_entry', `Cannot find the IPv4 address of passive host "${host}"`, { cause });
  }
}
