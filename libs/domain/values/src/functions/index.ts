/** Native functions, operators and aggregates. */
export * from './aggregate.ts';
export * from './arithmetic.ts';
export * from './convert.ts';
export * from './function.ts';
export * from './mask.ts';
export * from './table.ts';
