"""One action of the client matrix with Python's own ftplib: what a script would write."""
import calendar
import fnmatch
import os
import ssl
import sys
import time
from ftplib import FTP, FTP_TLS

action, host, port, user, security, active, *words = sys.argv[1:]
if security == "none":
    ftp = FTP(encoding="utf-8")
else:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    ftp = FTP_TLS(context=context, encoding="utf-8")
ftp.connect(host, int(port), timeout=20)
ftp.login(user, os.environ["FTP_PASSWORD"])
if security != "none":
    ftp.prot_p()
ftp.set_pasv(active != "true")


def put(local, remote):
    with open(local, "rb") as source:
        ftp.storbinary(f"STOR {remote}", source)


def get(remote, local):
    with open(local, "wb") as target:
        ftp.retrbinary(f"RETR {remote}", target.write)


def resume_put(local, remote):
    ftp.voidcmd("TYPE I")
    offset = ftp.size(remote)
    with open(local, "rb") as source:
        source.seek(offset)
        ftp.storbinary(f"STOR {remote}", source, rest=offset)


def resume_get(remote, local):
    with open(local, "ab") as target:
        ftp.retrbinary(f"RETR {remote}", target.write, rest=target.tell())


def show(directory):
    ftp.dir(directory, print)
    for name, facts in ftp.mlsd(directory, ["type", "size", "modify"]):
        print(facts, name)


def put_time(local, remote):
    put(local, remote)
    stamp = time.strftime("%Y%m%d%H%M%S", time.gmtime(os.stat(local).st_mtime))
    ftp.sendcmd(f"MFMT {stamp} {remote}")


def get_time(remote, local):
    get(remote, local)
    stamp = ftp.sendcmd(f"MDTM {remote}")[4:18]
    seconds = calendar.timegm(time.strptime(stamp, "%Y%m%d%H%M%S"))
    os.utime(local, (seconds, seconds))


def get_matching(directory, pattern, folder):
    ftp.cwd(directory)
    for name in ftp.nlst(pattern):
        assert fnmatch.fnmatch(name, pattern), name
        get(name, os.path.join(folder, name))


def break_off(large, small, local):
    ftp.voidcmd("TYPE I")
    data = ftp.transfercmd(f"RETR {large}")
    assert data.recv(1000)
    # As ftplib documents it: ABOR, one reply of its own or 426; then what is left.
    first = ftp.abort()
    data.close()
    if first.startswith("426"):
        ftp.voidresp()
    get(small, local)


def keep_alive(remote, local):
    ftp.voidcmd("TYPE I")
    data = ftp.transfercmd(f"RETR {remote}")
    with open(local, "wb") as target:
        target.write(data.recv(1000))
        for _ in range(3):
            assert ftp.sendcmd("NOOP").startswith("200")
        while block := data.recv(65536):
            target.write(block)
    data.close()
    ftp.voidresp()


{
    "login": lambda: ftp.pwd(),
    "list": show,
    "put": put,
    "get": get,
    "resume_put": resume_put,
    "resume_get": resume_get,
    "rename": ftp.rename,
    "remove": ftp.delete,
    "mkd": ftp.mkd,
    "rmd": ftp.rmd,
    "put_time": put_time,
    "get_time": get_time,
    "chmod": lambda path, mode: ftp.sendcmd(f"SITE CHMOD {mode} {path}"),
    "get_matching": get_matching,
    "break_off": break_off,
    "keep_alive": keep_alive,
}[action](*words)
ftp.quit()
