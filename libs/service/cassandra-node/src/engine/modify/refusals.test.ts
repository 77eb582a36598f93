import { beforeAll, describe, expect, test } from '@jest/globals';
import { int32Bytes } from '@skerry/domain-values';
import { utf8 } from '@skerry/kernel';
import { Bench, type Value } from '../bench.fixture.ts';

const tables = [
  'CREATE TYPE ut (a int, b text)',
  'CREATE TABLE t (k int PRIMARY KEY, v text, w int, b blob, u uuid, d duration, f float)',
  'CREATE TABLE w (k int, c int, d int, s int STATIC, v text, PRIMARY KEY (k, c, d))',
  'CREATE TABLE p (a int, b text, v int, PRIMARY KEY ((a, b)))',
  'CREATE TABLE c (k int PRIMARY KEY, l list<int>, s set<text>, m map<text, int>, fl frozen<list<int>>, u ut, fu frozen<ut>, t tuple<int, text>, vc vector<float, 2>)',
  'CREATE TABLE n (k int PRIMARY KEY, c counter)',
  'CREATE TABLE x (k text PRIMARY KEY, v int)',
];
type Row = readonly [text: string, fault: string, values?: readonly Value[]];
const faults: Readonly<Record<string, readonly Row[]>> = {
  'constants and types': [
    ['INSERT INTO t (k, v) VALUES (1, 12)', 'Invalid INTEGER constant (12) for "v" of type text'],
    [`INSERT INTO t (k) VALUES ('a')`, 'Invalid STRING constant (a) for "k" of type int'],
    ['INSERT INTO t (k, w) VALUES (1, 1.5)', 'Invalid FLOAT constant (1.5) for "w" of type int'],
    ['INSERT INTO t (k, w) VALUES (1, true)', 'Invalid BOOLEAN constant (true) for "w" of type int'],
    ['INSERT INTO t (k, w) VALUES (1, 0xff)', 'Invalid HEX constant (0xff) for "w" of type int'],
    ['INSERT INTO t (k, v) VALUES (1, 3d)', 'Invalid DURATION constant (3d) for "v" of type text'],
    [
      'INSERT INTO t (k, w) VALUES (1, 123e4567-e89b-12d3-a456-426614174000)',
      'Invalid UUID constant (123e4567-e89b-12d3-a456-426614174000) for "w" of type int',
    ],
    ['INSERT INTO t (k) VALUES (3000000000)', `Unable to make int from '3000000000'`],
    ['INSERT INTO c (k, l) VALUES (1, 1)', 'Invalid INTEGER constant (1) for "l" of type list<int>'],
    ['INSERT INTO c (k, l) VALUES (1, {1})', 'Invalid set literal for l of type list<int>'],
    [`INSERT INTO c (k, l) VALUES (1, ['a'])`, `Invalid list literal for l: value 'a' is not of type int`],
    ['INSERT INTO c (k, s) VALUES (1, [1])', "Unexpected receiver type 'set<text>'; only list and vector are expected"],
    ['INSERT INTO c (k, s) VALUES (1, {1})', 'Invalid set literal for s: value 1 is not of type text'],
    ['INSERT INTO c (k, m) VALUES (1, {1: 1})', 'Invalid map literal for m: key 1 is not of type text'],
    [`INSERT INTO c (k, m) VALUES (1, {'a': 'b'})`, `Invalid map literal for m: value 'b' is not of type int`],
    ['INSERT INTO c (k, m) VALUES (1, {1, 2})', 'Invalid set literal for m of type map<text, int>'],
    ['INSERT INTO c (k, l) VALUES (1, {a: 1})', 'Invalid user type literal for l of type list<int>'],
    ['INSERT INTO c (k, u) VALUES (1, {z: 1})', `Unknown field 'z' in value of user defined type ut`],
    [`INSERT INTO c (k, u) VALUES (1, {a: 'x'})`, 'Invalid user type literal for u: field a is not of type int'],
    ['INSERT INTO c (k, t) VALUES (1, (1, 2))', 'Invalid tuple literal for t: component 1 is not of type text'],
    [
      `INSERT INTO c (k, t) VALUES (1, (1, 'a', 2))`,
      'Invalid tuple literal for t: too many elements. Type frozen<tuple<int, text>> expects 2 but got 3',
    ],
    ['INSERT INTO c (k, l) VALUES (1, (1, 2))', 'Invalid tuple type literal for l of type list<int>'],
    [
      'INSERT INTO c (k, vc) VALUES (1, [1])',
      'Invalid vector literal for vc of type vector<float, 2>; expected 2 elements, but given 1',
    ],
    [`INSERT INTO c (k, vc) VALUES (1, [1, 'a'])`, `Invalid vector literal for vc: value 'a' is not of type float`],
    [
      'INSERT INTO c (k, l) VALUES (1, [?])',
      'Invalid list literal for l: bind variables are not supported inside collection literals',
      [int32Bytes(1)],
    ],
    [
      'INSERT INTO c (k, s) VALUES (1, {?})',
      'Invalid set literal for s: bind variables are not supported inside collection literals',
      [utf8('a')],
    ],
    [
      'INSERT INTO c (k, m) VALUES (1, {?: 1})',
      'Invalid map literal for m: bind variables are not supported inside collection literals',
      [utf8('a')],
    ],
    ['INSERT INTO c (k, l) VALUES (1, [null])', 'null is not supported inside collections'],
    [`INSERT INTO t (k, v) VALUES (1, (int) 1)`, 'Cannot assign value (int)1 to v of type text'],
    [`INSERT INTO t (k, v) VALUES (1, (int) 'a')`, `Cannot cast value 'a' to type int`],
    [
      'INSERT INTO t (k, v) VALUES (1, now())',
      'Type error: cannot assign result of function system.now (type timeuuid) to v (type text)',
    ],
    ['INSERT INTO t (k, v) VALUES (1, nix())', 'Unknown function nix called'],
    [
      'INSERT INTO t (k, u) VALUES (1, now(1))',
      'Invalid number of arguments in call to function system.now: 0 required but 1 provided',
    ],
    [`INSERT INTO t (k, w) VALUES (1, 1 + 'a')`, `the '+' operation is not supported between 1 and 'a'`],
    ['INSERT INTO t (k, w) VALUES (1, ?)', 'Expected 4 or 0 byte int (3)', [new Uint8Array(3)]],
    ['INSERT INTO t (k, v) VALUES (1, ?)', `String didn't validate.`, [Uint8Array.of(0xff)]],
    ['INSERT INTO t (k, u) VALUES (1, ?)', 'UUID should be 16 or 0 bytes (4)', [new Uint8Array(4)]],
    ['INSERT INTO c (k, l) VALUES (1, ?)', 'Not enough bytes to read a list', [Uint8Array.of(0, 0, 0, 1)]],
  ],
  names: [
    ['INSERT INTO nix (k) VALUES (1)', 'table nix does not exist'],
    ['INSERT INTO no.t (k) VALUES (1)', 'keyspace no does not exist'],
    ['INSERT INTO t (k, z) VALUES (1, 2)', 'Undefined column name z in table ks.t'],
    ['UPDATE t SET z = 1 WHERE k = 1', 'Undefined column name z in table ks.t'],
    ['UPDATE t SET w = 1 WHERE z = 1', 'Undefined column name z in table ks.t'],
    ['DELETE z FROM t WHERE k = 1', 'Undefined column name z in table ks.t'],
    ['UPDATE t SET w = 1 WHERE k = 1 IF z = 1', 'Undefined column name z in table ks.t'],
    ["INSERT INTO system.local (key) VALUES ('a')", 'Modification is not supported by table system.local'],
  ],
  keys: [
    ["INSERT INTO t (v) VALUES ('a')", 'Some partition key parts are missing: k'],
    ['INSERT INTO p (v, a) VALUES (1, 2)', 'Some partition key parts are missing: b'],
    ["INSERT INTO w (k, v) VALUES (1, 'a')", 'Some clustering keys are missing: c, d'],
    ['INSERT INTO w (k, c, s) VALUES (1, 1, 1)', 'Some clustering keys are missing: d'],
    ['INSERT INTO t (k, v) VALUES (1)', 'Unmatched column names/values'],
    ['INSERT INTO t (k, k) VALUES (1, 1)', 'The column names contains duplicates'],
    ['INSERT INTO t (k) VALUES (null)', 'Invalid null value in condition for column k'],
    ['INSERT INTO t (k) VALUES (?)', 'Invalid null value in condition for column k', [null]],
    ['INSERT INTO t (k) VALUES (?)', 'Invalid unset value for column k', [undefined]],
    ['INSERT INTO w (k, c, d) VALUES (1, 1, null)', 'Invalid null value in condition for column d'],
    [`INSERT INTO x (k) VALUES ('')`, 'Key may not be empty'],
    [
      'INSERT INTO x (k) VALUES (?)',
      'Key length of 65536 is longer than maximum of 65535',
      [new Uint8Array(65_536).fill(97)],
    ],
    ['UPDATE t SET k = 1 WHERE k = 1', 'PRIMARY KEY part k found in SET part'],
    ["UPDATE w SET v = 'a' WHERE k = 1", 'Some clustering keys are missing: c, d'],
    ["UPDATE w SET v = 'a' WHERE c = 1 AND d = 1", 'Some partition key parts are missing: k'],
    [
      'UPDATE w SET s = 1 WHERE k = 1 AND c = 1',
      'Invalid restrictions on clustering columns since the UPDATE statement modifies only static columns',
    ],
    [
      "UPDATE w SET v = 'a' WHERE k = 1 AND c = 1 AND d > 1",
      'Slice restrictions are not supported on the clustering columns in UPDATE statements',
    ],
    [
      'UPDATE t SET w = 1 WHERE k > 1',
      'Only EQ and IN relation are supported on the partition key (unless you use the token() function) for UPDATE statements',
    ],
    ['DELETE FROM t WHERE token(k) > 1', 'The token function cannot be used in WHERE clauses for DELETE statements'],
    ["UPDATE t SET w = 1 WHERE k = 1 AND v = 'a'", 'Non PRIMARY KEY columns found in where clause: v '],
    [
      'UPDATE t SET w = 1 WHERE k = 1 AND k = 2',
      'k cannot be restricted by more than one relation if it includes an Equal',
    ],
    [
      'DELETE FROM w WHERE k = 1 AND d = 1',
      'PRIMARY KEY column "d" cannot be restricted as preceding column "c" is not restricted',
    ],
    [
      'DELETE FROM w WHERE k = 1 AND c > 1 AND d = 1',
      'Clustering column "d" cannot be restricted (preceding column "c" is restricted by a non-EQ relation)',
    ],
    ['DELETE FROM w WHERE k = 1 AND c > 1 AND c > 2', 'More than one restriction was found for the start bound on c'],
    ['DELETE v FROM w WHERE k = 1', 'Range deletions are not supported for specific columns'],
    ['DELETE k FROM t WHERE k = 1', 'Invalid identifier k for deletion (should not be a PRIMARY KEY part)'],
    ['DELETE FROM w WHERE k = 1 AND (c, d) = (1)', 'Expected 2 elements in value tuple, but got 1: (1)'],
    [
      'DELETE FROM w WHERE k = 1 AND (d, c) > (1, 1)',
      'Clustering columns must appear in the PRIMARY KEY order in multi-column relations: (d, c) > (1, 1)',
    ],
    ['DELETE FROM t WHERE k != 1', 'Unsupported "!=" relation: k != 1'],
  ],
  operations: [
    ['UPDATE t SET w = w + 1 WHERE k = 1', 'Invalid operation (w = w + 1) for non counter column w'],
    ['UPDATE c SET fl = fl + [1] WHERE k = 1', 'Invalid operation (fl = fl + [1]) for frozen collection column fl'],
    ['UPDATE c SET fl[0] = 1 WHERE k = 1', 'Invalid operation (fl[0] = 1) for frozen collection column fl'],
    [`UPDATE c SET s['a'] = 1 WHERE k = 1`, `Invalid operation (s['a'] = 1) for set column s`],
    ['UPDATE t SET w[0] = 1 WHERE k = 1', 'Invalid operation (w[0] = 1) for non collection column w'],
    ['UPDATE t SET w.a = 1 WHERE k = 1', 'Invalid operation (w.a = 1) for non-UDT column w'],
    ['UPDATE c SET fu.a = 1 WHERE k = 1', 'Invalid operation (fu.a = 1) for frozen UDT column fu'],
    ['UPDATE c SET u.z = 1 WHERE k = 1', 'UDT column u does not have a field named z'],
    [`UPDATE c SET s = {'a'} + s WHERE k = 1`, `Invalid operation (s = {'a'} - s) for non list column s`],
    ['DELETE w[1] FROM t WHERE k = 1', 'Invalid deletion operation for non collection column w'],
    ['DELETE fl[1] FROM c WHERE k = 1', 'Invalid deletion operation for frozen collection column fl'],
    ['DELETE w.a FROM t WHERE k = 1', 'Invalid field deletion operation for non-UDT column w'],
    ['DELETE fu.a FROM c WHERE k = 1', 'Frozen UDT column fu does not support field deletions'],
    ['UPDATE c SET l[0] = 1 WHERE k = 1', 'Attempted to set an element on a list which is null'],
    ['DELETE l[0] FROM c WHERE k = 1', 'Attempted to delete an element from a list which is null'],
    ['UPDATE c SET l[5] = 1 WHERE k = 7', 'List index 5 out of bound, list has size 2'],
    ['UPDATE c SET l[?] = 1 WHERE k = 7', 'Invalid null value for list index', [null]],
    ['UPDATE c SET m[?] = 1 WHERE k = 7', 'Invalid null map key', [null]],
    ['UPDATE c SET m[?] = 1 WHERE k = 7', 'Invalid unset map key', [undefined]],
    ['INSERT INTO t (k) VALUES (1) USING TTL -1', 'A TTL must be greater or equal to 0, but was -1'],
    ['INSERT INTO t (k) VALUES (1) USING TTL 630720001', 'ttl is too large. requested (630720001) maximum (630720000)'],
    ['INSERT INTO t (k) VALUES (1) USING TIMESTAMP ?', 'Invalid null value of timestamp', [null]],
    [`INSERT INTO t JSON '{"k": 1, "z": 2}'`, 'JSON values map contains unrecognized column: z'],
    [`INSERT INTO t JSON 'null'`, 'Got null for INSERT JSON values'],
    [`INSERT INTO t JSON '{"v": "a"}'`, 'Invalid null value in condition for column k'],
  ],
  counters: [
    ['INSERT INTO n (k, c) VALUES (1, 1)', 'INSERT statements are not allowed on counter tables, use UPDATE instead'],
    [
      'UPDATE n SET c = 1 WHERE k = 1',
      'Cannot set the value of counter column c (counters can only be incremented/decremented, not set)',
    ],
    ['UPDATE n SET c = c + null WHERE k = 1', 'Invalid null value for counter increment/decrement'],
    ['UPDATE n SET c = c + ? WHERE k = 1', 'Invalid null value for counter increment', [null]],
    ['UPDATE n USING TTL 1 SET c = c + 1 WHERE k = 1', 'Cannot provide custom TTL for counter updates'],
    ['UPDATE n USING TIMESTAMP 1 SET c = c + 1 WHERE k = 1', 'Cannot provide custom timestamp for counter updates'],
    ['UPDATE n SET c = c + 1 WHERE k = 1 IF c = 1', 'Conditions on counters are not supported'],
    ['UPDATE n SET c = c + 1 WHERE k = 1 IF EXISTS', 'Conditional updates are not supported on counter tables'],
    [
      'UPDATE n SET c = c - ? WHERE k = 1',
      'The negation of -9223372036854775808 overflows supported counter precision (signed 8 bytes integer)',
      [Uint8Array.of(0x80, 0, 0, 0, 0, 0, 0, 0)],
    ],
  ],
  conditions: [
    [
      "UPDATE t USING TIMESTAMP 1 SET w = 1 WHERE k = 1 IF v = 'a'",
      'Cannot provide custom timestamp for conditional updates',
    ],
    ['UPDATE t SET w = 1 WHERE k = 1 IF k = 1', `PRIMARY KEY column 'k' cannot have IF conditions`],
    [
      'UPDATE t SET w = 1 WHERE k IN (1, 2) IF EXISTS',
      'IN on the partition key is not supported with conditional updates',
    ],
    [
      "UPDATE w SET v = 'a' WHERE k = 1 AND c = 1 AND d IN (1, 2) IF EXISTS",
      'IN on the clustering key columns is not supported with conditional updates',
    ],
    ['UPDATE t SET w = 1 WHERE k = 1 IF w > ?', 'Invalid comparison with null for operator ">"', [null]],
    ['UPDATE t SET w = 1 WHERE k = 1 IF w = ?', `Invalid 'unset' value in condition`, [undefined]],
    ['UPDATE t SET w = 1 WHERE k = 1 IF w IN ?', 'Invalid null list in IN condition', [null]],
    ['UPDATE t SET w = 1 WHERE k = 1 IF d > 1d', 'Slice conditions ( > ) are not supported on durations'],
    ['UPDATE t SET w = 1 WHERE k = 1 IF w[0] = 1', 'Invalid element access syntax for non-collection column w'],
    [`UPDATE c SET fl = [1] WHERE k = 1 IF s['a'] = 'b'`, 'Invalid element access syntax for set column s'],
    ['UPDATE t SET w = 1 WHERE k = 1 IF w.a = 1', 'Invalid field access syntax for non-UDT column w'],
    ['UPDATE c SET fl = [1] WHERE k = 1 IF u.z = 1', 'Unknown field z for column u'],
    ['UPDATE c SET fl = [1] WHERE k = 1 IF l[?] = 1', 'Invalid null value for list element access', [null]],
    ['UPDATE c SET fl = [1] WHERE k = 1 IF l[-1] = 1', 'Invalid negative list index -1'],
    [
      'DELETE v FROM w WHERE k = 1 AND c = 1 IF EXISTS',
      'DELETE statements must restrict all PRIMARY KEY columns with equality relations in order to delete non static columns',
    ],
    [
      "DELETE FROM w WHERE k = 1 AND c = 1 IF v = 'a'",
      'DELETE statements must restrict all PRIMARY KEY columns with equality relations in order to delete non static columns',
    ],
  ],
};

describe('what is refused', () => {
  let bench: Bench;
  beforeAll(() => {
    bench = new Bench();
    for (const table of tables) bench.run(table);
    bench.run('INSERT INTO c (k, l) VALUES (7, [1, 2])');
  });
  for (const [group, rows] of Object.entries(faults))
    describe(group, () => {
      for (const [text, fault, values] of rows)
        test(`${text}${values === undefined ? '' : ` with ${values.map((each) => each?.length ?? String(each)).join(', ')}`}`, () => {
          expect(bench.fault(text, values)).toBe(fault);
          expect(bench.store.writer.sink.length).toBe(0);
        });
    });
  test('levels that are for conditional writes alone', () => {
    expect(bench.fault('INSERT INTO t (k) VALUES (1)', [], { consistency: 8 })).toBe(
      'You must use conditional updates for serializable writes',
    );
    expect(bench.fault('UPDATE n SET c = c + 1 WHERE k = 1', [], { consistency: 0 })).toBe(
      'Consistency level ANY is not yet supported for counter table n',
    );
    expect(bench.fault('UPDATE n SET c = c + 1 WHERE k = 1', [], { consistency: 8 })).toBe(
      'Counter operations are inherently non-serializable',
    );
    expect(bench.fault('INSERT INTO t (k) VALUES (1) IF NOT EXISTS', [], { serialConsistency: 1 })).toBe(
      'Invalid consistency for conditional update. Must be one of SERIAL or LOCAL_SERIAL',
    );
  });
});
