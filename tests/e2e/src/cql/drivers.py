"""Checks by the stock Python driver: `drivers.py PORT VERSION`. One JSON line for each check: its name, and what failed or null."""
import datetime
import decimal
import ipaddress
import json
import sys
import threading
import traceback
import uuid

from cassandra import AlreadyExists, ConsistencyLevel, InvalidRequest
from cassandra.cluster import Cluster, EXEC_PROFILE_DEFAULT, ExecutionProfile
from cassandra.protocol import SyntaxException
from cassandra.query import (
    BatchStatement,
    BatchType,
    SimpleStatement,
    UNSET_VALUE,
)
from cassandra.util import Date, Duration, OrderedMapSerializedKey, SortedSet, Time

port, version, compression = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
keyspace = f"py_{version}_{compression}"
TIMEOUT_S = 20


def connect(**more):
    return Cluster(
        ["127.0.0.1"],
        port=port,
        protocol_version=version,
        compression=False if compression == "none" else compression,
        connect_timeout=TIMEOUT_S,
        execution_profiles={EXEC_PROFILE_DEFAULT: ExecutionProfile(request_timeout=TIMEOUT_S)},
        schema_event_refresh_window=0,
        **more,
    )


cluster = connect()
session = cluster.connect()
session.execute(
    f"CREATE KEYSPACE {keyspace} WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': 1}}"
)
session.set_keyspace(keyspace)
checks = []


def check(body):
    checks.append(body)
    return body


def same(found, wanted):
    assert found == wanted, f"found {found!r}, wanted {wanted!r}"


def raises(kind, part, body):
    try:
        body()
    except kind as error:
        assert part in str(error), f"{part!r} is not in {error}"
        return error
    raise AssertionError(f"no {kind.__name__}")


def rows(text, values=None):
    return [tuple(row) for row in session.execute(text, values)]


@check
def metadata():
    same(cluster.metadata.cluster_name, "Skerry")
    same(cluster.metadata.partitioner, "org.apache.cassandra.dht.Murmur3Partitioner")
    host = cluster.metadata.all_hosts()[0]
    same((host.datacenter, host.rack, host.is_up), ("datacenter1", "rack1", True))
    assert host.release_version.startswith("5.0"), host.release_version
    session.execute("CREATE TABLE meta (a int, b text, c int, s int static, PRIMARY KEY ((a, b), c)) WITH CLUSTERING ORDER BY (c DESC)")
    session.execute("CREATE INDEX meta_s ON meta (c)")
    session.execute("CREATE TYPE pair (a int, b frozen<list<text>>)")
    table = cluster.metadata.keyspaces[keyspace].tables["meta"]
    same([column.name for column in table.partition_key], ["a", "b"])
    same([column.name for column in table.clustering_key], ["c"])
    assert table.columns["s"].is_static and table.columns["c"].is_reversed
    assert "meta_s" in table.indexes, table.indexes
    assert "CREATE TABLE" in table.export_as_string()
    assert cluster.metadata.keyspaces[keyspace].user_types["pair"].field_names == ["a", "b"]
    assert cluster.metadata.token_map is not None and len(cluster.metadata.token_map.ring) > 0


TYPES = {
    "ascii": ["", "asc", "~"],
    "bigint": [0, -1, 2**63 - 1, -(2**63)],
    "blob": [b"", b"\x00\xff"],
    "boolean": [True, False],
    "date": [Date(0), Date(-1), Date(datetime.date(2024, 2, 29))],
    "decimal": [decimal.Decimal("0"), decimal.Decimal("-12.3450"), decimal.Decimal("1E+20")],
    "double": [0.0, -1.5, float("inf")],
    "duration": [Duration(0, 0, 0), Duration(14, 3, 10**15), Duration(-1, -2, -3)],
    "float": [0.5, float("-inf")],
    "inet": ["127.0.0.1", "::1", "2001:db8::ff00:42:8329"],
    "int": [0, 2**31 - 1, -(2**31)],
    "smallint": [0, 32767, -32768],
    "text": ["", "h\u00e9\u4e16\U0001f600"],
    "time": [Time(0), Time(86399999999999)],
    "timestamp": [datetime.datetime(1969, 12, 31, 23, 59, 59, 999000), datetime.datetime(2038, 1, 19)],
    "timeuuid": [uuid.UUID("50554d6e-29bb-11e5-b345-feff819cdc9f")],
    "tinyint": [0, 127, -128],
    "uuid": [uuid.UUID(int=0), uuid.UUID(int=2**128 - 1)],
    "varchar": ["x"],
    "varint": [0, 127, 128, -129, 2**200],
    "list<int>": [[3, 1, 3]],
    "set<text>": [SortedSet(["a", "b"])],
    "map<text, int>": [{"a": 1, "b": 2}],
    "frozen<list<int>>": [[], [1]],
    "frozen<set<int>>": [SortedSet([]), SortedSet([1, 2])],
    "frozen<map<int, text>>": [{}, {1: "x"}],
    "tuple<int, text, double>": [(1, "a", 0.5), (None, None, None)],
    "frozen<tuple<int, frozen<list<text>>>>": [(1, ["x"])],
    "list<frozen<map<text, frozen<set<int>>>>>": [[{"a": SortedSet([1])}]],
    "map<frozen<tuple<int, int>>, frozen<list<int>>>": [{(1, 2): [3]}],
}


def plain(value):
    if isinstance(value, OrderedMapSerializedKey):
        return {plain(k): plain(v) for k, v in value.items()}
    if isinstance(value, dict):
        return {plain(k): plain(v) for k, v in value.items()}
    if isinstance(value, (SortedSet, set)):
        return sorted(plain(v) for v in value)
    if isinstance(value, list):
        return [plain(v) for v in value]
    if isinstance(value, tuple):
        return tuple(plain(v) for v in value)
    if isinstance(value, (ipaddress.IPv4Address, ipaddress.IPv6Address)):
        return str(value)
    return value


@check
def every_type():
    for i, (name, values) in enumerate(TYPES.items()):
        session.execute(f"CREATE TABLE t{i} (id int PRIMARY KEY, v {name})")
        write = session.prepare(f"INSERT INTO t{i} (id, v) VALUES (?, ?)")
        read = session.prepare(f"SELECT v FROM t{i} WHERE id = ?")
        for j, value in enumerate([*values, None]):
            session.execute(write, (j, value))
            found = plain(session.execute(read, (j,)).one()[0])
            assert found == plain(value), f"{name}: found {found!r}, wanted {value!r}"
            # The driver writes tuples as lists, and durations not at all.
            if value is None or name == "duration" or "tuple" in name:
                continue
            # As a literal, and back without a prepared statement.
            session.execute(f"INSERT INTO t{i} (id, v) VALUES (%s, %s)", (100 + j, value if name != "blob" else bytearray(value)))
            found = plain(session.execute(f"SELECT v FROM t{i} WHERE id = %s", (100 + j,)).one()[0])
            assert found == plain(value), f"{name} as a literal: found {found!r}, wanted {value!r}"


@check
def every_type_as_a_key():
    for i, (name, values) in enumerate(TYPES.items()):
        if name == "duration" or (not name.startswith("frozen") and "<" in name and not name.startswith("tuple")):
            continue
        session.execute(f"CREATE TABLE ck{i} (k int, c {name}, v int, PRIMARY KEY (k, c))")
        session.execute(f"CREATE TABLE pk{i} (k {name} PRIMARY KEY, v int)")
        cluster_row = session.prepare(f"INSERT INTO ck{i} (k, c, v) VALUES (1, ?, ?)")
        partition = session.prepare(f"INSERT INTO pk{i} (k, v) VALUES (?, ?)")
        one = session.prepare(f"SELECT v FROM pk{i} WHERE k = ?")
        for j, value in enumerate(values):
            session.execute(cluster_row, (value, j))
            if isinstance(value, (str, bytes)) and not value:
                raises(InvalidRequest, "Key may not be empty", lambda v=value: session.execute(partition, (v, j)))
                continue
            session.execute(partition, (value, j))
            same(session.execute(one, (value,)).one()[0], j)
        same(len(rows(f"SELECT * FROM ck{i} WHERE k = 1")), len(values))
        # Only in the order of values for what Python orders alike.
        if name in ("bigint", "int", "smallint", "tinyint", "varint", "decimal", "double", "float", "text", "blob", "timestamp"):
            same([row[0] for row in rows(f"SELECT c FROM ck{i} WHERE k = 1")], sorted(values))
            same([row[0] for row in rows(f"SELECT c FROM ck{i} WHERE k = 1 ORDER BY c DESC")], sorted(values, reverse=True))


@check
def null_unset_and_empty():
    session.execute("CREATE TABLE nue (id int PRIMARY KEY, a int, b text, c list<int>)")
    write = session.prepare("INSERT INTO nue (id, a, b, c) VALUES (?, ?, ?, ?)")
    session.execute(write, (1, 2, "x", [1]))
    if version >= 4:
        session.execute(write, (1, UNSET_VALUE, UNSET_VALUE, UNSET_VALUE))
        same(rows("SELECT a, b, c FROM nue WHERE id = 1"), [(2, "x", [1])])
        session.execute("CREATE TABLE nue_c (id int, c int, PRIMARY KEY (id, c))")
        keyed = session.prepare("INSERT INTO nue_c (id, c) VALUES (1, ?)")
        raises(InvalidRequest, "unset", lambda: session.execute(keyed, (UNSET_VALUE,)))
    session.execute(write, (1, None, "", []))
    same(rows("SELECT a, b, c FROM nue WHERE id = 1"), [(None, "", None)])
    raises(InvalidRequest, "null", lambda: session.execute(write, (None, 1, "", [])))


@check
def prepared():
    session.execute("CREATE TABLE prep (a int, b int, c text, PRIMARY KEY (a, b))")
    write = session.prepare("INSERT INTO prep (a, b, c) VALUES (:a, :b, :c)")
    session.execute(write, {"a": 1, "b": 2, "c": "named"})
    session.execute(write, (1, 3, "positional"))
    same(write.routing_key_indexes, [0] if version >= 4 else write.routing_key_indexes)
    same(rows("SELECT b, c FROM prep WHERE a = 1"), [(2, "named"), (3, "positional")])
    same(rows("SELECT b FROM prep WHERE a = %(a)s AND b > %(b)s", {"a": 1, "b": 2}), [(3,)])
    several = session.prepare("SELECT c FROM prep WHERE a = ? AND b IN ?")
    same([tuple(row) for row in session.execute(several, (1, [2, 3]))], [("named",), ("positional",)])
    limited = session.prepare("SELECT c FROM prep WHERE a = ? LIMIT ?")
    same([tuple(row) for row in session.execute(limited, (1, 1))], [("named",)])
    star = session.prepare("SELECT * FROM prep WHERE a = 1 AND b = 2")
    same(tuple(session.execute(star).one()), (1, 2, "named"))
    session.execute("ALTER TABLE prep ADD d int")
    found = session.execute(star).one()
    same(tuple(found)[:3], (1, 2, "named"))
    if version >= 5:
        same(tuple(found), (1, 2, "named", None))
    raises(InvalidRequest, "nowhere", lambda: session.prepare("SELECT * FROM nowhere"))
    raises(SyntaxException, "line 1:", lambda: session.prepare("SELECT FROM WHERE"))


@check
def unprepared_is_prepared_again():
    session.execute("CREATE TABLE again (a int PRIMARY KEY, b int)")
    write = session.prepare("INSERT INTO again (a, b) VALUES (?, ?)")
    session.execute("ALTER TABLE again ADD c int")
    session.execute(write, (1, 2))
    session.execute("DROP TABLE again")
    session.execute("CREATE TABLE again (a int PRIMARY KEY, b int)")
    session.execute(write, (1, 3))
    same(rows("SELECT a, b FROM again"), [(1, 3)])


@check
def paging():
    session.execute("CREATE TABLE pages (a int, b int, c text, PRIMARY KEY (a, b))")
    write = session.prepare("INSERT INTO pages (a, b, c) VALUES (?, ?, ?)")
    wanted = set()
    futures = []
    for a in range(20):
        for b in range(50):
            futures.append(session.execute_async(write, (a, b, "x" * b)))
            wanted.add((a, b))
    for future in futures:
        future.result()
    for size in (1, 7, 50, 999, 1000, 5000):
        found = [(row.a, row.b) for row in session.execute(SimpleStatement("SELECT a, b FROM pages", fetch_size=size))]
        same(len(found), 1000)
        same(set(found), wanted)
    one = SimpleStatement("SELECT b FROM pages WHERE a = 3 ORDER BY b DESC", fetch_size=7)
    same([row.b for row in session.execute(one)], list(range(49, -1, -1)))
    same(len(list(session.execute(SimpleStatement("SELECT b FROM pages LIMIT 333", fetch_size=10)))), 333)
    first = session.execute(SimpleStatement("SELECT b FROM pages WHERE a = 4", fetch_size=10))
    state = first.paging_state
    same([row.b for row in first.current_rows], list(range(10)))
    next_page = session.execute(SimpleStatement("SELECT b FROM pages WHERE a = 4", fetch_size=10), paging_state=state)
    same([row.b for row in next_page.current_rows], list(range(10, 20)))
    assert session.execute("SELECT count(*) FROM pages").one()[0] == 1000


@check
def batches():
    session.execute("CREATE TABLE bat (a int PRIMARY KEY, b int)")
    write = session.prepare("INSERT INTO bat (a, b) VALUES (?, ?)")
    for kind in (BatchType.LOGGED, BatchType.UNLOGGED):
        batch = BatchStatement(batch_type=kind)
        for i in range(20):
            batch.add(write, (i, i))
        batch.add(SimpleStatement("INSERT INTO bat (a, b) VALUES (%s, %s)"), (100, 1))
        batch.add("DELETE FROM bat WHERE a = 5")
        session.execute(batch)
        same(session.execute("SELECT count(*) FROM bat").one()[0], 20)
        session.execute("TRUNCATE bat")
    session.execute("BEGIN BATCH USING TIMESTAMP 5 INSERT INTO bat (a, b) VALUES (1, 1); UPDATE bat SET b = 2 WHERE a = 2; APPLY BATCH")
    same(sorted(rows("SELECT a, b, writetime(b) FROM bat")), [(1, 1, 5), (2, 2, 5)])


@check
def lightweight_transactions():
    session.execute("CREATE TABLE lwt (a int, b int, c text, s int static, PRIMARY KEY (a, b))")
    first = session.execute("INSERT INTO lwt (a, b, c) VALUES (1, 1, 'x') IF NOT EXISTS")
    assert first.was_applied
    second = session.execute("INSERT INTO lwt (a, b, c) VALUES (1, 1, 'y') IF NOT EXISTS")
    assert not second.was_applied
    same(second.one()._asdict(), {"applied": False, "a": 1, "b": 1, "s": None, "c": "x"})
    update = session.prepare("UPDATE lwt SET c = ? WHERE a = 1 AND b = 1 IF c = ?")
    assert session.execute(update, ("z", "x")).was_applied
    assert not session.execute(update, ("q", "x")).was_applied
    batch = BatchStatement()
    batch.add(SimpleStatement("INSERT INTO lwt (a, b) VALUES (1, 2) IF NOT EXISTS"))
    batch.add(SimpleStatement("UPDATE lwt SET s = 7 WHERE a = 1 IF s = null"))
    assert session.execute(batch).was_applied
    same(rows("SELECT b, c, s FROM lwt WHERE a = 1"), [(1, "z", 7), (2, None, 7)])
    assert session.execute("DELETE FROM lwt WHERE a = 1 AND b = 2 IF EXISTS").was_applied
    serial = SimpleStatement(
        "SELECT c FROM lwt WHERE a = 1 AND b = 1", consistency_level=ConsistencyLevel.SERIAL
    )
    same(session.execute(serial).one()[0], "z")


@check
def counters():
    session.execute("CREATE TABLE cnt (a int, b int, n counter, m counter, PRIMARY KEY (a, b))")
    add = session.prepare("UPDATE cnt SET n = n + ? WHERE a = ? AND b = ?")
    futures = [session.execute_async(add, (i, 1, 1)) for i in range(100)]
    for future in futures:
        future.result()
    batch = BatchStatement(batch_type=BatchType.COUNTER)
    batch.add(add, (-50, 1, 1))
    batch.add(SimpleStatement("UPDATE cnt SET m = m - 1 WHERE a = 1 AND b = 1"))
    session.execute(batch)
    same(rows("SELECT n, m FROM cnt"), [(4900, -1)])
    raises(InvalidRequest, "counter", lambda: session.execute("INSERT INTO cnt (a, b, n) VALUES (1, 1, 1)"))


@check
def collections():
    session.execute("CREATE TABLE coll (a int PRIMARY KEY, l list<text>, s set<int>, m map<text, int>)")
    run = session.execute
    run("INSERT INTO coll (a, l, s, m) VALUES (1, %s, %s, %s)", (["b"], {2}, {"x": 1}))
    run("UPDATE coll SET l = l + ['c'], s = s + {3}, m = m + {'y': 2} WHERE a = 1")
    run("UPDATE coll SET l = ['a'] + l, s = s - {2}, m = m - {'x'} WHERE a = 1")
    run("UPDATE coll SET l[1] = 'B', m['z'] = 3 WHERE a = 1")
    found = run("SELECT l, s, m FROM coll").one()
    same((found.l, set(found.s), dict(found.m)), (["a", "B", "c"], {3}, {"y": 2, "z": 3}))
    run("DELETE l[0], m['y'] FROM coll WHERE a = 1")
    same(rows("SELECT l, m['z'] FROM coll"), [(["B", "c"], 3)])
    add = session.prepare("UPDATE coll SET l = l + ?, s = s + ?, m = m + ? WHERE a = ?")
    run(add, (["d"], {9}, {"q": 4}, 1))
    same(plain(run("SELECT s FROM coll").one()[0]), [3, 9])


@check
def user_types_and_tuples():
    session.execute("CREATE TYPE street (name text, number int)")
    session.execute("CREATE TYPE address (street frozen<street>, tags frozen<set<text>>, place tuple<double, double>)")
    session.execute("CREATE TABLE people (a int PRIMARY KEY, home frozen<address>, now address, others list<frozen<address>>)")
    write = session.prepare("INSERT INTO people (a, home, now, others) VALUES (?, ?, ?, ?)")

    class Street:
        def __init__(self, name, number):
            self.name, self.number = name, number

        def __eq__(self, other):
            return (self.name, self.number) == (other.name, other.number)

    cluster.register_user_type(keyspace, "street", Street)
    home = (Street("s", 1), {"t"}, (1.0, 2.0))
    session.execute(write, (1, home, home, [home]))
    found = session.execute("SELECT * FROM people").one()
    for each in (found.home, found.now, found.others[0]):
        same((each.street, set(each.tags), each.place), home)
    session.execute("UPDATE people SET now.tags = {'u'} WHERE a = 1")
    same(rows("SELECT now.tags, home.street.number FROM people"), [(SortedSet(["u"]), 1)])
    session.execute("ALTER TYPE street ADD zip text")
    same(session.execute("SELECT home.street.zip FROM people").one()[0], None)


@check
def schema_events():
    seen = threading.Event()
    kinds = []

    def on_event(event):
        kinds.append((event["change_type"], event["target_type"], event.get("table") or event.get("type") or event["keyspace"]))
        if event.get("table") == "gone" and event["change_type"] == "DROPPED":
            seen.set()

    other = connect()
    listener = other.connect()
    control = other.control_connection._connection
    control.register_watchers({"SCHEMA_CHANGE": on_event}, register_timeout=TIMEOUT_S)
    session.execute("CREATE TABLE gone (a int PRIMARY KEY)")
    session.execute("ALTER TABLE gone ADD b int")
    session.execute("CREATE TYPE seen (a int)")
    session.execute("DROP TABLE gone")
    assert seen.wait(TIMEOUT_S), kinds
    same(
        [kind for kind in kinds if kind[2] in ("gone", "seen")],
        [("CREATED", "TABLE", "gone"), ("UPDATED", "TABLE", "gone"), ("CREATED", "TYPE", "seen"), ("DROPPED", "TABLE", "gone")],
    )
    del listener
    other.shutdown()


@check
def warnings():
    session.execute("CREATE TABLE tr (a int PRIMARY KEY, b int)")
    session.execute("INSERT INTO tr (a, b) VALUES (1, 2)")
    if version >= 4:
        counted = session.execute_async("SELECT count(*) FROM tr")
        counted.result()
        assert counted.warnings and "Aggregation query used without partition key" in counted.warnings[0], counted.warnings


@check
def errors():
    raises(AlreadyExists, "", lambda: session.execute("CREATE TABLE tr (a int PRIMARY KEY)"))
    raises(InvalidRequest, "table no_such_table does not exist", lambda: session.execute("SELECT * FROM no_such_table"))
    raises(InvalidRequest, "ALLOW FILTERING", lambda: session.execute("SELECT * FROM tr WHERE b = 1"))
    raises(SyntaxException, "no viable alternative", lambda: session.execute("SELEC * FROM tr"))


@check
def large_values():
    session.execute("CREATE TABLE large (a int PRIMARY KEY, b blob)")
    write = session.prepare("INSERT INTO large (a, b) VALUES (?, ?)")
    for i, size in enumerate((0, 1, 65_535, 131_071, 131_072, 1_000_000, 3_000_000)):
        value = bytes((j * 7) & 255 for j in range(997)) * (size // 997 + 1)
        session.execute(write, (i, value[:size]))
        same(session.execute("SELECT b FROM large WHERE a = %s", (i,)).one()[0], value[:size])


failed = 0
for body in checks:
    try:
        body()
        fault = None
    except BaseException:
        fault = traceback.format_exc(limit=4)
        failed += 1
    print(json.dumps({"check": body.__name__, "fault": fault}), flush=True)
cluster.shutdown()
