/** For tests: a table, views of it, random statements that write it, and what each view must show. */
import fc from 'fast-check';

export const tableText = `CREATE TABLE t (k int, c int, d int, s int static, v text, w int, l list<int>, m map<text, int>,
  f frozen<list<int>>, PRIMARY KEY (k, c, d))`;

type Row = Readonly<Record<string, string>>;
export type ViewCase = {
  readonly name: string;
  readonly text: string;
  readonly columns: readonly string[];
  /** Of values as literals; null is `null`. */
  readonly shows: (row: Row) => boolean;
};
const notNull = 'k IS NOT NULL AND c IS NOT NULL AND d IS NOT NULL';
const all = ['k', 'c', 'd', 'f', 'l', 'm', 'v', 'w'] as const;
const isThere = (value: string | undefined): boolean => value !== undefined && value !== 'null';
const numberOf = (value: string | undefined): number => (isThere(value) ? Number(value) : Number.NaN);
export const views: readonly ViewCase[] = [
  {
    name: 'by_v',
    text: `SELECT k, c, d, f, l, m, v, w FROM t WHERE ${notNull} AND v IS NOT NULL PRIMARY KEY (v, k, c, d)`,
    columns: all,
    shows: ({ v }) => isThere(v),
  },
  {
    name: 'turned',
    text: `SELECT k, c, d, f, l, m, v, w FROM t WHERE ${notNull} PRIMARY KEY (c, k, d)`,
    columns: all,
    shows: () => true,
  },
  {
    name: 'part',
    text: `SELECT k, c, d, w FROM t WHERE ${notNull} PRIMARY KEY (d, c, k) WITH CLUSTERING ORDER BY (c DESC, k ASC)`,
    columns: ['k', 'c', 'd', 'w'],
    shows: () => true,
  },
  {
    name: 'inner_v',
    text: `SELECT k, c, d, v, w, l FROM t WHERE k IS NOT NULL AND c >= 1 AND d IS NOT NULL AND v IS NOT NULL PRIMARY KEY ((k, d), v, c)`,
    columns: ['k', 'c', 'd', 'l', 'v', 'w'],
    shows: ({ c, v }) => isThere(v) && numberOf(c) >= 1,
  },
  {
    name: 'keys',
    text: `SELECT k, c, d, w FROM t WHERE k IN (1, 2) AND c IS NOT NULL AND d IS NOT NULL AND w IS NOT NULL PRIMARY KEY (w, d, c, k)`,
    columns: ['k', 'c', 'd', 'w'],
    shows: ({ k, w }) => (k === '1' || k === '2') && isThere(w),
  },
  {
    name: 'pairs',
    text: `SELECT k, c, d, m FROM t WHERE k = 1 AND (c, d) > (1, 1) PRIMARY KEY (k, d, c)`,
    columns: ['k', 'c', 'd', 'm'],
    shows: ({ k, c, d }) => k === '1' && (numberOf(c) > 1 || (c === '1' && numberOf(d) > 1)),
  },
  {
    name: 'by_f',
    text: `SELECT k, c, d, f FROM t WHERE ${notNull} AND f IS NOT NULL PRIMARY KEY (f, k, c, d)`,
    columns: ['k', 'c', 'd', 'f'],
    shows: ({ f }) => isThere(f),
  },
  {
    name: 'with_f',
    text: `SELECT k, c, d, f FROM t WHERE ${notNull} AND f IS NOT NULL PRIMARY KEY (k, f, c, d)`,
    columns: ['k', 'c', 'd', 'f'],
    shows: ({ f }) => isThere(f),
  },
];

const number = fc.constantFrom(0, 1, 2, 3);
const word = fc.constantFrom("''", "'a'", "'b'");
const value: Record<string, fc.Arbitrary<string>> = {
  s: number.map(String),
  v: word,
  w: number.map(String),
  l: fc.array(number, { maxLength: 2 }).map((each) => `[${each.join(', ')}]`),
  m: number.map((n) => `{'a': ${n}}`),
  f: fc.array(number, { maxLength: 1 }).map((each) => `[${each.join(', ')}]`),
};
const cell = fc
  .constantFrom(...Object.keys(value))
  .chain((name) =>
    fc
      .oneof(
        { weight: 4, arbitrary: value[name] as fc.Arbitrary<string> },
        { weight: 1, arbitrary: fc.constant('null') },
      )
      .map((text) => [name, text] as const),
  );
const cells = fc.uniqueArray(cell, { minLength: 0, maxLength: 4, selector: ([name]) => name });
const key = fc.tuple(fc.constantFrom(1, 2), number, number);
const where = key.map(([k, c, d]) => `k = ${k} AND c = ${c} AND d = ${d}`);
/** Close to one another, so that they tie. */
const timestamp = fc.option(
  fc.integer({ min: 1, max: 6 }).map((n) => `TIMESTAMP ${n}`),
  { nil: undefined, freq: 3 },
);
const ttl = fc.option(fc.constantFrom('TTL 2', 'TTL 5'), { nil: undefined, freq: 3 });
const using = fc.tuple(timestamp, ttl).map(([at, life]) => {
  const parts = [at, life].filter((each) => each !== undefined);
  return parts.length === 0 ? '' : ` USING ${parts.join(' AND ')}`;
});
const usingTime = timestamp.map((at) => (at === undefined ? '' : ` USING ${at}`));

const insert = fc
  .tuple(key, cells, using)
  .map(
    ([own, set, times]) =>
      `INSERT INTO t (${['k', 'c', 'd', ...set.map(([name]) => name)].join(', ')}) VALUES (${[...own, ...set.map(([, text]) => text)].join(', ')})${times}`,
  );
const change = fc.oneof(
  {
    weight: 3,
    arbitrary: cells
      .filter((set) => set.some(([name]) => name !== 's'))
      .map((set) => set.map(([name, text]) => `${name} = ${text}`).join(', ')),
  },
  { weight: 1, arbitrary: number.map((n) => `l = l + [${n}]`) },
  { weight: 1, arbitrary: number.map((n) => `m['b'] = ${n}`) },
  { weight: 1, arbitrary: fc.constantFrom("m = m - {'a'}", "m['a'] = null") },
);
const update = fc.tuple(where, change, using).map(([row, set, times]) => `UPDATE t${times} SET ${set} WHERE ${row}`);
const range = fc
  .tuple(fc.constantFrom(1, 2), number, number)
  .chain(([k, c, d]) =>
    fc.constantFrom(
      `k = ${k}`,
      `k = ${k} AND c = ${c}`,
      `k = ${k} AND c > ${c}`,
      `k = ${k} AND c <= ${c}`,
      `k = ${k} AND c = ${c} AND d >= ${d}`,
      `k = ${k} AND (c, d) < (${c}, ${d})`,
      `k IN (1, 2) AND c = ${c} AND d IN (${d}, 3)`,
    ),
  );
const remove = fc.oneof(
  fc.tuple(where, usingTime).map(([row, times]) => `DELETE FROM t${times} WHERE ${row}`),
  fc
    .tuple(where, usingTime, fc.constantFrom('v', 'w', 'l', 'm', 'f', `m['a']`, 'v, w'))
    .map(([row, times, of]) => `DELETE ${of} FROM t${times} WHERE ${row}`),
  fc.tuple(range, usingTime).map(([of, times]) => `DELETE FROM t${times} WHERE ${of}`),
  fc.constantFrom(
    'DELETE s FROM t WHERE k = 1',
    'UPDATE t SET s = 5 WHERE k = 2',
    'INSERT INTO t (k, s) VALUES (1, 1)',
  ),
);
const conditional = fc.oneof(
  where.map((row) => `UPDATE t SET v = 'b', w = 3 WHERE ${row} IF v = 'a'`),
  where.map((row) => `DELETE FROM t WHERE ${row} IF EXISTS`),
);
const batch = fc
  .tuple(fc.array(fc.oneof(insert, update, remove), { minLength: 2, maxLength: 4 }), timestamp)
  .filter(([each]) => each.every((text) => !text.includes('USING')))
  .map(([each, at]) => `BEGIN BATCH ${at === undefined ? '' : `USING ${at} `}${each.join('; ')}; APPLY BATCH`);
const statement = fc.oneof(
  { weight: 6, arbitrary: insert },
  { weight: 5, arbitrary: update },
  { weight: 4, arbitrary: remove },
  { weight: 1, arbitrary: conditional },
  { weight: 2, arbitrary: batch },
);
/** A write, or time that goes by. */
export const step = fc.oneof(
  { weight: 12, arbitrary: statement.map((text) => ({ kind: 'write' as const, text })) },
  { weight: 1, arbitrary: fc.constantFrom(1, 3).map((seconds) => ({ kind: 'later' as const, seconds })) },
);
