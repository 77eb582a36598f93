/** The certificate that clients see, and contexts that let their sessions be resumed at every door of the cluster. */
import { fromUtf8, StatusError, utf8 } from '@skerry/kernel';
import { selfSignedCertificate, type PemPair } from '@skerry/runtime-security';
import { deriveTicketKeys, readTlsFiles, tlsContext, type TlsContext } from '@skerry/runtime-sockets';
import type { Clock, Disk } from '@skerry/runtime-world';

/** Ticket keys change so often, in milliseconds: a key that leaks opens one day's sessions. */
const ticketKeysLifetimeMs = 86_400_000;

export type DoorTlsOptions = {
  /** What the door speaks, such as `ftp`: a self-made certificate is kept in `<name>-tls.pem`. */
  readonly name: string;
  /** Where the door listens, for a certificate's names. */
  readonly host: string;
  /** PEM files; both or none. */
  readonly certificatePath: string | undefined;
  readonly keyPath: string | undefined;
  /** What the two are called in what a person is told. */
  readonly flags: string;
  /** Default: the newest there is. */
  readonly maxVersion?: 'TLSv1.2' | undefined;
  /** Of the cluster: the same at every door whose sessions are to be resumed here. */
  readonly secret: Uint8Array;
  /** The node's folder. */
  readonly disk: Disk;
  readonly clock: Clock;
};

export class DoorTls {
  #pem: PemPair;
  readonly #options: DoorTlsOptions;
  #period = -1;
  #context: TlsContext | undefined;

  private constructor(pem: PemPair, options: DoorTlsOptions) {
    this.#pem = pem;
    this.#options = options;
  }
  /** @throws StatusError `malformed`, `no_such_entry` in one line that names the file. */
  static async open(options: DoorTlsOptions): Promise<DoorTls> {
    const door = new DoorTls(await pemPair(options), options);
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
    return Math.floor(this.#options.clock.wallMs() / ticketKeysLifetimeMs);
  }
  #made(pem: PemPair, period: number): TlsContext {
    const { maxVersion, secret, name } = this.#options;
    return tlsContext({ ...pem, maxVersion, ticketKeys: deriveTicketKeys(secret, `${name} ${period}`) });
  }
}

async function pemPair(options: DoorTlsOptions): Promise<PemPair> {
  const { name, host, certificatePath, keyPath, flags, disk } = options;
  if (certificatePath !== undefined && keyPath !== undefined) return readTlsFiles(certificatePath, keyPath);
  if (certificatePath !== undefined || keyPath !== undefined)
    throw new StatusError('malformed', `Cannot read ${flags}: must be given both or none: got one`);
  const path = `${name}-tls.pem`;
  const kept = await readKept(disk, path);
  if (kept !== undefined) return { certificate: kept, privateKey: kept };
  const names = [...new Set(['localhost', '127.0.0.1', ...(/^(0\.0\.0\.0|::)$/.test(host) ? [] : [host])])];
  const made = await selfSignedCertificate({ names });
  await keep(disk, path, `${made.certificate}\n${made.privateKey}`);
  return made;
}

/** Certificate and key in one text: each is found in it by its own PEM label (RFC 7468). */
async function readKept(disk: Disk, keptPath: string): Promise<string | undefined> {
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

async function keep(disk: Disk, keptPath: string, pem: string): Promise<void> {
  const keptNewPath = `${keptPath}.new`;
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
