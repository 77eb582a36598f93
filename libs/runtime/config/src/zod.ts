/**
 * The one module that knows zod: schemas are written with `shape`, here and in services.
 *
 * What is used is named: the whole of zod brings its messages in forty languages into each program.
 */
import {
  array,
  boolean,
  custom,
  enum as oneOf,
  literal,
  number,
  object,
  preprocess,
  record,
  strictObject,
  string,
  unknown,
} from 'zod';

export const shape = {
  array,
  boolean,
  custom,
  enum: oneOf,
  literal,
  number,
  object,
  preprocess,
  record,
  strictObject,
  string,
  unknown,
} as const;
export type { z } from 'zod';
