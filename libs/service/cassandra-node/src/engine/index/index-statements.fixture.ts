/** For tests: a table, what of it is indexed, random statements that write it, and SELECTs that indexes answer. */
import fc from 'fast-check';

export const tableText = `CREATE TABLE t (p int, q int, c int, d text, s int static, v int, w text, l list<int>, st set<text>,
  m map<text, int>, f frozen<list<int>>, dec decimal, PRIMARY KEY ((p, q), c, d))`;
export const targets = [
  'q',
  'c',
  'd',
  's',
  'v',
  'w',
  'l',
  'st',
  'KEYS(m)',
  'VALUES(m)',
  'ENTRIES(m)',
  'FULL(f)',
  'dec',
] as const;
const small = [0, 1, 2, 3] as const;
const words = ['', 'a', 'b', 'B\\u0000'.slice(0, 1)] as const;
export const questions: readonly string[] = [
  ...small.map((n) => `q = ${n}`),
  ...small.map((n) => `c = ${n}`),
  ...words.map((word) => `d = '${word}'`),
  ...small.map((n) => `s = ${n}`),
  ...small.map((n) => `v = ${n}`),
  ...words.map((word) => `w = '${word}'`),
  ...small.map((n) => `l CONTAINS ${n}`),
  ...words.map((word) => `st CONTAINS '${word}'`),
  ...words.map((word) => `m CONTAINS KEY '${word}'`),
  ...small.map((n) => `m CONTAINS ${n}`),
  `m['a'] = 1`,
  `m['b'] = 2`,
  'f = [1, 2]',
  'f = []',
  'dec = 1.00',
  "v = 1 AND w = 'a'",
  'v = 1 AND c > 1',
  'p = 1 AND q = 1 AND v = 1',
  "p = 1 AND q = 1 AND c = 1 AND d >= 'a' AND v = 2",
  'p = 1 AND q = 1 AND s = 1',
  'token(p, q) > 0 AND v = 1',
  "token(p, q) <= 0 AND w = 'a'",
  'v = 1 AND s = 2',
  'q = 1 AND c = 1',
];

const number = fc.constantFrom(...small);
const word = fc.constantFrom(...words).map((text) => `'${text}'`);
const value: Record<string, fc.Arbitrary<string>> = {
  s: number.map(String),
  v: number.map(String),
  w: word,
  l: fc.array(number, { maxLength: 3 }).map((each) => `[${each.join(', ')}]`),
  st: fc.uniqueArray(word, { maxLength: 3 }).map((each) => `{${each.join(', ')}}`),
  m: fc.dictionary(fc.constantFrom('a', 'b'), number, { maxKeys: 2 }).map(
    (map) =>
      `{${Object.entries(map)
        .map(([key, of]) => `'${key}': ${of}`)
        .join(', ')}}`,
  ),
  f: fc.array(number, { maxLength: 2 }).map((each) => `[${each.join(', ')}]`),
  dec: fc.constantFrom('1', '1.0', '1.00', '-2.50', '-2.5'),
};
const columnNames = Object.keys(value);
const cell = fc
  .constantFrom(...columnNames)
  .chain((name) =>
    fc
      .oneof(
        { weight: 5, arbitrary: value[name] as fc.Arbitrary<string> },
        { weight: 1, arbitrary: fc.constant('null') },
      )
      .map((text) => [name, text] as const),
  );
const cells = fc.uniqueArray(cell, { minLength: 1, maxLength: 4, selector: ([name]) => name });
const partition = fc.tuple(fc.constantFrom(1, 2), fc.constantFrom(0, 1)).map(([p, q]) => `p = ${p} AND q = ${q}`);
const row = fc.tuple(fc.constantFrom(1, 2), fc.constantFrom(0, 1), number, word).map(([p, q, c, d]) => ({
  where: `p = ${p} AND q = ${q} AND c = ${c} AND d = ${d}`,
  values: `${p}, ${q}, ${c}, ${d}`,
}));
/** Close to one another, so that they tie. */
const timestamp = fc.option(
  fc.integer({ min: 1, max: 6 }).map((n) => `TIMESTAMP ${n}`),
  { nil: undefined },
);
const ttl = fc.option(fc.constantFrom('TTL 2', 'TTL 5', 'TTL 100'), { nil: undefined, freq: 3 });
const using = fc.tuple(timestamp, ttl).map(([at, life]) => {
  const parts = [at, life].filter((each) => each !== undefined);
  return parts.length === 0 ? '' : ` USING ${parts.join(' AND ')}`;
});
const usingTime = timestamp.map((at) => (at === undefined ? '' : ` USING ${at}`));

const insert = fc
  .tuple(row, cells, using)
  .map(
    ([{ values }, set, times]) =>
      `INSERT INTO t (p, q, c, d, ${set.map(([name]) => name).join(', ')}) VALUES (${values}, ${set.map(([, text]) => text).join(', ')})${times}`,
  );
const change = fc.oneof(
  cells
    .filter((set) => set.some(([name]) => name !== 's'))
    .map((set) => set.map(([name, text]) => `${name} = ${text}`).join(', ')),
  number.map((n) => `l = l + [${n}]`),
  number.map((n) => `l = l - [${n}]`),
  word.map((text) => `st = st + {${text}}`),
  word.map((text) => `st = st - {${text}}`),
  fc.tuple(fc.constantFrom('a', 'b'), number).map(([key, n]) => `m['${key}'] = ${n}`),
);
const update = fc
  .tuple(row, change, using)
  .map(([{ where }, set, times]) => `UPDATE t${times} SET ${set} WHERE ${where}`);
const remove = fc.oneof(
  fc.tuple(row, usingTime).map(([{ where }, times]) => `DELETE FROM t${times} WHERE ${where}`),
  fc
    .tuple(row, fc.constantFrom('v', 'w', 'l', 'st', 'm', 'f', `m['a']`))
    .map(([{ where }, column]) => `DELETE ${column} FROM t WHERE ${where}`),
  fc.tuple(partition, usingTime).map(([where, times]) => `DELETE FROM t${times} WHERE ${where}`),
  fc
    .tuple(partition, number, usingTime)
    .map(([where, c, times]) => `DELETE FROM t${times} WHERE ${where} AND c >= ${c}`),
  partition.map((where) => `DELETE s FROM t WHERE ${where}`),
);
const conditional = row.map(({ where }) => `UPDATE t SET v = 3 WHERE ${where} IF v = 1`);
const batch = fc
  .array(fc.oneof(insert, update, remove), { minLength: 1, maxLength: 3 })
  .filter((each) => each.every((text) => !text.includes('USING')))
  .map((each) => `BEGIN BATCH ${each.join('; ')}; APPLY BATCH`);
const statement = fc.oneof(
  { weight: 6, arbitrary: insert },
  { weight: 5, arbitrary: update },
  { weight: 3, arbitrary: remove },
  { weight: 1, arbitrary: conditional },
  { weight: 1, arbitrary: batch },
);
/** A write, a question, time that goes by. */
export const step = fc.oneof(
  { weight: 12, arbitrary: statement.map((text) => ({ kind: 'write' as const, text })) },
  { weight: 2, arbitrary: fc.constantFrom(...questions).map((text) => ({ kind: 'ask' as const, text })) },
  { weight: 1, arbitrary: fc.constantFrom(1, 3).map((seconds) => ({ kind: 'later' as const, seconds })) },
);

/** Questions that storage-attached indexes answer beside them. */
export const rangeQuestions: readonly string[] = [
  ...small.map((n) => `v > ${n}`),
  ...small.map((n) => `s <= ${n}`),
  'v >= 1 AND v < 3',
  'dec > 0',
  'dec >= -3 AND dec <= 1',
  'c > 1',
  'q >= 1',
  "v > 0 AND w = 'a' AND st CONTAINS 'a'",
  'p = 1 AND q = 1 AND v > 0',
  'p = 2 AND q = 0 AND c >= 1 AND v <= 2',
  'token(p, q) > 0 AND v > 0',
  'v > 0 AND l CONTAINS 1 AND l CONTAINS 2',
];
