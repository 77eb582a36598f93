/**
 * Where the records of a TLS stream end: a stream that ends within one was cut, whatever its end looks like.
 *
 * Source: RFC 8446 §5.1: five octets of header, of which the last two are the length of what follows.
 */
const headerSizeBytes = 5;

export class RecordEdge {
  /** Octets of the header that have come. */
  #header = 0;
  #length = 0;
  /** Octets of the record that are still to come behind its header. */
  #left = 0;

  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#left > 0) {
        const step = Math.min(this.#left, bytes.length - at);
        this.#left -= step;
        at += step;
        continue;
      }
      const byte = bytes[at++] ?? 0;
      this.#header += 1;
      if (this.#header === headerSizeBytes - 1) this.#length = byte << 8;
      if (this.#header < headerSizeBytes) continue;
      this.#left = this.#length | byte;
      this.#header = 0;
    }
  }
  /** All records so far are whole. */
  get whole(): boolean {
    return this.#left === 0 && this.#header === 0;
  }
}
