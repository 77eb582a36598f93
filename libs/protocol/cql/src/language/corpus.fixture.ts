/** Statements that Cassandra 5.0 reads, one a line, for each page of its CQL reference; the examples are our own. */
const pages: Record<string, string> = {
  keyspaces: `
CREATE KEYSPACE harbour WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}
CREATE KEYSPACE harbour WITH REPLICATION = {'class': 'SimpleStrategy', 'replication_factor': '3'};
CREATE KEYSPACE IF NOT EXISTS harbour WITH replication = {'class': 'NetworkTopologyStrategy', 'north': 3, 'south': 2}
CREATE KEYSPACE harbour WITH replication = {'class': 'NetworkTopologyStrategy', 'replication_factor': 3} AND durable_writes = false
CREATE KEYSPACE "Harbour" WITH durable_writes = true AND replication = {'class': 'SimpleStrategy', 'replication_factor': 1};
CREATE SCHEMA harbour WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}
create keyspace quay with replication = { 'class' : 'SimpleStrategy' , 'replication_factor' : 2 } ;
USE harbour
USE harbour;
use "Harbour"
USE keyspaces
ALTER KEYSPACE harbour WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 4}
ALTER KEYSPACE harbour WITH durable_writes = true
ALTER KEYSPACE IF EXISTS harbour WITH replication = {'class': 'NetworkTopologyStrategy', 'north': 1} AND durable_writes = false;
ALTER SCHEMA harbour WITH durable_writes = true
DROP KEYSPACE harbour
DROP KEYSPACE IF EXISTS harbour;
DROP SCHEMA harbour
`,
  tables: `
CREATE TABLE boats (name text PRIMARY KEY, length int)
CREATE TABLE boats (name text, length int, PRIMARY KEY (name));
CREATE TABLE harbour.boats (harbour text, name text, length int, PRIMARY KEY (harbour, name))
CREATE TABLE boats (harbour text, year int, name text, length int, PRIMARY KEY ((harbour, year), name, length))
CREATE TABLE boats (harbour text, name text, PRIMARY KEY ((harbour), name))
CREATE TABLE IF NOT EXISTS boats (name text PRIMARY KEY)
CREATE COLUMNFAMILY boats (name text PRIMARY KEY)
CREATE TABLE boats (name text PRIMARY KEY,)
CREATE TABLE boats (name text, length int,, PRIMARY KEY (name),)
CREATE TABLE boats (harbour text, mayor text static, name text, PRIMARY KEY (harbour, name))
CREATE TABLE boats (harbour text, mayor text STATIC, name text, length int, PRIMARY KEY (harbour, name)) WITH CLUSTERING ORDER BY (name DESC)
CREATE TABLE tides (place text, at timestamp, height double, PRIMARY KEY (place, at)) WITH CLUSTERING ORDER BY (at ASC)
CREATE TABLE tides (place text, day date, at time, height double, PRIMARY KEY (place, day, at)) WITH CLUSTERING ORDER BY (day DESC, at ASC) AND comment = 'heights in metres'
CREATE TABLE tides (place text PRIMARY KEY) WITH comment = 'it''s high' AND gc_grace_seconds = 3600
CREATE TABLE tides (place text PRIMARY KEY) WITH compaction = {'class': 'SizeTieredCompactionStrategy', 'min_threshold': 4}
CREATE TABLE tides (place text PRIMARY KEY) WITH compaction = {'class': 'LeveledCompactionStrategy', 'sstable_size_in_mb': '160'} AND compression = {'class': 'LZ4Compressor', 'chunk_length_in_kb': 16}
CREATE TABLE tides (place text PRIMARY KEY) WITH compaction = {'class': 'UnifiedCompactionStrategy', 'scaling_parameters': 'T4, L8'}
CREATE TABLE tides (place text PRIMARY KEY) WITH compaction = {'class': 'TimeWindowCompactionStrategy', 'compaction_window_unit': 'DAYS', 'compaction_window_size': 1}
CREATE TABLE tides (place text PRIMARY KEY) WITH compression = {'enabled': false}
CREATE TABLE tides (place text PRIMARY KEY) WITH caching = {'keys': 'ALL', 'rows_per_partition': 'NONE'}
CREATE TABLE tides (place text PRIMARY KEY) WITH bloom_filter_fp_chance = 0.01 AND crc_check_chance = 1.0 AND default_time_to_live = 0
CREATE TABLE tides (place text PRIMARY KEY) WITH memtable_flush_period_in_ms = 1000 AND max_index_interval = 2048 AND min_index_interval = 128
CREATE TABLE tides (place text PRIMARY KEY) WITH speculative_retry = '99PERCENTILE' AND additional_write_policy = '95p'
CREATE TABLE tides (place text PRIMARY KEY) WITH cdc = true AND read_repair = 'BLOCKING'
CREATE TABLE tides (place text PRIMARY KEY) WITH memtable = 'trie' AND incremental_backups = false AND allow_auto_snapshot = true
CREATE TABLE tides (place text PRIMARY KEY) WITH extensions = {'a': 0x0102}
CREATE TABLE tides (place text PRIMARY KEY) WITH id = 5a1c395e-b41f-11e5-9f22-ba0be0483c18
CREATE TABLE tides (place text PRIMARY KEY) WITH COMPACT STORAGE
CREATE TABLE tides (place text, at int, PRIMARY KEY (place, at)) WITH COMPACT STORAGE AND CLUSTERING ORDER BY (at DESC)
CREATE TABLE visits (page text PRIMARY KEY, seen counter)
CREATE TABLE everything (a ascii PRIMARY KEY, b bigint, c blob, d boolean, e date, f decimal, g double, h duration, i float, j inet)
CREATE TABLE everything (a int PRIMARY KEY, b smallint, c text, d time, e timestamp, f timeuuid, g tinyint, h uuid, i varchar, j varint)
CREATE TABLE crew (id uuid PRIMARY KEY, tags set<text>, log list<text>, pay map<text, decimal>)
CREATE TABLE crew (id uuid PRIMARY KEY, home frozen<address>, spare harbour.address, seats frozen<list<frozen<tuple<int, int>>>>)
CREATE TABLE crew (id uuid PRIMARY KEY, at tuple<int, text, float>, near vector<float, 3>, deep map<text, frozen<map<int, set<uuid>>>>)
CREATE TABLE crew (id uuid PRIMARY KEY, odd 'org.example.StrangeType')
CREATE TABLE crew (key text PRIMARY KEY, type int, ttl int, count int, list int, values int, "select" int, "Mixed" int)
CREATE TABLE crew (id int PRIMARY KEY, phone text MASKED WITH mask_inner(1, 2))
CREATE TABLE crew (id int PRIMARY KEY, phone text MASKED WITH DEFAULT, mail text MASKED WITH harbour.hide(null, '*'))
CREATE TABLE crew (id int MASKED WITH mask_null() PRIMARY KEY, since date MASKED WITH mask_replace('1970-01-01'))
ALTER TABLE boats ADD mast int
ALTER TABLE harbour.boats ADD mast int;
ALTER TABLE boats ADD (mast int, sail text static)
ALTER TABLE IF EXISTS boats ADD IF NOT EXISTS mast int
ALTER TABLE boats ADD mast map<text, frozen<list<int>>>
ALTER TABLE boats ADD phone text MASKED WITH mask_outer(2, 2)
ALTER TABLE boats DROP mast
ALTER TABLE boats DROP (mast, sail)
ALTER TABLE boats DROP IF EXISTS mast
ALTER TABLE boats DROP mast USING TIMESTAMP 1700000000000000
ALTER TABLE boats DROP (mast, sail) USING TIMESTAMP 5
ALTER TABLE boats DROP COMPACT STORAGE
ALTER TABLE boats DROP compact
ALTER TABLE boats RENAME name TO title
ALTER TABLE boats RENAME IF EXISTS name TO title AND harbour TO port
ALTER TABLE boats ALTER length TYPE bigint
ALTER TABLE boats ALTER phone MASKED WITH DEFAULT
ALTER TABLE boats ALTER IF EXISTS phone MASKED WITH mask_hash('SHA-256')
ALTER TABLE boats ALTER phone DROP MASKED
ALTER TABLE boats ALTER IF EXISTS phone DROP MASKED
ALTER TABLE boats WITH comment = 'all of them' AND read_repair = 'NONE'
ALTER TABLE boats WITH compression = {}
ALTER TABLE boats WITH speculative_retry = ALL
ALTER COLUMNFAMILY boats WITH gc_grace_seconds = 0
DROP TABLE boats
DROP TABLE IF EXISTS harbour.boats;
DROP COLUMNFAMILY boats
TRUNCATE boats
TRUNCATE TABLE harbour.boats;
TRUNCATE COLUMNFAMILY boats
`,
  selectClauses: `
SELECT * FROM boats
SELECT * FROM harbour.boats;
select name, length from boats
SELECT name AS title, length AS metres FROM boats
SELECT name AS "Title" FROM boats
SELECT DISTINCT harbour FROM boats
SELECT DISTINCT harbour, year FROM boats
SELECT JSON * FROM boats
SELECT JSON name, length FROM boats WHERE harbour = 'a'
SELECT JSON DISTINCT harbour FROM boats
SELECT json FROM boats
SELECT distinct FROM boats
SELECT json, distinct FROM boats
SELECT json AS j, distinct AS d FROM boats
SELECT count(*) FROM boats
SELECT COUNT (*) FROM boats
SELECT count(1) FROM boats
SELECT count(length) AS known FROM boats
SELECT min(length), max(length), sum(length), avg(length) FROM boats
SELECT writetime(length), ttl(length) FROM boats
SELECT WRITETIME(log[0]), TTL(pay['x']) FROM crew
SELECT maxwritetime(tags), writetime(home.street) FROM crew
SELECT writetime(tags['a'..'c']) FROM crew
SELECT ttl, writetime, count, key FROM odd
SELECT CAST(length AS text) FROM boats
SELECT CAST(avg(CAST(length AS double)) AS int) FROM boats
SELECT cast FROM boats
SELECT home.street, home.zip.code FROM crew
SELECT pay['x'], log[0], tags['a'] FROM crew
SELECT tags['a'..'c'], tags[..'c'], tags['a'..] FROM crew
SELECT log[1..2], pay[?..?] FROM crew
SELECT pay[?], pay[:which] FROM crew
SELECT home.lines[0].text FROM crew
SELECT length + 1 FROM boats
SELECT length * 2 - width / 3 % 4 FROM boats
SELECT - length, - (length), 3 - - length FROM boats
SELECT (length + 1) * 2 AS doubled FROM boats
SELECT -1, 1.5, 'x', true, null, 0xff FROM boats
SELECT 2d FROM boats
SELECT (int) 3, (text) 'x', (float) ? FROM boats
SELECT (int) ?, (list<int>) [1, 2], (map<text, int>) {'a': 1} FROM boats
SELECT (a, b), [a, b], {a, b}, {'k': a} FROM boats
SELECT {street: a, zip: b}, {}, [] FROM crew
SELECT (frozen<tuple<int, int>>) (1, 2) FROM boats
SELECT (address) {street: 'x'} FROM crew
SELECT now(), uuid(), toDate(now()), system.now() FROM system.local
SELECT token(harbour), token(harbour, year) FROM boats
SELECT blobAsInt(intAsBlob(3)), harbour.twice(length) FROM boats
SELECT dateOf(id), toUnixTimestamp(id), minTimeuuid('2020-01-01') FROM log
SELECT max(dateOf(id)) - 2d FROM log
SELECT similarity_cosine(near, [0.1, 0.2, 0.3]) FROM crew
SELECT map_keys(pay), map_values(pay), collection_count(tags), collection_max(log) FROM crew
SELECT abs(length), exp(length), log(length), log10(length), round(length) FROM boats
SELECT mask_inner(phone, 1, null), mask_default(phone) FROM crew
SELECT from_json(?), to_json(home) FROM crew
SELECT "now"(), "Mixed" FROM crew
SELECT ?, :name FROM boats
SELECT a, b AS c, d.e AS f, g[1] AS h, i(j) AS k FROM l
`,
  selectWhere: `
SELECT * FROM boats WHERE name = 'Petrel'
SELECT * FROM boats WHERE harbour = ? AND name = ?
SELECT * FROM boats WHERE harbour = :harbour AND name = :"Name"
SELECT * FROM boats WHERE harbour = 'a' AND name > 'b' AND name <= 'c'
SELECT * FROM boats WHERE harbour = 'a' AND name >= 'b' AND name < 'c'
SELECT * FROM boats WHERE harbour IN ('a', 'b', 'c')
SELECT * FROM boats WHERE harbour IN ()
SELECT * FROM boats WHERE harbour IN ?
SELECT * FROM boats WHERE harbour IN :harbours
SELECT * FROM boats WHERE harbour IN (?, :b)
SELECT * FROM boats WHERE harbour = 'a' AND (year, name) > (2000, 'm')
SELECT * FROM boats WHERE harbour = 'a' AND (year, name) IN ((2000, 'm'), (2001, 'n'))
SELECT * FROM boats WHERE harbour = 'a' AND (year, name) IN (?, ?)
SELECT * FROM boats WHERE harbour = 'a' AND (year, name) IN ?
SELECT * FROM boats WHERE harbour = 'a' AND (year, name) IN ()
SELECT * FROM boats WHERE (year) = (1)
SELECT * FROM boats WHERE (year, name) = ?
SELECT * FROM boats WHERE (year, name) >= (?, :n)
SELECT * FROM boats WHERE (year = 1) AND ((name = 'x'))
SELECT * FROM boats WHERE token(harbour) > token('a')
SELECT * FROM boats WHERE token(harbour) > -9223372036854775808 AND token(harbour) <= 100
SELECT * FROM boats WHERE TOKEN(harbour, year) >= ?
SELECT * FROM crew WHERE tags CONTAINS 'a' ALLOW FILTERING
SELECT * FROM crew WHERE pay CONTAINS KEY 'x'
SELECT * FROM crew WHERE pay CONTAINS KEY ? AND pay CONTAINS ?
SELECT * FROM crew WHERE pay['x'] = 3
SELECT * FROM crew WHERE pay[?] >= ?
SELECT * FROM crew WHERE name LIKE 'Pet%'
SELECT * FROM crew WHERE name LIKE ?
SELECT * FROM crew WHERE name IS NOT NULL ALLOW FILTERING
SELECT * FROM crew WHERE home = {street: 'Quay', zip: 1}
SELECT * FROM crew WHERE at = (1, 'x', 2.5)
SELECT * FROM crew WHERE tags = {'a', 'b'} AND log = ['x'] AND pay = {'a': 1.5}
SELECT * FROM boats WHERE length != 3 ALLOW FILTERING
SELECT * FROM boats WHERE at > maxTimeuuid('2024-01-01 00:00+0000') AND at < minTimeuuid('2024-02-01')
SELECT * FROM boats WHERE at > now() - 2h
SELECT * FROM boats WHERE length = (int) 3 AND width = 2 + 3 * 4
SELECT * FROM boats WHERE length = - 3 AND depth = -3
SELECT * FROM boats WHERE length = CAST(3.2 AS int)
SELECT * FROM boats WHERE "" = 3
SELECT * FROM boats WHERE expr(my_index, 'anything at all')
SELECT * FROM boats WHERE harbour = 'a' AND expr(idx, ?)
SELECT * FROM boats WHERE key = 1 AND type = 2 AND contains = 3 AND exists = 4
`,
  selectRest: `
SELECT * FROM boats LIMIT 10
SELECT * FROM boats LIMIT ?
SELECT * FROM boats LIMIT :most
SELECT * FROM boats PER PARTITION LIMIT 2
SELECT * FROM boats PER PARTITION LIMIT ? LIMIT ?
SELECT * FROM boats ALLOW FILTERING
SELECT * FROM boats WHERE length = 3 LIMIT 3 ALLOW FILTERING
SELECT * FROM boats WHERE harbour = 'a' ORDER BY name
SELECT * FROM boats WHERE harbour = 'a' ORDER BY name DESC
SELECT * FROM boats WHERE harbour = 'a' ORDER BY name ASC, year DESC LIMIT 5
SELECT * FROM crew ORDER BY near ANN OF [0.1, 0.2, 0.3] LIMIT 3
SELECT * FROM crew WHERE id = 3 ORDER BY near ANN OF ? LIMIT ?
SELECT harbour, count(*) FROM boats GROUP BY harbour
SELECT harbour, year, max(length) FROM boats GROUP BY harbour, year
SELECT place, floor(at, 1h), avg(height) FROM tides GROUP BY place, floor(at, 1h)
SELECT place, max(height) FROM tides WHERE place = 'x' GROUP BY place ORDER BY at DESC PER PARTITION LIMIT 1 LIMIT 2 ALLOW FILTERING
SELECT * FROM group WHERE per = 1 ORDER BY partition LIMIT 1
SELECT * FROM users.roles
SELECT * FROM "Harbour"."Boats"
SELECT * FROM "odd""name"
`,
  insert: `
INSERT INTO boats (name, length) VALUES ('Petrel', 12)
INSERT INTO harbour.boats (name, length) VALUES (?, ?);
INSERT INTO boats (name, length) VALUES (:name, :length)
INSERT INTO boats (name) VALUES ('Petrel') IF NOT EXISTS
INSERT INTO boats (name) VALUES ('Petrel') USING TTL 86400
INSERT INTO boats (name) VALUES ('Petrel') USING TIMESTAMP 1700000000000000
INSERT INTO boats (name) VALUES ('Petrel') USING TTL 1 AND TIMESTAMP 2
INSERT INTO boats (name) VALUES ('Petrel') USING TIMESTAMP ? AND TTL :life
INSERT INTO boats (name) VALUES ('Petrel') IF NOT EXISTS USING TTL 5
INSERT INTO boats (a, b, c, d, e) VALUES (null, true, FALSE, -1, 1e10)
INSERT INTO boats (a, b, c, d) VALUES (NaN, Infinity, -Infinity, -NaN)
INSERT INTO boats (a, b, c) VALUES (0x, 0xCAFE, 0Xbabe)
INSERT INTO boats (a, b, c) VALUES (1.5, -2.25e-3, 3.)
INSERT INTO boats (a) VALUES (123e4567-e89b-12d3-a456-426655440000)
INSERT INTO boats (a) VALUES (B70DE1D0-9908-4AE3-BE34-5573E5B09F14)
INSERT INTO boats (a, b, c) VALUES (1y2mo3w4d5h6m7s8ms9us10ns, -2h, 3µs)
INSERT INTO boats (a, b, c, d) VALUES (P1Y2M3DT4H5M6S, PT3M, P4W, -P0001-02-03T04:05:06)
INSERT INTO boats (a) VALUES ('it''s')
INSERT INTO boats (a) VALUES ($$it's a "quote"$$)
INSERT INTO boats (a) VALUES ('')
INSERT INTO boats (a, b, c) VALUES ([], {}, [1, 2, 3])
INSERT INTO boats (a, b) VALUES ({'x', 'y'}, {'x': 1, 'y': 2})
INSERT INTO boats (a, b) VALUES ({street: 'Quay', zip: {code: 1, "Town": 'x'}}, (1, 'a', null))
INSERT INTO boats (a, b) VALUES ([?, :b], {?: ?, :k: :v})
INSERT INTO boats (a) VALUES ([[1], [2, 3]])
INSERT INTO boats (a) VALUES ({(1, 2): [3], (4, 5): []})
INSERT INTO boats (a, b) VALUES (now(), uuid())
INSERT INTO boats (a) VALUES (textAsBlob('x'))
INSERT INTO boats (a) VALUES (toTimestamp(now()))
INSERT INTO boats (a) VALUES (harbour.twice(2))
INSERT INTO boats (a) VALUES ((int) ?)
INSERT INTO boats (a) VALUES ((list<int>) [1])
INSERT INTO boats (a) VALUES (1 + 2 * 3)
INSERT INTO boats (a) VALUES (- 2 + 5)
INSERT INTO boats (near) VALUES ([0.5, 0.25, -1])
INSERT INTO boats (key, type, values, "Case", "a""b", "") VALUES (1, 2, 3, 4, 5, 6)
INSERT INTO boats JSON '{"name": "Petrel"}'
INSERT INTO boats JSON ?
INSERT INTO boats JSON :row
INSERT INTO boats JSON '{}' DEFAULT UNSET
INSERT INTO boats JSON '{}' DEFAULT NULL
INSERT INTO boats JSON $$ {"a": 'b'}$$ DEFAULT UNSET IF NOT EXISTS USING TTL 3 AND TIMESTAMP 4
INSERT INTO boats JSON '{}' IF NOT EXISTS
insert into boats(name)values('Petrel')using ttl 3
`,
  update: `
UPDATE boats SET length = 13 WHERE name = 'Petrel'
UPDATE harbour.boats SET length = ?, width = ? WHERE name = ?;
UPDATE boats USING TTL 60 SET length = 13 WHERE name = 'Petrel'
UPDATE boats USING TIMESTAMP 5 SET length = 13 WHERE name = 'Petrel'
UPDATE boats USING TTL ? AND TIMESTAMP ? SET length = 13 WHERE name = 'Petrel'
UPDATE boats SET length = null WHERE name = 'Petrel'
UPDATE visits SET seen = seen + 1 WHERE page = '/'
UPDATE visits SET seen = seen - 1 WHERE page = '/'
UPDATE visits SET seen = seen -1 WHERE page = '/'
UPDATE visits SET seen = seen - -1 WHERE page = '/'
UPDATE visits SET seen = seen + ? WHERE page = ?
UPDATE visits SET seen += 2, left -= 3 WHERE page = '/'
UPDATE visits SET seen += ?, left -= :n WHERE page = '/'
UPDATE crew SET tags = tags + {'a'}, log = log + ['x'] WHERE id = 1
UPDATE crew SET tags = tags - {'a'}, log = log - ['x'], pay = pay - {'y'} WHERE id = 1
UPDATE crew SET log = ['first'] + log WHERE id = 1
UPDATE crew SET log = ? + log WHERE id = 1
UPDATE crew SET pay['x'] = 3 WHERE id = 1
UPDATE crew SET log[0] = 'y', log[?] = ? WHERE id = 1
UPDATE crew SET pay = pay + {'x': 1, 'y': 2} WHERE id = 1
UPDATE crew SET tags += {'a'}, log += ['b'], pay -= {'c'} WHERE id = 1
UPDATE crew SET home.street = 'Quay', home.zip = 1 WHERE id = 1
UPDATE crew SET home = {street: 'Quay'} WHERE id = 1
UPDATE crew SET tags = {}, log = [], pay = null WHERE id = 1
UPDATE boats SET length = 1 + 2, width = 3 * (int) 4 WHERE name = 'x'
UPDATE boats SET at = now() WHERE name = 'x'
UPDATE boats SET at = now() + 2d WHERE name = 'x'
UPDATE boats SET length = 1 WHERE harbour = 'a' AND name IN ('b', 'c')
UPDATE boats SET length = 1 WHERE harbour = 'a' AND (year, name) = (1, 'b')
UPDATE boats SET length = 1 WHERE name = 'x' IF EXISTS
UPDATE boats SET length = 1 WHERE name = 'x' IF length = 2
UPDATE boats SET length = 1 WHERE name = 'x' IF length = 2 AND width > 3 AND depth != null;
UPDATE boats SET length = 1 WHERE name = 'x' IF length IN (1, 2, 3)
UPDATE boats SET length = 1 WHERE name = 'x' IF length IN ?
UPDATE boats SET length = 1 WHERE name = 'x' IF length IN :all AND width IN ()
UPDATE crew SET log[0] = 'a' WHERE id = 1 IF log[0] = 'b' AND pay['x'] IN (1, 2)
UPDATE crew SET home.zip = 1 WHERE id = 1 IF home.zip = 2 AND home.street IN ('a')
UPDATE crew SET at = (1, 'x', 2.0) WHERE id = 1 IF tags CONTAINS 'x' AND pay CONTAINS KEY 'y'
UPDATE boats SET length = 1 WHERE name = 'x' IF exists = 3
UPDATE boats SET key = 1, ttl = 2, timestamp = 3 WHERE type = 4
UPDATE boats SET "Length" = 1 WHERE "Name" = 'x'
`,
  delete: `
DELETE FROM boats WHERE name = 'Petrel'
DELETE FROM harbour.boats WHERE harbour = ? AND name = ?;
DELETE length FROM boats WHERE name = 'Petrel'
DELETE length, width FROM boats WHERE name = 'Petrel'
DELETE pay['x'] FROM crew WHERE id = 1
DELETE log[0], pay[?], home.street, tags FROM crew WHERE id = 1
DELETE FROM boats USING TIMESTAMP 5 WHERE name = 'Petrel'
DELETE length FROM boats USING TIMESTAMP ? WHERE name = 'Petrel'
DELETE FROM boats WHERE harbour = 'a' AND name > 'b' AND name < 'c'
DELETE FROM boats WHERE harbour IN ('a', 'b') AND name IN ?
DELETE FROM boats WHERE harbour = 'a' AND (year, name) > (1, 'x')
DELETE FROM boats WHERE name = 'x' IF EXISTS
DELETE FROM boats WHERE name = 'x' IF length = 3 AND width = ?
DELETE length FROM boats WHERE name = 'x' IF length IN (1, 2)
DELETE mayor FROM boats WHERE harbour = 'a'
DELETE key FROM boats WHERE values = 1
`,
  batch: `
BEGIN BATCH INSERT INTO boats (name) VALUES ('a'); UPDATE boats SET length = 1 WHERE name = 'b'; DELETE FROM boats WHERE name = 'c'; APPLY BATCH
BEGIN BATCH INSERT INTO boats (name) VALUES ('a') UPDATE boats SET length = 1 WHERE name = 'b' APPLY BATCH;
BEGIN UNLOGGED BATCH INSERT INTO boats (name) VALUES (?); INSERT INTO boats (name) VALUES (?); APPLY BATCH
BEGIN COUNTER BATCH UPDATE visits SET seen = seen + 1 WHERE page = 'a'; UPDATE visits SET seen += 2 WHERE page = 'b'; APPLY BATCH;
BEGIN BATCH USING TIMESTAMP 5 INSERT INTO boats (name) VALUES ('a'); APPLY BATCH
BEGIN UNLOGGED BATCH USING TIMESTAMP ? DELETE FROM boats WHERE name = ?; APPLY BATCH
BEGIN BATCH USING TIMESTAMP 5 AND TTL 3 INSERT INTO boats (name) VALUES ('a') APPLY BATCH
BEGIN BATCH APPLY BATCH
begin batch insert into boats (name) values ('a') if not exists; update boats set length = 1 where name = 'a' if length = 2; apply batch
BEGIN BATCH INSERT INTO boats JSON '{}'; DELETE length FROM boats WHERE name = 'x' IF EXISTS; APPLY BATCH
`,
  types: `
CREATE TYPE address (street text, zip int)
CREATE TYPE IF NOT EXISTS harbour.address (street text, zip int, lines list<text>,);
CREATE TYPE phone (country int, number text, tags frozen<set<text>>)
CREATE TYPE person (name text, home frozen<address>, work harbour.address, near vector<float, 2>)
CREATE TYPE odd (key int, type text, "Case" int, list list<int>)
ALTER TYPE address ADD town text
ALTER TYPE IF EXISTS harbour.address ADD IF NOT EXISTS town text
ALTER TYPE address RENAME zip TO code
ALTER TYPE address RENAME IF EXISTS zip TO code AND street TO road
ALTER TYPE address ALTER zip TYPE bigint
DROP TYPE address
DROP TYPE IF EXISTS harbour.address;
`,
  indexes: `
CREATE INDEX ON boats (length)
CREATE INDEX by_length ON boats (length);
CREATE INDEX IF NOT EXISTS by_length ON harbour.boats (length)
CREATE INDEX ON crew (KEYS(pay))
CREATE INDEX ON crew (values(pay))
CREATE INDEX ON crew (ENTRIES(pay))
CREATE INDEX ON crew (FULL(log))
CREATE INDEX ON crew (keys)
CREATE INDEX ON crew (values)
CREATE INDEX "Case" ON boats ("Length")
CREATE INDEX near ON crew (near) USING 'sai'
CREATE INDEX near ON crew (near) USING 'sai' WITH OPTIONS = {'similarity_function': 'DOT_PRODUCT'}
CREATE CUSTOM INDEX ON boats (name) USING 'StorageAttachedIndex'
CREATE CUSTOM INDEX IF NOT EXISTS by_name ON boats (name) USING 'org.example.Index' WITH OPTIONS = {'case_sensitive': 'false', 'normalize': true}
CREATE CUSTOM INDEX both ON boats (name, length) USING 'org.example.Index'
CREATE CUSTOM INDEX whole ON boats () USING 'org.example.Index'
DROP INDEX by_length
DROP INDEX IF EXISTS harbour.by_length;
`,
  views: `
CREATE MATERIALIZED VIEW by_length AS SELECT * FROM boats WHERE name IS NOT NULL AND length IS NOT NULL PRIMARY KEY (length, name)
CREATE MATERIALIZED VIEW IF NOT EXISTS harbour.by_length AS SELECT name, length FROM harbour.boats WHERE name IS NOT NULL AND length IS NOT NULL PRIMARY KEY ((length), name) WITH CLUSTERING ORDER BY (name DESC) AND comment = 'x';
CREATE MATERIALIZED VIEW long AS SELECT harbour, year, name FROM boats WHERE harbour IS NOT NULL AND year > 2000 AND name IS NOT NULL PRIMARY KEY ((year, harbour), name)
CREATE MATERIALIZED VIEW all_of AS SELECT name FROM boats PRIMARY KEY (name)
ALTER MATERIALIZED VIEW by_length WITH comment = 'y' AND gc_grace_seconds = 5
ALTER MATERIALIZED VIEW IF EXISTS harbour.by_length WITH compaction = {'class': 'LeveledCompactionStrategy'}
DROP MATERIALIZED VIEW by_length
DROP MATERIALIZED VIEW IF EXISTS harbour.by_length;
`,
  functions: `
CREATE FUNCTION twice (x int) RETURNS NULL ON NULL INPUT RETURNS int LANGUAGE java AS 'return x * 2;'
CREATE OR REPLACE FUNCTION harbour.twice (x int, y map<text, int>) CALLED ON NULL INPUT RETURNS bigint LANGUAGE java AS $$ return x == null ? 0 : x * 2L; $$;
CREATE FUNCTION IF NOT EXISTS one () CALLED ON NULL INPUT RETURNS int LANGUAGE javascript AS '1'
CREATE FUNCTION "Mixed" (key text, "Y" frozen<address>) CALLED ON NULL INPUT RETURNS frozen<tuple<int, int>> LANGUAGE JAVA AS 'null'
DROP FUNCTION twice
DROP FUNCTION IF EXISTS harbour.twice (int, map<text, int>);
DROP FUNCTION one ()
CREATE AGGREGATE mean (int) SFUNC mean_state STYPE tuple<int, bigint> FINALFUNC mean_final INITCOND (0, 0)
CREATE OR REPLACE AGGREGATE harbour.total (int, text) SFUNC add_up STYPE int;
CREATE AGGREGATE IF NOT EXISTS joined (text) SFUNC join_state STYPE list<text> INITCOND []
CREATE AGGREGATE everything () SFUNC f STYPE int FINALFUNC g
DROP AGGREGATE mean
DROP AGGREGATE IF EXISTS harbour.mean (int);
`,
  triggers: `
CREATE TRIGGER loud ON boats USING 'org.example.Loud'
CREATE TRIGGER IF NOT EXISTS loud ON harbour.boats USING 'org.example.Loud';
DROP TRIGGER loud ON boats
DROP TRIGGER IF EXISTS loud ON harbour.boats
`,
  security: `
CREATE ROLE skipper
CREATE ROLE IF NOT EXISTS skipper WITH PASSWORD = 'secret' AND LOGIN = true;
CREATE ROLE 'Skipper' WITH SUPERUSER = true AND LOGIN = false
CREATE ROLE "Skipper" WITH HASHED PASSWORD = '$2a$10$abc' AND LOGIN = TRUE
CREATE ROLE skipper WITH OPTIONS = {'a': 'b', 'c': 1}
CREATE ROLE skipper WITH GENERATED PASSWORD AND LOGIN = true
CREATE ROLE skipper WITH LOGIN = true AND ACCESS TO DATACENTERS {'north', 'south'}
CREATE ROLE skipper WITH ACCESS TO ALL DATACENTERS AND ACCESS FROM ALL CIDRS
CREATE ROLE skipper WITH ACCESS FROM CIDRS {'office', 'home'}
ALTER ROLE skipper WITH PASSWORD = 'other'
ALTER ROLE IF EXISTS skipper WITH SUPERUSER = false AND ACCESS TO ALL DATACENTERS;
ALTER ROLE skipper WITH OPTIONS = {}
ALTER ROLE skipper
DROP ROLE skipper
DROP ROLE IF EXISTS 'Skipper';
CREATE USER mate
CREATE USER mate WITH PASSWORD 'secret'
CREATE USER IF NOT EXISTS mate WITH PASSWORD 'secret' SUPERUSER
CREATE USER 'Mate' WITH HASHED PASSWORD 'hash' NOSUPERUSER;
CREATE USER Mate SUPERUSER
ALTER USER mate WITH PASSWORD 'other'
ALTER USER IF EXISTS mate SUPERUSER
ALTER USER mate WITH PASSWORD 'x' NOSUPERUSER
DROP USER mate
DROP USER IF EXISTS 'Mate'
LIST USERS
LIST ROLES
LIST ROLES OF skipper
LIST ROLES OF skipper NORECURSIVE;
LIST ROLES NORECURSIVE
LIST SUPERUSERS
GRANT skipper TO mate
GRANT 'Skipper' TO "Mate"
GRANT all TO mate
REVOKE skipper FROM mate;
GRANT ALL ON ALL KEYSPACES TO skipper
GRANT ALL PERMISSIONS ON KEYSPACE harbour TO skipper
GRANT SELECT ON ALL KEYSPACES TO skipper
GRANT SELECT PERMISSION ON harbour.boats TO skipper
GRANT SELECT, MODIFY ON TABLE harbour.boats TO skipper
GRANT MODIFY ON boats TO skipper;
GRANT CREATE ON KEYSPACE harbour TO skipper
GRANT ALTER ON ALL TABLES IN KEYSPACE harbour TO skipper
GRANT DROP PERMISSION, ALTER PERMISSION ON KEYSPACE harbour TO skipper
GRANT AUTHORIZE ON ALL ROLES TO skipper
GRANT DESCRIBE ON ALL ROLES TO skipper
GRANT ALTER ON ROLE mate TO skipper
GRANT EXECUTE ON ALL FUNCTIONS TO skipper
GRANT EXECUTE ON ALL FUNCTIONS IN KEYSPACE harbour TO skipper
GRANT EXECUTE ON FUNCTION harbour.twice(int, map<text, int>) TO skipper
GRANT EXECUTE ON FUNCTION one() TO skipper
GRANT ALL ON ALL MBEANS TO skipper
GRANT SELECT ON MBEAN 'org.apache.cassandra.db:type=Tables,keyspace=harbour' TO skipper
GRANT EXECUTE ON MBEANS 'org.apache.cassandra.db:*' TO skipper
GRANT UNMASK ON TABLE boats TO skipper
GRANT SELECT_MASKED ON KEYSPACE harbour TO skipper
GRANT UNMASK, SELECT_MASKED ON ALL KEYSPACES TO skipper
REVOKE ALL ON ALL KEYSPACES FROM skipper
REVOKE SELECT ON KEYSPACE harbour FROM skipper
REVOKE SELECT, MODIFY ON TABLE harbour.boats FROM 'Skipper';
REVOKE EXECUTE ON FUNCTION harbour.twice(int) FROM skipper
REVOKE AUTHORIZE ON ROLE mate FROM skipper
LIST ALL
LIST ALL PERMISSIONS
LIST ALL PERMISSIONS OF skipper
LIST ALL PERMISSIONS ON harbour.boats OF skipper NORECURSIVE;
LIST SELECT ON KEYSPACE harbour
LIST SELECT PERMISSION ON ALL KEYSPACES OF skipper
LIST SELECT, MODIFY ON boats OF skipper
LIST ALL ON ROLE skipper
ADD IDENTITY 'spiffe://harbour/mate' TO ROLE 'skipper'
ADD IDENTITY IF NOT EXISTS mate TO ROLE skipper;
DROP IDENTITY 'spiffe://harbour/mate'
DROP IDENTITY IF EXISTS mate
`,
  describe: `
DESCRIBE CLUSTER
DESC CLUSTER;
DESCRIBE SCHEMA
DESCRIBE FULL SCHEMA
DESC FULL SCHEMA WITH INTERNALS;
DESCRIBE KEYSPACES
DESCRIBE KEYSPACE
DESCRIBE KEYSPACE harbour
DESCRIBE KEYSPACE harbour WITH INTERNALS
DESCRIBE ONLY KEYSPACE harbour
DESCRIBE ONLY KEYSPACE
DESCRIBE TABLES
DESCRIBE TABLE boats
DESC TABLE harbour.boats WITH INTERNALS
DESC COLUMNFAMILY harbour.boats
DESCRIBE COLUMNFAMILIES
DESCRIBE INDEX by_length
DESCRIBE INDEX harbour.by_length
DESCRIBE MATERIALIZED VIEW harbour.by_length
DESCRIBE TYPES
DESCRIBE TYPE address
DESCRIBE TYPE harbour.address
DESCRIBE FUNCTIONS
DESCRIBE FUNCTION twice
DESCRIBE FUNCTION harbour.twice
DESCRIBE AGGREGATES
DESCRIBE AGGREGATE mean
DESCRIBE AGGREGATE harbour.mean;
DESCRIBE harbour
DESCRIBE harbour.boats
DESC "Harbour"."Boats" WITH INTERNALS
DESC users
`,
  comments: `
SELECT * FROM boats -- all of them
SELECT * FROM boats // all of them
SELECT /* everything */ * FROM /**/ boats;;
/* first */ SELECT a/b, a / b FROM boats; -- last
   SELECT*FROM boats WHERE a=1AND b='x'AND c=?;
SELECT 'not -- a comment', '/* nor this */', $$ // nor this $$ FROM boats
`,
};

export type CorpusRow = { readonly page: string; readonly text: string };
export const corpus: readonly CorpusRow[] = Object.entries(pages).flatMap(([page, text]) =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => ({ page, text: line })),
);
