/**
 * Replies, read strictly: what a lenient client would forgive is a failure here.
 *
 * Source: RFC 959 §4.2 (codes, multi-line form), RFC 2640 §3 (UTF-8), RFC 854 (CRLF).
 */
import { Mismatch } from './outcome.ts';

export type Reply = {
  readonly code: number;
  /** Without codes where they frame the reply, without line ends. */
  readonly lines: readonly string[];
  /** All lines, joined by a line feed. */
  readonly text: string;
};

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const fault = (what: string, got: string): never => {
  throw new Mismatch(`a reply by the grammar of RFC 959 §4.2: ${what}`, got);
};

function decode(bytes: Uint8Array, lenient: boolean): string {
  const shown = JSON.stringify(Buffer.from(bytes).toString('latin1'));
  if (bytes.at(-1) !== 0x0d) fault('lines end with CR LF', shown);
  const line = bytes.subarray(0, -1);
  if (line.includes(0x0d)) fault('no CR inside a line', shown);
  if (lenient) return Buffer.from(line).toString('latin1');
  if (line.some((byte) => (byte < 0x20 && byte !== 0x09) || byte === 0x7f)) fault('no control characters', shown);
  try {
    return strict.decode(line);
  } catch {
    return fault('text is UTF-8', shown);
  }
}

/** Takes chunks, gives whole replies; throws a {@link Mismatch} at the first byte that breaks the grammar. */
export class ReplyReader {
  #rest: Uint8Array = new Uint8Array();
  #code = '';
  #lines: string[] = [];
  readonly #seen: (line: string) => void;
  /** For cases that send 8-bit names: a server may send them back. */
  lenient = false;
  /** Telnet's answers about options, each verb and option; undefined: none may come. */
  telnet: (readonly [verb: number, option: number])[] | undefined;

  /** @param seen is told of each line as it came. */
  constructor(seen: (line: string) => void) {
    this.#seen = seen;
  }
  /** Part of a reply is here whose end is not. */
  get midway(): boolean {
    return this.#code !== '' || this.#rest.length > 0;
  }

  push(chunk: Uint8Array): readonly Reply[] {
    const bytes = this.#withoutTelnet(this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]));
    const replies: Reply[] = [];
    let start = 0;
    for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, start)) {
      const line = decode(bytes.subarray(start, end), this.lenient);
      this.#seen(line);
      start = end + 1;
      const reply = this.#take(line);
      if (reply !== undefined) replies.push(reply);
    }
    this.#rest = bytes.subarray(start);
    return replies;
  }

  #withoutTelnet(bytes: Uint8Array): Uint8Array {
    const at = this.telnet === undefined ? -1 : bytes.indexOf(0xff);
    const [, verb = 0, option] = at < 0 ? [] : bytes.subarray(at);
    if (option === undefined || verb < 0xfb || verb === 0xff) return bytes;
    this.telnet?.push([verb, option]);
    return this.#withoutTelnet(Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 3)]));
  }
  #take(line: string): Reply | undefined {
    const [, code = '', mark = '', text = ''] = /^(\d{3})([ -])(.*)$/s.exec(line) ?? [];
    if (this.#code === '') {
      if (!/^[1-6][0-5]\d$/.test(code)) fault('begins with a code and a blank or hyphen', JSON.stringify(line));
      if (mark === ' ') return { code: Number(code), lines: [text], text };
      this.#code = code;
      this.#lines = [text];
      return undefined;
    }
    if (code === this.#code) {
      this.#lines.push(text);
      if (mark === '-') return undefined;
      const reply = { code: Number(code), lines: this.#lines, text: this.#lines.join('\n') };
      this.#code = '';
      return reply;
    }
    if (/^\d{3}/.test(line)) fault('a line inside that begins with three digits is padded', JSON.stringify(line));
    this.#lines.push(line);
    return undefined;
  }
}
