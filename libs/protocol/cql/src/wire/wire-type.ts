/** The types of values as the protocol names them: the shape of domain/values' `ValueType`, which no wing imports. */

export const wireNativeKinds = [
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
export type WireNativeKind = (typeof wireNativeKinds)[number];
export type WireNativeType = { readonly kind: WireNativeKind };

/** `frozen` is told only inside of class names; an [option] is read as not frozen. */
export type WireType =
  | WireNativeType
  | { readonly kind: 'list' | 'set'; readonly element: WireType; readonly frozen: boolean }
  | { readonly kind: 'map'; readonly key: WireType; readonly value: WireType; readonly frozen: boolean }
  | { readonly kind: 'tuple'; readonly elements: readonly WireType[] }
  | {
      readonly kind: 'udt';
      readonly keyspace: string;
      readonly name: string;
      readonly fields: readonly { readonly name: string; readonly type: WireType }[];
      readonly frozen: boolean;
    }
  | { readonly kind: 'vector'; readonly element: WireType; readonly dimension: number }
  | { readonly kind: 'custom'; readonly className: string };

/** How deep types may nest in what comes from outside. */
export const typeDepthMax = 64;

const nativeKindSet: ReadonlySet<string> = new Set(wireNativeKinds);
export const isWireNative = (type: WireType): type is WireNativeType => nativeKindSet.has(type.kind);
