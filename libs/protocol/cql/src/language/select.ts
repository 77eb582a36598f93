/** SELECT. */
import type { SelectStatement } from './ast.ts';
import type { Cursor } from './cursor.ts';
import { columnName, list, tableName } from './names.ts';
import { whereOrNone } from './relations.ts';
import { isSelectModifier, selector, selectors } from './selectors.ts';
import { integerOrMarker, term } from './terms.ts';
import * as K from './tokens.ts';

export const select = (c: Cursor): SelectStatement => {
  c.expect(K.SELECT);
  const json = c.kind === K.JSON && isSelectModifier(c);
  if (json) c.at += 1;
  const distinct = c.kind === K.DISTINCT && isSelectModifier(c);
  if (distinct) c.at += 1;
  const clauses = selectors(c);
  c.expect(K.FROM);
  return {
    kind: 'select',
    table: tableName(c),
    json,
    distinct,
    clauses,
    where: whereOrNone(c),
    groupBy: c.acceptBoth(K.GROUP, K.BY) ? list(c, selector) : [],
    orderBy: c.acceptBoth(K.ORDER, K.BY) ? list(c, ordering) : [],
    perPartitionLimit: perPartitionLimit(c),
    limit: c.accept(K.LIMIT) ? integerOrMarker(c) : undefined,
    allowFiltering: c.acceptBoth(K.ALLOW, K.FILTERING),
  };
};
const ordering = (c: Cursor): SelectStatement['orderBy'][number] => {
  const column = columnName(c);
  const ann = c.acceptBoth(K.ANN, K.OF) ? term(c) : undefined;
  return { column, ann, descending: direction(c) };
};
const direction = (c: Cursor): boolean => {
  if (c.accept(K.DESC)) return true;
  c.accept(K.ASC);
  return false;
};
const perPartitionLimit = (c: Cursor): SelectStatement['perPartitionLimit'] => {
  if (!c.acceptBoth(K.PER, K.PARTITION)) return undefined;
  c.expect(K.LIMIT);
  return integerOrMarker(c);
};
