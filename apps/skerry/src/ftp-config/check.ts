/** What is wrong, or will surprise, in the settings of an FTP router: each alone, then together and with the machine. */
import { inBlock, parseAddress, parseBlock, StatusError } from '@skerry/kernel';
import type { ConfigOf, Setting } from '@skerry/runtime-config';
import { nodeSettings } from '@skerry/runtime-host';
import * as processing from '@skerry/service-ftp-processor';
import * as routing from '@skerry/service-ftp-router';
import { nearest, type Source } from './source.ts';

export const knownSettings = { ...nodeSettings, ...routing.settings };
export type RouterConfig = ConfigOf<typeof knownSettings>;
export type Problem = {
  /** `error`: it will not start, or clients will fail. `warning`: it works, perhaps not as meant. */
  readonly level: 'error' | 'warning';
  /** Empty: about all of them. */
  readonly setting: string;
  /** In the file, from 1. Undefined: given by flag or environment, or not given. */
  readonly line?: number | undefined;
  readonly message: string;
};
/** What the machine says; replaced in tests. */
export type Machine = {
  /** Addresses of its interfaces. */
  readonly addresses: readonly string[];
  readonly nowMs: number;
  /** The IPv4 address of a name; undefined: not known. */
  resolve(name: string): Promise<string | undefined>;
  /** Text of a file. @throws Error. */
  read(path: string): Promise<string>;
  /** Others than the owner and its group may read the file. */
  isOpenToAll(path: string): Promise<boolean>;
  /** Why nothing can be written in the folder, or in what would hold it; undefined: it can. */
  unwritable(folder: string): Promise<string | undefined>;
};

export class Findings {
  readonly problems: Problem[] = [];
  readonly #lines: ReadonlyMap<string, number>;
  constructor(source: Source | undefined) {
    this.#lines = new Map(source?.keys.map(({ name, line }) => [name, line]));
  }
  add(level: Problem['level'], setting: string, message: string): void {
    this.problems.push({ level, setting, line: this.#lines.get(setting), message });
  }
  /** An error for what `check` throws. */
  attempt(setting: string, check: () => void): boolean {
    try {
      check();
      return true;
    } catch (thrown) {
      if (!(thrown instanceof StatusError)) throw thrown;
      this.add('error', setting, thrown.message);
      return false;
    }
  }
}

const isKnown = (name: string): name is keyof typeof knownSettings => Object.hasOwn(knownSettings, name);

/** Each value by its own row. `given`: from flags and the environment, which go before the file. */
export function readAll(
  source: Source | undefined,
  given: Readonly<Record<string, unknown>>,
  findings: Findings,
): RouterConfig {
  const seen = new Set<string>();
  for (const { name } of source?.keys ?? []) {
    if (seen.has(name)) findings.add('error', name, `"${name}" stands there twice: the last one counts`);
    seen.add(name);
    if (isKnown(name)) continue;
    const near = nearest(name, Object.keys(knownSettings));
    const hint = Object.hasOwn(processing.settings, name)
      ? 'it belongs to the role processing, in the configuration of those nodes'
      : near === undefined
        ? 'see skerry node routing --help'
        : `did you mean "${near}"?`;
    findings.add('error', name, `no setting "${name}": ${hint}`);
  }
  const config = Object.entries(knownSettings as Readonly<Record<string, Setting<unknown>>>).map(([name, setting]) => {
    const value = given[name] ?? source?.values[name];
    if (value === undefined) return [name, setting.default];
    const parsed = setting.schema.safeParse(value);
    if (parsed.success) return [name, parsed.data];
    const got = setting.secret ? 'a value of another form' : JSON.stringify(value);
    findings.add('error', name, `${name} must be ${setting.wanted}: got ${got}`);
    return [name, setting.default];
  });
  // Each value passed its own row, or is that row's default.
  return Object.fromEntries(config) as RouterConfig;
}

/** Networks whose addresses mean something else elsewhere (RFC 1918, 3927, 4193, 6598, and loopback). */
const privateBlocks = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '169.254.0.0/16',
  '100.64.0.0/10',
  '127.0.0.0/8',
  'fc00::/7',
  'fe80::/10',
  '::1',
].map(parseBlock);
const isPrivate = (host: string): boolean => privateBlocks.some((block) => inBlock(block, host));
const isEverywhere = (host: string): boolean => parseAddress(host)?.every((byte) => byte === 0) === true;

export function checkPorts(config: RouterConfig, findings: Findings): void {
  const { passivePorts, ftpPort, ftpSessionsMax, ftpSessionsPerAddressMax } = config;
  const range = routing.parsePortRange(passivePorts);
  if (range === undefined)
    return findings.add(
      'error',
      'passivePorts',
      `passivePorts must be FIRST-LAST within [1, 65535], or 0-0: got "${passivePorts}"`,
    );
  if (ftpPort !== 0 && ftpPort >= range.first && ftpPort <= range.last)
    findings.add('error', 'passivePorts', `passivePorts ${passivePorts} hold the control port ${ftpPort}`);
  if (range.first > 0 && range.first < 1_024)
    findings.add('warning', 'passivePorts', `passivePorts ${passivePorts} begin below 1024: these need privileges`);
  if (range.last >= 32_768 && range.first > 0)
    findings.add(
      'warning',
      'passivePorts',
      `passivePorts ${passivePorts} reach into 32768-60999, from which Linux takes ports for its own connections: ` +
        'a port may be taken now and then; list them in net.ipv4.ip_local_reserved_ports',
    );
  const shortage = routing.passiveShortage(config);
  if (shortage !== undefined) findings.add('warning', 'passivePorts', shortage);
  if (ftpSessionsPerAddressMax > ftpSessionsMax)
    findings.add(
      'warning',
      'ftpSessionsPerAddressMax',
      `ftpSessionsPerAddressMax ${ftpSessionsPerAddressMax} is over ftpSessionsMax ${ftpSessionsMax}: one may take all`,
    );
}

export async function checkAddresses(config: RouterConfig, machine: Machine, findings: Findings): Promise<void> {
  const { passiveHost, passiveHostFor, passiveBind, ftpHost } = config;
  for (const [setting, host] of [
    ['ftpHost', ftpHost],
    ['passiveBind', passiveBind],
  ] as const) {
    const local = host === undefined || parseAddress(host) === undefined || isEverywhere(host);
    if (!local && !machine.addresses.some((own) => parseAddress(own)?.join() === parseAddress(host)?.join()))
      findings.add(
        'error',
        setting,
        `${setting} ${host} is no address of this machine (${machine.addresses.join(', ')})`,
      );
  }
  for (const text of passiveHostFor) findings.attempt('passiveHostFor', () => routing.parseOverride(text));
  if (passiveHost !== undefined) return checkPassiveHost(passiveHost, machine, findings);
  const outside = machine.addresses.filter((own) => own.includes('.') && !isPrivate(own));
  if (ftpHost !== undefined && isEverywhere(ftpHost) && outside.length === 0 && passiveHostFor.length === 0)
    findings.add(
      'warning',
      'passiveHost',
      'passiveHost is not set and this machine has only private addresses: clients beyond a NAT or outside of a ' +
        'container are told an address that they cannot reach with PASV; set it to the public one',
    );
}
async function checkPassiveHost(host: string, machine: Machine, findings: Findings): Promise<void> {
  if (!findings.attempt('passiveHost', () => routing.requireReachable(host, '--passive-host'))) return;
  const address = parseAddress(host) === undefined ? await machine.resolve(host) : host;
  if (address === undefined)
    return findings.add('error', 'passiveHost', `passiveHost "${host}" has no IPv4 address that can be looked up`);
  if (address.includes(':'))
    findings.add('warning', 'passiveHost', `passiveHost ${host} is IPv6: PASV can name IPv4 only, and will answer 425`);
  else if (isPrivate(address))
    findings.add(
      'warning',
      'passiveHost',
      `passiveHost ${host === address ? host : `${host} (${address})`} is private: other networks cannot reach it`,
    );
}

export async function checkFolders(config: RouterConfig, machine: Machine, findings: Findings): Promise<void> {
  const why = await machine.unwritable(config.data);
  if (why !== undefined) findings.add('error', 'data', `data "${config.data}" cannot be used: ${why}`);
  for (const setting of ['transferLog', 'auditLog'] as const) {
    const path = config[setting];
    if (path === undefined || !path.startsWith('/')) continue;
    const fault = await machine.unwritable(path.slice(0, path.lastIndexOf('/')) || '/');
    if (fault !== undefined) findings.add('error', setting, `${setting} "${path}" cannot be written: ${fault}`);
  }
}

export async function checkWebhooks(config: RouterConfig, machine: Machine, findings: Findings): Promise<void> {
  const { webhook, webhookSecretFile } = config;
  for (const url of webhook) {
    if (!URL.canParse(url)) findings.add('error', 'webhook', `webhook ${url} is no address`);
    else if (url.startsWith('http:') && !isPrivate(new URL(url).hostname.replaceAll(/[[\]]/g, '')))
      findings.add('warning', 'webhook', `webhook ${new URL(url).origin} is plain http: names and paths go in clear`);
  }
  if (webhook.length > 0 && webhookSecretFile === undefined)
    findings.add('warning', 'webhookSecretFile', 'webhooks are not signed: their receiver cannot tell who sent them');
  if (webhookSecretFile === undefined) return;
  try {
    const secret = (await machine.read(webhookSecretFile)).trim();
    if (Buffer.byteLength(secret) < 16)
      findings.add(
        'error',
        'webhookSecretFile',
        `webhookSecretFile "${webhookSecretFile}" must hold at least 16 bytes`,
      );
  } catch (error) {
    findings.add('error', 'webhookSecretFile', `webhookSecretFile cannot be read: ${(error as Error).message}`);
  }
}
