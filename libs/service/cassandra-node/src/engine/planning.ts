/** What planning a statement knows and gathers: the schema, the keyspace, the markers of the text. */
import type { Marker } from '@skerry/protocol-cql';
import type { UserType } from '@skerry/domain-values';
import { findKeyspace } from '../catalog/catalog.ts';
import type { TypeScope } from '../catalog/resolve-type.ts';
import type { Snapshot } from '../catalog/state.ts';
import type { MarkerSpec } from './contract.ts';
import type { World } from './function-world.ts';

export type Planning = {
  readonly schema: Snapshot;
  /** Of the connection; undefined before USE. */
  readonly keyspace: string | undefined;
  readonly markers: Markers;
  readonly world: World;
  /** Milliseconds since 1970, for the constant "now". */
  readonly nowMs: number;
};

/** Types that statements on a keyspace's tables can name. */
export const typeScope = (planning: Planning, keyspace: string): TypeScope => ({
  keyspace,
  types: findKeyspace(planning.schema, keyspace)?.types ?? new Map<string, UserType>(),
});

/** The markers of a text, as planning learns what each stands for. Each is a bound value, also where a name stands again. */
export class Markers {
  readonly #written: readonly Marker[];
  readonly #specs: (MarkerSpec | undefined)[] = [];
  /** By bound value: the column whose value it is, where it is compared for equality in a partition key. */
  readonly #keyColumns = new Map<string, number>();

  constructor(written: readonly Marker[]) {
    this.#written = written;
    this.#specs.length = written.length;
  }
  get count(): number {
    return this.#specs.length;
  }
  /** The marker stands for a value of this column or kin. @returns the number of its bound value. */
  take(marker: number, receiver: MarkerSpec): number {
    const name = this.#written[marker]?.name;
    this.#specs[marker] ??= name === undefined ? receiver : { ...receiver, name };
    return marker;
  }
  /** The bound value is this column of the partition key; of several the last one tells. */
  isKey(column: string, value: number): void {
    this.#keyColumns.set(column, value);
  }
  /** Of the columns of a partition key, in its order; empty unless each has one. */
  keyMarkers(columns: readonly { readonly name: string }[]): readonly number[] {
    const indexes = columns.map(({ name }) => this.#keyColumns.get(name));
    return indexes.includes(undefined) ? [] : indexes.filter((index) => index !== undefined);
  }
  specs(): readonly MarkerSpec[] {
    return this.#specs.filter((spec) => spec !== undefined);
  }
}
