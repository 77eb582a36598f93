/** How long SELECTs may hold the event loop: what takes longer gives it back, and goes on in a later turn. */

/** Milliseconds that one SELECT may take of a turn, from its first look at the clock. */
export const selectTurnMaxMs = 4;
/** Milliseconds that all SELECTs read in one turn may take of it together, before each goes on later that looks at the clock. */
export const selectsTurnMaxMs = 16;
/** Rows that a SELECT passes between two looks at the clock and at its tombstones. */
export const rowsBetweenLooks = 128;

export type TurnLimits = {
  /** Of one SELECT. */
  readonly turnMs: number;
  readonly rowsBetweenLooks: number;
};
export const turnLimits: TurnLimits = { turnMs: selectTurnMaxMs, rowsBetweenLooks };

export class TurnTime {
  readonly #nowMs: () => number;
  readonly #limits: TurnLimits;
  /** When the one at work must end; 0: it has not looked yet. */
  #endMs = 0;
  /** When all that are read in this turn must; 0: none has looked. */
  #allEndMs = 0;
  #isLater = false;
  readonly #turnEnded = (): void => {
    this.#allEndMs = 0;
  };

  /** @param nowMs monotonic, in milliseconds. */
  constructor(nowMs: () => number, limits: TurnLimits) {
    this.#nowMs = nowMs;
    this.#limits = limits;
  }
  get rowsBetweenLooks(): number {
    return this.#limits.rowsBetweenLooks;
  }
  get nowMs(): number {
    return this.#nowMs();
  }
  /** A SELECT begins, where it is read, or its later turn: of that one there is one in each turn of the loop. */
  begin(isLater: boolean): void {
    this.#endMs = 0;
    this.#isLater = isLater;
  }
  /** The first look only begins to measure: who never looks pays nothing. */
  isOver(): boolean {
    const nowMs = this.#nowMs();
    if (this.#endMs === 0) this.#endMs = nowMs + this.#limits.turnMs;
    if (this.#isLater) return nowMs >= this.#endMs;
    if (this.#allEndMs === 0) {
      this.#allEndMs = nowMs + selectsTurnMaxMs;
      setImmediate(this.#turnEnded);
    }
    return nowMs >= this.#endMs || nowMs >= this.#allEndMs;
  }
}
