/** The certificate that clients see, and contexts that let their sessions be resumed at every router of the cluster. */
import { fromUtf8, StatusError, utf8 } from '@skerry/kernel';
import type { ServiceEnvironment } from '@skerry/runtime-host';
import { selfSignedCertificate } from '@skerry/runtime-security';
import { deriveTicketKeys, readTlsFiles, tlsContext, type TlsContext } from '@skerry/runtime-sockets';
import type { Clock, Disk } from '@skerry/runtime-world';
import { doorHost, type Config } from './settings.ts';

/** Ticket keys change so often, in milliseconds: a key that leaks opens one day's sessions. */
const ticketKeysLifetimeMs = 86_400_000;
/** The self-made certificate and its key, PEM, in the node's folder. */
const keptPath = 'ftp-tls.pem';
const keptNewPath = 'ftp-tls.pem.new';

export type PemPair = { readonly certificate: string; readonly privateKey: string };

export class DoorTls {
  #pem: PemPair;
  readonly #secret: Uint8Array;
  readonly #clock: Clock;
  readonly #maxVersion: 'TLSv1.2' | undefined;
  #period = -1;
  #context: TlsContext | undefined;

  private constructor(pem: PemPair, secret: Uint8Array, clock: Clock, { tlsCloseNotify }: Config) {
    this.#pem = pem;
    this.#secret = secret;
    this.#clock = clock;
    // Under 1.3 the tickets come behind the handshake. A client that never reads its upload's connection closes it with
    // them unread, so that its system resets it and forgets what it had not sent yet: no end, and bytes lost.
    this.#maxVersion = tlsCloseNotify === 'optional' ? 'TLSv1.2' : undefined;
  }
  /** @throws StatusError `malformed`, `no_such_entry` in one line that names the file. */
  static async open(config: Config, environment: ServiceEnvironment): Promise<DoorTls> {
    const { world, identity } = environment;
    const door = new DoorTls(await pemPair(config, world.disk), identity.sealingKey, world.clock, config);
    door.context();
    return door;
  }
  /**
   * Takes another certificate for sessions to come; those there are keep theirs. True when it is another one.
   * @throws StatusError when the two do not belong together; the one before stays.
   */
  replace(pem: PemPair): boolean {
    if (pem.certificate === this.#pem.certificate && pem.privateKey === this.#pem.privateKey) return false;
    const period = this.#currentPeriod();
    const context = this.#made(pem, period);
    [this.#pem, this.#context, this.#period] = [pem, context, period];
    return true;
  }
  context(): TlsContext {
    const period = this.#currentPeriod();
    if (this.#context === undefined || period !== this.#period) {
      this.#context = this.#made(this.#pem, period);
      this.#period = period;
    }
    return this.#context;
  }
  #currentPeriod(): number {
    return Math.floor(this.#clock.wallMs() / ticketKeysLifetimeMs);
  }
  #made(pem: PemPair, period: number): TlsContext {
    const maxVersion = this.#maxVersion;
    return tlsContext({ ...pem, maxVersion, ticketKeys: deriveTicketKeys(this.#secret, `ftp ${period}`) });
  }
}

async function pemPair(config: Config, disk: Disk): Promise<PemPair> {
  const host = doorHost(config);
  const { tlsCert, tlsKey } = config;
  if (tlsCert !== undefined && tlsKey !== undefined) return readTlsFiles(tlsCert, tlsKey);
  if (tlsCert !== undefined || tlsKey !== undefined)
    throw new StatusError('malformed', 'Cannot read --tls-cert and --tls-key: must be given both or none: got one');
  const kept = await readKept(disk);
  if (kept !== undefined) return { certificate: kept, privateKey: kept };
  const names = [...new Set(['localhost', '127.0.0.1', ...(/^(0\.0\.0\.0|::)$/.test(host) ? [] : [host])])];
  const made = await selfSignedCertificate({ names });
  await keep(disk, `${made.certificate}\n${made.privateKey}`);
  return made;
}

/** Certificate and key in one text: each is found in it by its own PEM label (RFC 7468). */
async function readKept(disk: Disk): Promise<string | undefined> {
  const size = await disk.sizeBytes(keptPath);
  if (size === undefined) return undefined;
  const file = await disk.open(keptPath, 'read');
  try {
    const bytes = new Uint8Array(size);
    const length = await file.read(bytes, 0);
    return fromUtf8(bytes.subarray(0, length));
  } finally {
    await file.close();
  }
}

async function keep(disk: Disk, pem: string): Promise<void> {
  if ((await disk.sizeBytes(keptNewPath)) !== undefined) await disk.remove(keptNewPath);
  const file = await disk.open(keptNewPath, 'create');
  try {
    await file.write([utf8(pem)], 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(keptNewPath, keptPath);
  await disk.syncDirectory('');
}
