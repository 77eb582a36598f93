/** What goes into the machine, comes out of it, and travels between holders. */

/** One life of a node: whose rows they are. */
export type Owner = { readonly node: string; readonly incarnation: number };

/** A row on its way. */
export type ToldRow = {
  readonly key: string;
  /** Undefined: withdrawn. */
  readonly value: Uint8Array | undefined;
  /** Of its owner's changes, from 1. */
  readonly sequence: number;
  /** For how long it had been so when it was told, in ms. */
  readonly ageMs: number;
};
/** What a holder knows of an owner. */
export type Version = Owner & {
  /** All changes up to this one; 0: none. */
  readonly sequence: number;
  /** Counts the owner's signs of life. */
  readonly beat: number;
  /** For how long no later one was heard, in ms. */
  readonly quietMs: number;
};
/** Changes (`from`, `sequence`] of an owner; from 0 its whole state, whatever the other knows. */
export type Delta = Version & { readonly from: number; readonly rows: readonly ToldRow[] };

/** A row as it is known here. */
export type Row = Owner & { readonly key: string; readonly value: Uint8Array; readonly ageMs: number };

export type Input =
  /** A row of our own; the same value again makes it new. */
  | { readonly kind: 'put'; readonly key: string; readonly value: Uint8Array; readonly nowMs: number }
  | { readonly kind: 'withdraw'; readonly key: string; readonly nowMs: number }
  /** We live; those who were not heard of for too long are gone. */
  | { readonly kind: 'beat'; readonly nowMs: number }
  | {
      readonly kind: 'merge';
      readonly versions: readonly Version[];
      readonly deltas: readonly Delta[];
      readonly nowMs: number;
    };

export type Effect =
  /** A row of another; undefined: withdrawn. */
  | { readonly kind: 'changed'; readonly owner: Owner; readonly key: string; readonly value: Uint8Array | undefined }
  /** An owner, with all rows it had. */
  | { readonly kind: 'gone'; readonly owner: Owner; readonly rowCount: number }
  /** An own row that gave way to a newer one, or was too large; an owner for whom there was no room. */
  | { readonly kind: 'dropped'; readonly key: string }
  | { readonly kind: 'refused'; readonly owner: Owner };
