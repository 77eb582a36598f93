"""The load client of `npm run bench -- ftp`: one command in JSON on a line of stdin, one answer on a line of stdout.

Python and not Node: blocking sockets cost some 50 us for a small file, the same for each server, and no event loop of
the client's own stands beside the one that is measured. Concurrency is by processes.
"""
import json
import os
import socket
import ssl
import sys
import time

BLOCK = bytes(os.urandom(4096)) * 256
INTO = bytearray(1 << 20)


def tls_context():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


CONTEXT = tls_context()


class Session:
    def __init__(self, target, login=True):
        self.tls = target.get("tls", False)
        self.host = target["host"]
        self.socket = socket.create_connection((self.host, target["port"]), timeout=120)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.pending = b""
        self.expect(b"220")
        if self.tls:
            self.command(b"AUTH TLS", b"234")
            self.socket = CONTEXT.wrap_socket(self.socket)
        if login:
            self.send(b"USER " + target["user"].encode())
            if self.reply()[:1] == b"3":
                self.command(b"PASS " + target["password"].encode(), b"230")
            if self.tls:
                self.command(b"PBSZ 0", b"200")
                self.command(b"PROT P", b"200")
            self.command(b"TYPE I", b"200")

    def send(self, line):
        self.socket.sendall(line + b"\r\n")

    def line(self):
        while True:
            at = self.pending.find(b"\n")
            if at >= 0:
                line, self.pending = self.pending[: at + 1], self.pending[at + 1 :]
                return line
            got = self.socket.recv(8192)
            if not got:
                raise EOFError("control connection ended")
            self.pending += got

    def reply(self):
        line = self.line()
        if line[3:4] == b"-":
            code = line[:3] + b" "
            while not line.startswith(code):
                line = self.line()
        return line

    def expect(self, code):
        line = self.reply()
        if not line.startswith(code):
            raise RuntimeError(f"wanted {code.decode()}: got {line!r}")
        return line

    def command(self, line, code):
        self.send(line)
        return self.expect(code)

    def data(self):
        line = self.command(b"EPSV", b"229")
        port = int(line.split(b"|||")[1].split(b"|")[0])
        return socket.create_connection((self.host, port), timeout=120)

    def secured(self, data):
        return CONTEXT.wrap_socket(data, session=self.socket.session) if self.tls else data

    def farewell(self, data):
        """Our close_notify, without waiting for the server's: not all send one, and vsftpd waits for ours before 226."""
        if not self.tls:
            return
        data.setblocking(False)
        try:
            data.unwrap()
        except (ssl.SSLError, OSError):
            pass

    def store(self, path, size):
        data = self.data()
        self.send(b"STOR " + path)
        self.expect(b"150")
        data = self.secured(data)
        block = memoryview(BLOCK)
        left = size
        while left > 0:
            part = block[: min(left, len(BLOCK))]
            data.sendall(part)
            left -= len(part)
        self.farewell(data)
        if data.fileno() >= 0:
            try:
                data.shutdown(socket.SHUT_WR)
            except OSError:
                pass
        self.expect(b"226")
        data.close()

    def fetch(self, command, size=None):
        """Bytes received; lines counted when the size is not known."""
        data = self.data()
        self.send(command)
        self.expect(b"1")
        data = self.secured(data)
        total = lines = 0
        while True:
            got = data.recv_into(INTO)
            if got == 0:
                break
            total += got
            if size is None:
                lines += INTO.count(b"\n", 0, got)
        self.farewell(data)
        # At the end, as ftplib and curl do: vsftpd lingers in close until our side has acknowledged its last byte, and
        # the kernel takes its time (40 ms) for an acknowledgement that nothing goes along with.
        data.close()
        self.expect(b"226")
        if size is not None and total != size:
            raise RuntimeError(f"{command!r}: wanted {size} bytes, got {total}")
        return lines

    def quit(self):
        self.send(b"QUIT")
        self.expect(b"221")
        self.socket.close()


def sync(folder, name):
    file = os.open(os.path.join(folder, name), os.O_RDONLY)
    os.fsync(file)
    os.close(file)


def in_parallel(count, prepare, work):
    """`work` in `count` processes, each prepared before the clock starts; seconds until the last has ended."""
    ready_out, ready_in = os.pipe()
    go_out, go_in = os.pipe()
    children = []
    for index in range(count):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                state = prepare(index)
                os.write(ready_in, b"r")
                os.read(go_out, 1)
                work(state, index)
                status = 0
            except BaseException as error:
                print(repr(error), file=sys.stderr, flush=True)
            finally:
                os._exit(status)
        children.append(child)
    os.close(ready_in)
    os.close(go_out)
    for _ in range(count):
        if os.read(ready_out, 1) == b"":
            raise RuntimeError("a client could not begin")
    begin = time.perf_counter()
    os.write(go_in, b"g" * count)
    failed = [child for child in children if os.waitpid(child, 0)[1] != 0]
    seconds = time.perf_counter() - begin
    os.close(ready_out)
    os.close(go_in)
    if failed:
        raise RuntimeError(f"{len(failed)} clients failed")
    return seconds


def small(request, each):
    count = request["count"] // request["connections"]

    def work(session, index):
        for at in range(index * count, (index + 1) * count):
            each(session, at)

    return in_parallel(request["connections"], lambda _: Session(request), work)


def store_small(request):
    folder = request.get("folder")

    def each(session, at):
        name = f"small-{at}"
        session.store((request["dir"] + name).encode(), request["size"])
        if folder:
            sync(folder, name)

    return small(request, each)


def fetch_small(request):
    def each(session, at):
        session.fetch(b"RETR " + f"{request['dir']}small-{at}".encode(), request["size"])

    return small(request, each)


def store(request):
    session = Session(request)
    begin = time.perf_counter()
    session.store((request["dir"] + request["name"]).encode(), request["size"])
    if request.get("folder"):
        sync(request["folder"], request["name"])
    seconds = time.perf_counter() - begin
    session.quit()
    return seconds


def fetch(request):
    session = Session(request)
    begin = time.perf_counter()
    session.fetch(b"RETR " + (request["dir"] + request["name"]).encode(), request["size"])
    seconds = time.perf_counter() - begin
    session.quit()
    return seconds


def listing(request):
    """Median of some listings on one connection; "changed": each of a directory that has just changed."""
    session = Session(request)
    command = request["command"].encode()
    session.command(b"CWD " + request["path"].encode(), b"250")
    times = []
    for _ in range(request["times"]):
        if request.get("changed"):
            session.command(b"MKD changed", b"257")
            session.command(b"RMD changed", b"250")
        begin = time.perf_counter()
        lines = session.fetch(command)
        times.append(time.perf_counter() - begin)
        if not request["entries"] <= lines <= request["entries"] + 4:
            raise RuntimeError(f"{request['command']}: wanted {request['entries']} lines, got {lines}")
    session.quit()
    return sorted(times)[len(times) // 2]


def fill(request):
    """A directory of empty files, stored by several clients."""
    count = request["count"] // request["connections"]
    session = Session(request)
    session.command(b"MKD " + (request["dir"] + request["path"]).encode(), b"257")
    session.quit()

    def work(each, index):
        for at in range(index * count, (index + 1) * count):
            each.store(f"{request['dir']}{request['path']}/small-{at}".encode(), 0)

    return in_parallel(request["connections"], lambda _: Session(request), work)


def logins(request):
    count = request["count"] // request["connections"]

    def work(_, __):
        for _ in range(count):
            Session(request).quit()

    return in_parallel(request["connections"], lambda _: None, work)


HELD = []


def hold(request):
    """Sessions that stay until `release`."""
    for _ in range(request["count"]):
        HELD.append(Session(request))
    return len(HELD)


def release(_):
    for session in HELD:
        session.socket.close()
    HELD.clear()
    return 0


OPERATIONS = {
    "store": store,
    "fetch": fetch,
    "storeSmall": store_small,
    "fetchSmall": fetch_small,
    "fill": fill,
    "list": listing,
    "logins": logins,
    "hold": hold,
    "release": release,
}
for text in sys.stdin:
    wanted = json.loads(text)
    try:
        answer = {"value": OPERATIONS[wanted["op"]](wanted)}
    except Exception as error:  # Told to the bench, which ends.
        answer = {"error": f"{wanted['op']}: {error!r}"}
    print(json.dumps(answer), flush=True)
