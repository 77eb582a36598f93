import { describe, expect, test } from '@jest/globals';
import { parse } from './parse.ts';

const faultOf = (text: string): string => {
  const parsed = parse(text);
  return parsed.ok ? 'read' : parsed.error.message;
};

/** Messages of Cassandra 3.11 to 5 that people have shown in public, with their statements as far as the message shows. */
const reported: [string, string][] = [
  ['', "line 0:-1 no viable alternative at input '<EOF>'"],
  ['SELECT a', "line 0:-1 mismatched input '<EOF>' expecting K_FROM"],
  [
    '\n                  select * from users;\n                  select * from roles;\n',
    "line 3:18 mismatched input 'select' expecting EOF (                  select * from users;                  [select]...)",
  ],
  [
    "\ninsert into users (name, mail, word)\nvalues ('user', 'user@hotmail.com', '123456');\n\n                  insert into users (name) values ('x');",
    "line 5:18 mismatched input 'insert' expecting EOF (...'user', 'user@hotmail.com', '123456');                  [insert]...)",
  ],
  [
    'CREATE TABLE test_1681234567890.abcdefghijk_1234567890(a int, PRIMARY KEY((a)) WITH COMPACT STORAGE',
    "line 1:79 mismatched input 'WITH' expecting ')' (... PRIMARY KEY((a)) [WITH]...)",
  ],
  [
    'CREATE KEYSPACE IF NOT EXISTS my-project\nWITH x = 1',
    "line 1:32 mismatched input '-' expecting K_WITH (... KEYSPACE IF NOT EXISTS my[-]...)",
  ],
  ['CREATE TABLE t (ı int PRIMARY KEY)', "line 1:16 no viable alternative at character 'ı'"],
  [
    'CREATE FUNCTION f (x int) CALLED ON NULL INPUT RETURNS int LANGUAGE java AS $;',
    "line 1:77 mismatched character ';' expecting '$'",
  ],
  ["SELECT * FROM t WHERE a = 'b", "line 1:28 mismatched character '<EOF>' expecting '''"],
  ['DROP cqlkeyspace.t;', "line 1:5 no viable alternative at input 'cqlkeyspace' ([DROP] cqlkeyspace...)"],
  ['DELETE cqlkeyspace.t;', "line 1:20 mismatched input ';' expecting K_FROM (DELETE cqlkeyspace.t[;])"],
  ['select*\n;', "line 2:0 mismatched input ';' expecting K_FROM (select*[;])"],
  ['SELECT * zeppelin.albums;', "line 1:9 mismatched input 'zeppelin' expecting K_FROM (SELECT * [zeppelin]...)"],
  ['SELECT * FORM ks.table_0', "line 1:9 mismatched input 'FORM' expecting K_FROM (SELECT * [FORM]...)"],
  ['BEGIN;', "line 1:5 mismatched input ';' expecting K_BATCH (BEGIN[;])"],
  ['COMMIT;', "line 1:0 no viable alternative at input 'COMMIT' ([COMMIT]...)"],
  [
    'insert into "xephonnaive".metrics (metric_name, metric_timestamp, value) values ("cpu.load", now(), 30);',
    `line 1:91 no viable alternative at input ',' (... metric_timestamp, value) values (["cpu.loa]d",...)`,
  ],
  [
    "create user newuser withpassword 'x';",
    "line 1:20 mismatched input 'withpassword' expecting EOF (create user newuser [withpassword]...)",
  ],
  [
    "INSERT INTO time_use_survey.summary (id,working,sex, age, primary_needs, work, other)\n   ... VALUES ('002')",
    "line 2:3 mismatched input '..' expecting K_VALUES (... primary_needs, work, other)   [..]...)",
  ],
  [
    "CREATE TABLE users (key varchar PRIMARY KEY, password varchar, gender varchar) WITH compression_parameters:sstable_compressor = 'DeflateCompressor';",
    "line 1:106 no viable alternative at input ':' (...varchar, gender varchar) WITH [compression_parameters]:...)",
  ],
  [
    'UPDATE c SET count = count + 1WHERE name = 1',
    "line 1:31 no viable alternative at input 'HERE' (... count = count + 1W[HERE]...)",
  ],
  [
    "SELECT * FROM users WHERE state='TX' USING CONSISTENCY QUORUM;",
    "line 1:37 no viable alternative at input 'USING' (...FROM users WHERE state='TX' [USING]...)",
  ],
  [
    'SELECT * FROM comment_per_video WHERE video_id = eccb34b0-0d4b-11ea-9d48-0b1cc2ad2f9;',
    "line 1:84 mismatched character ';' expecting set null",
  ],
];

const shapes: [string, string][] = [
  ['SELEC * FROM t', "line 1:0 no viable alternative at input 'SELEC' ([SELEC]...)"],
  ['selec', "line 1:0 no viable alternative at input 'selec' ([selec])"],
  [';', "line 1:0 no viable alternative at input ';' ([;])"],
  ['DROP FOO bar', "line 1:5 no viable alternative at input 'FOO' ([DROP] FOO...)"],
  ['CREATE TABEL t (a int)', "line 1:7 no viable alternative at input 'TABEL' ([CREATE] TABEL...)"],
  ['CREATE OR REPLACE TABLE t', "line 1:18 no viable alternative at input 'TABLE' ([CREATE] OR...)"],
  ['ALTER t ADD a int', "line 1:6 no viable alternative at input 't' ([ALTER] t...)"],
  ['SELECT FROM t', "line 1:7 no viable alternative at input 'FROM' (SELECT [FROM]...)"],
  ['SELECT a b FROM t', "line 1:9 no viable alternative at input 'b' (SELECT [a] b...)"],
  ['SELECT a FORM t', "line 1:9 no viable alternative at input 'FORM' (SELECT [a] FORM...)"],
  ['SELECT * FROM t WHERE', "line 0:-1 no viable alternative at input '<EOF>'"],
  ['SELECT * FROM t WHERE = 1', "line 1:22 no viable alternative at input '=' (SELECT * FROM t WHERE [=]...)"],
  ['SELECT * FROM t WHERE a b', "line 1:24 no viable alternative at input 'b' (SELECT * FROM t WHERE [a] b)"],
  ['SELECT * FROM t WHERE a = b', "line 0:-1 no viable alternative at input '<EOF>'"],
  [
    'SELECT * FROM t WHERE a = b AND c = 1',
    "line 1:28 no viable alternative at input 'AND' (...FROM t WHERE a = [b] AND...)",
  ],
  ['SELECT * FROM t LIMIT ten', "line 1:22 no viable alternative at input 'ten' (SELECT * FROM t LIMIT [ten])"],
  ['SELECT * FROM t AS u', "line 1:16 mismatched input 'AS' expecting EOF (SELECT * FROM t [AS]...)"],
  ['SELECT * FROM t ORDER a', "line 1:22 mismatched input 'a' expecting K_BY (SELECT * FROM t ORDER [a])"],
  ['SELECT * FROM select', "line 1:14 no viable alternative at input 'select' (SELECT * FROM [select])"],
  ['INSERT INTO t (a, b VALUES (1)', "line 1:20 mismatched input 'VALUES' expecting ')' (...INTO t (a, b [VALUES]...)"],
  ['INSERT t (a) VALUES (1)', "line 1:7 mismatched input 't' expecting K_INTO (INSERT [t]...)"],
  ['INSERT INTO t (a) VALUES (x, 2)', "line 1:27 no viable alternative at input ',' (... t (a) VALUES ([x],...)"],
  ['INSERT INTO t (a) (1)', "line 1:18 mismatched input '(' expecting K_VALUES (INSERT INTO t (a) [(]...)"],
  ['INSERT INTO t (a) VALUES (1, )', "line 1:29 no viable alternative at input ')' (...(a) VALUES (1, [)])"],
  ['UPDATE t SET a = 1', "line 0:-1 mismatched input '<EOF>' expecting K_WHERE"],
  ['UPDATE t a = 1 WHERE k = 1', "line 1:9 no viable alternative at input 'a' (UPDATE [t] a...)"],
  ['DELETE * FROM t WHERE k = 1', "line 1:7 mismatched input '*' expecting K_FROM (DELETE [*]...)"],
  ['DELETE FROM t', "line 0:-1 mismatched input '<EOF>' expecting K_WHERE"],
  [
    'BEGIN BATCH SELECT * FROM t; APPLY BATCH',
    "line 1:12 mismatched input 'SELECT' expecting K_APPLY (BEGIN BATCH [SELECT]...)",
  ],
  ['CREATE TABLE t (a)', "line 1:17 no viable alternative at input ')' (CREATE TABLE t (a[)])"],
  ['CREATE TABLE t (a int b int)', "line 1:22 mismatched input 'b' expecting ')' (... TABLE t (a int [b]...)"],
  ['CREATE TABLE order (a int)', "line 1:13 no viable alternative at input 'order' (CREATE TABLE [order]...)"],
  ['CREATE TABLE t (a map<int>)', "line 1:25 mismatched input '>' expecting ',' (...TABLE t (a map<int[>]...)"],
  ['USE', "line 0:-1 no viable alternative at input '<EOF>'"],
  ['USE 1', "line 1:4 no viable alternative at input '1' (USE [1])"],
  ['GRANT SELECT t TO r', "line 1:13 mismatched input 't' expecting K_ON (GRANT SELECT [t]...)"],
  ['LIST foo', "line 1:5 no viable alternative at input 'foo' ([LIST] foo)"],
  ['SELECT ~ FROM t', "line 1:7 no viable alternative at character '~'"],
  ['SELECT a ! b FROM t', "line 1:10 mismatched character ' ' expecting '='"],
  ['SELECT "a FROM t', `line 1:16 mismatched character '<EOF>' expecting '"'`],
  ['SELECT /* a FROM t', "line 1:18 mismatched character '<EOF>' expecting '*'"],
  // The parser gave up before the lexer came to what it could not read.
  ['SELEC a ~', "line 1:0 no viable alternative at input 'SELEC' ([SELEC]...)"],
];

const refusals: [string, string][] = [
  ['SELECT * FROM ?', 'Bind variables cannot be used for table names'],
  ['USE ?', 'Bind variables cannot be used for keyspace names'],
  ['DROP INDEX ?', 'Bind variables cannot be used for index names'],
  ['DROP ROLE ?', 'Bind variables cannot be used for role names'],
  ['UPDATE t SET a = 1, a = 2 WHERE k = 1', 'Multiple incompatible setting of column a'],
  ["UPDATE t SET a['x'] = 1, a = {} WHERE k = 1", 'Multiple incompatible setting of column a'],
  ['UPDATE t SET a = b + 1 WHERE k = 1', 'Only expressions of the form X = X +<value> are supported.'],
  ['UPDATE t SET a = b -1 WHERE k = 1', 'Only expressions of the form X = X - <value> are supported.'],
  ['UPDATE t SET a = [1] + b WHERE k = 1', 'Only expressions of the form X = <value> + X are supported.'],
  ['CREATE TABLE t (a byte PRIMARY KEY)', 'Invalid (reserved) user type name byte'],
  [
    "CREATE KEYSPACE k WITH replication = {'class': ?}",
    "Invalid property value: ? for property: 'class' (bind variables are not supported in DDL queries)",
  ],
  [
    'CREATE KEYSPACE k WITH replication = {:a: 1}',
    'Invalid property name: :a (bind variables are not supported in DDL queries)',
  ],
  ['ALTER TABLE t WITH a = 1 AND a = 2', "Multiple definitions for property 'a'"],
  ["ALTER TABLE t WITH a = {'x': 1, 'x': 2}", 'Multiple definition for property x'],
  [
    "CREATE ROLE r WITH PASSWORD = 'a' AND HASHED PASSWORD = 'b'",
    "Options 'password' and 'hashed password' are mutually exclusive",
  ],
  ['CREATE USER "r"', 'Quoted strings are are not supported for user names and USER is deprecated, please use ROLE'],
];

describe('messages that people have shown', () => {
  test.each(reported)('%j', (text, message) => expect(faultOf(text)).toBe(message));
});
describe('the same shapes elsewhere', () => {
  test.each(shapes)('%j', (text, message) => expect(faultOf(text)).toBe(message));
});
describe('what the grammar allows and the parser refuses', () => {
  test.each(refusals)('%j', (text, message) => expect(faultOf(text)).toBe(message));
});
test('the place is the true one, at the end too', () => {
  const parsed = parse('SELECT a\nFROM');
  expect(parsed.ok ? undefined : parsed.error.place).toEqual({ line: 2, column: 4 });
});
