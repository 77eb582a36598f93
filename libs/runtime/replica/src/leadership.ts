/** When this node begins to lead, for whoever waits for it. */
import type { StatusError, Term } from '@skerry/kernel';

export class Leadership {
  readonly #listeners = new Set<() => void>();
  /** The term in which the listeners were told. */
  #toldIn: Term | undefined;
  #settle: () => void = () => undefined;
  #unsettle: (error: StatusError) => void = () => undefined;
  #settled: Promise<void> = Promise.resolve();

  /** Of the machine that began last: it leads, and has applied what it found. */
  get settled(): Promise<void> {
    return this.#settled;
  }
  /** Another machine begins. */
  begin(): void {
    this.#settled = new Promise((resolve, reject) => {
      this.#settle = resolve;
      this.#unsettle = reject;
    });
    // Told to whoever waits for it.
    this.#settled.catch(() => undefined);
  }
  isToldIn(term: Term | undefined): boolean {
    return term !== undefined && this.#toldIn === term;
  }
  /** The first entry of its term is applied, and with it all before. */
  reached(term: Term): void {
    if (this.#toldIn === term) return;
    this.#toldIn = term;
    this.#settle();
    for (const listener of this.#listeners) listener();
  }
  fail(error: StatusError): void {
    this.#unsettle(error);
  }
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
