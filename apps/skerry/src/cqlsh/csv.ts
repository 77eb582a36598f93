/** Comma-separated values, as COPY reads and writes them. Source: RFC 4180; cqlsh's ESCAPE is taken too. */
export type CsvForm = { readonly delimiter: string; readonly quote: string; readonly escape: string };

export function csvLine(cells: readonly string[], { delimiter, quote, escape }: CsvForm): string {
  const cell = (text: string): string => {
    if (![delimiter, quote, '\n', '\r'].some((each) => text.includes(each))) return text;
    const guarded = escape === quote ? text : text.replaceAll(escape, escape + escape);
    return quote + guarded.replaceAll(quote, escape + quote) + quote;
  };
  return `${cells.map(cell).join(delimiter)}\n`;
}

/** Longest record, in characters: a quote that is never closed must not take all memory. */
export const csvRecordMax = 64 * 1024 * 1024;

/** Fed piece by piece, it gives whole records; an empty line is none. */
export class CsvReader {
  readonly #form: CsvForm;
  #cells: string[] = [];
  #cell = '';
  #quoted = false;
  /** A quote ended the quoted part, or an escape begins; the next character tells. */
  #held = '';
  #size = 0;

  constructor(form: CsvForm) {
    this.#form = form;
  }
  /** @throws Error when a record is too long. */
  *push(text: string): Generator<readonly string[]> {
    const { delimiter, quote, escape } = this.#form;
    for (const each of text) {
      this.#size += 1;
      if (this.#size > csvRecordMax) throw new Error('a record is too long: is a quote missing?');
      if (this.#held !== '') {
        const held = this.#held;
        this.#held = '';
        if (each === quote || (held === escape && escape !== quote)) {
          this.#cell += each;
          continue;
        }
        this.#quoted = false;
      }
      if (this.#quoted) {
        if (each === escape || each === quote) this.#held = each;
        else this.#cell += each;
        if (each === quote && escape !== quote) [this.#held, this.#quoted] = ['', false];
      } else if (each === quote && this.#cell === '') this.#quoted = true;
      else if (each === delimiter) this.#next();
      else if (each === '\n') yield* this.#record();
      else if (each !== '\r') this.#cell += each;
    }
  }
  *end(): Generator<readonly string[]> {
    yield* this.#record();
  }
  #next(): void {
    this.#cells.push(this.#cell);
    this.#cell = '';
  }
  *#record(): Generator<readonly string[]> {
    this.#next();
    const cells = this.#cells;
    this.#cells = [];
    this.#size = 0;
    this.#quoted = false;
    this.#held = '';
    if (cells.length > 1 || cells[0] !== '') yield cells;
  }
}
