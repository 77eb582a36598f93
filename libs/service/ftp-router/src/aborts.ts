/**
 * The controller that a session's transfers end with, one after the other: a new one with its signal and listener costs
 * as much as a twentieth of a small transfer, and nearly every transfer ends well, its signal never used.
 */
export class Aborts {
  #spare: AbortController | undefined;

  /** One that nobody has aborted. */
  lend(): AbortController {
    const lent = this.#spare ?? new AbortController();
    this.#spare = undefined;
    return lent;
  }
  /** When nobody aborts it any more, and whoever listened has stopped, or does not mind the end of what it did. */
  giveBack(controller: AbortController): void {
    if (!controller.signal.aborted) this.#spare = controller;
  }
}
