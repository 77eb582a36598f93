/** New certificates without a restart: the files are looked at now and then, and at SIGHUP. */
import { toStatusError } from '@skerry/kernel';
import { readTlsFiles } from '@skerry/runtime-sockets';
import type { Telemetry } from '@skerry/runtime-telemetry';
import type { Clock, Timer } from '@skerry/runtime-world';
import type { DoorTls } from './door-tls.ts';

export type TlsReloadOptions = {
  readonly certificatePath: string;
  readonly keyPath: string;
  /** Between two looks, in ms. */
  readonly everyMs: number;
  readonly tls: DoorTls;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
};

export class TlsReload {
  readonly #options: TlsReloadOptions;
  #timer: Timer | undefined;
  #closed = false;
  /** Of the trouble that was told last: told once. */
  #trouble = '';
  #looking: Promise<void> | undefined;

  constructor(options: TlsReloadOptions) {
    this.#options = options;
    this.#wait();
  }
  /** Never fails: what is wrong is an event, and the certificate before stays. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => (this.#looking = undefined));
    return this.#looking;
  }
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #wait(): void {
    if (this.#closed) return;
    this.#timer = this.#options.clock.setTimer(this.#options.everyMs, () => {
      void this.look().finally(() => this.#wait());
    });
  }
  async #look(): Promise<void> {
    const { certificatePath, keyPath, tls, telemetry } = this.#options;
    try {
      if (tls.replace(await readTlsFiles(certificatePath, keyPath)))
        telemetry.emit({ event: 'tls_certificate_reloaded', certificate: certificatePath });
      this.#trouble = '';
    } catch (thrown) {
      const error = toStatusError(thrown);
      // Between the writing of the two files they do not match: said once, and it passes.
      if (error.message === this.#trouble) return;
      this.#trouble = error.message;
      const message = `the certificate before stays in use: ${error.message}`;
      telemetry.emit({
        event: 'tls_certificate_refused',
        level: 'error',
        certificate: certificatePath,
        message,
        error,
      });
    }
  }
}
