/** The types of CQL's values. Source: CQL 3.4.7, "Data types". The values themselves stay in the native protocol's bytes. */

export const nativeKinds = [
  'ascii',
  'bigint',
  'blob',
  'boolean',
  'counter',
  'date',
  'decimal',
  'double',
  'duration',
  'float',
  'inet',
  'int',
  'smallint',
  'text',
  'time',
  'timestamp',
  'timeuuid',
  'tinyint',
  'uuid',
  'varint',
] as const;
export type NativeKind = (typeof nativeKinds)[number];

export type NativeType = { readonly kind: NativeKind };
export type ListType = { readonly kind: 'list'; readonly element: ValueType; readonly frozen: boolean };
export type SetType = { readonly kind: 'set'; readonly element: ValueType; readonly frozen: boolean };
export type MapType = {
  readonly kind: 'map';
  readonly key: ValueType;
  readonly value: ValueType;
  readonly frozen: boolean;
};
/** Always frozen. */
export type TupleType = { readonly kind: 'tuple'; readonly elements: readonly ValueType[] };
export type UserField = { readonly name: string; readonly type: ValueType };
export type UserType = {
  readonly kind: 'udt';
  readonly keyspace: string;
  readonly name: string;
  readonly fields: readonly UserField[];
  readonly frozen: boolean;
};
export type VectorType = { readonly kind: 'vector'; readonly element: ValueType; readonly dimension: number };
/** A Java class that is none of the others. */
export type CustomType = { readonly kind: 'custom'; readonly className: string };

export type ValueType = NativeType | ListType | SetType | MapType | TupleType | UserType | VectorType | CustomType;

/** Made of cells of its own, each with its timestamp: it can be changed in parts. */
export const isMultiCell = (type: ValueType): boolean =>
  (type.kind === 'list' || type.kind === 'set' || type.kind === 'map' || type.kind === 'udt') && !type.frozen;
