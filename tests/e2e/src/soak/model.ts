/**
 * What may stand at each path: one state once it was acknowledged, several while the outcome of a change is unknown.
 * Each path has one writer; anyone may read it.
 */
import type { Content } from './content.ts';

export const nothing = { kind: 'nothing' } as const;
export const directory = { kind: 'directory' } as const;
export type State = typeof nothing | typeof directory | { readonly kind: 'file'; readonly content: Content };
/** What one change makes of each path that it touches. */
export type Change = ReadonlyMap<string, State>;

export const keyOf = (state: State): string => (state.kind === 'file' ? state.content.hash : state.kind);
const shown = (key: string): string => key.slice(0, 12);

/** One read under way: what it may find, also by changes that begin meanwhile. */
export type Reading = { readonly allowed: Set<string> };

type Cell = {
  state: State;
  /** It may be this one instead: of a change under way, or of unknown outcome. All its paths changed, or none. */
  doubt: Doubt | undefined;
  readonly readings: Set<Reading>;
};
type Doubt = { readonly change: Change; settled: boolean };

export class Model {
  readonly #cells = new Map<string, Cell>();
  readonly #faults: string[];
  constructor(faults: string[]) {
    this.#faults = faults;
  }
  #cell(path: string): Cell {
    let cell = this.#cells.get(path);
    if (cell === undefined) {
      cell = { state: nothing, doubt: undefined, readings: new Set() };
      this.#cells.set(path, cell);
    }
    return cell;
  }
  get paths(): readonly string[] {
    return [...this.#cells.keys()];
  }
  /** Undefined: not known. */
  stateOf(path: string): State | undefined {
    const cell = this.#cells.get(path);
    return cell?.doubt === undefined ? (cell?.state ?? nothing) : undefined;
  }
  isDoubtful(path: string): boolean {
    return this.#cells.get(path)?.doubt !== undefined;
  }
  /** Both may be seen from now on. None of its paths may be in doubt. */
  begin(change: Change): void {
    const doubt = { change, settled: false };
    for (const [path, state] of change) {
      const cell = this.#cell(path);
      if (cell.doubt !== undefined) throw new Error(`${path} is in doubt already`);
      cell.doubt = doubt;
      for (const { allowed } of cell.readings) allowed.add(keyOf(state));
    }
  }
  /** It was acknowledged. @param held what was unknown before may still come late: the paths stay in doubt, between equals. */
  acknowledged(change: Change, held = false): void {
    for (const [path, state] of change) {
      const cell = this.#cell(path);
      cell.state = state;
      if (!held) cell.doubt = undefined;
    }
  }
  /** It was refused before it began. */
  refused(change: Change): void {
    for (const path of change.keys()) this.#cell(path).doubt = undefined;
  }

  /** Before a read is sent. */
  reads(path: string): Reading {
    const cell = this.#cell(path);
    const other = cell.doubt?.change.get(path);
    const reading = { allowed: new Set([keyOf(cell.state), ...(other === undefined ? [] : [keyOf(other)])]) };
    cell.readings.add(reading);
    return reading;
  }
  /** @param found undefined: the read failed, and says nothing. */
  hasRead(path: string, reading: Reading, found: string | undefined, who: string): void {
    this.#cell(path).readings.delete(reading);
    if (found === undefined || reading.allowed.has(found)) return;
    const allowed = [...reading.allowed].map(shown).join(' or ');
    this.#faults.push(`${who} read ${shown(found)} at ${path}, where ${allowed} may be`);
  }

  /** All is quiet: what is there is what it stays. `found` has each path's key. */
  settle(found: ReadonlyMap<string, string>): void {
    const doubts = [...this.#cells].map(([path, cell]) => [path, cell, cell.doubt] as const);
    for (const [path, cell, doubt] of doubts) {
      if (doubt === undefined) this.#expect(path, found, keyOf(cell.state));
      else if (!doubt.settled) this.#decide(doubt, found);
    }
    for (const [path, cell] of this.#cells)
      if (cell.doubt === undefined && cell.state.kind === 'nothing' && cell.readings.size === 0)
        this.#cells.delete(path);
  }
  #expect(path: string, found: ReadonlyMap<string, string>, wanted: string): void {
    const key = found.get(path) ?? 'nothing';
    if (key !== wanted) this.#faults.push(`${path}: found ${shown(key)}, acknowledged was ${shown(wanted)}`);
  }
  /** Of all its paths the one or the other. */
  #decide(doubt: Doubt, found: ReadonlyMap<string, string>): void {
    doubt.settled = true;
    const paths = [...doubt.change];
    const is = (path: string, state: State): boolean => (found.get(path) ?? 'nothing') === keyOf(state);
    const isDone = paths.every(([path, state]) => is(path, state));
    const isUndone = paths.every(([path]) => is(path, this.#cell(path).state));
    if (!isDone && !isUndone)
      this.#faults.push(
        `neither done nor undone: ${paths
          .map(
            ([path, state]) =>
              `${path} was ${shown(keyOf(this.#cell(path).state))}, was to be ${shown(keyOf(state))}, is ${shown(found.get(path) ?? 'nothing')}`,
          )
          .join('; ')}`,
      );
    for (const [path, state] of paths) {
      const cell = this.#cell(path);
      if (isDone) cell.state = state;
      cell.doubt = undefined;
    }
  }
}
