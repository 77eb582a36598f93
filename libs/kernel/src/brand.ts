declare const brand: unique symbol;

/** A primitive that must not be mixed with others of its type. Made only by the function of the same name. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
