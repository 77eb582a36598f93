"""Uploads or downloads a tree with Python's own ftplib, plain or under TLS."""
import os
import ssl
import sys
from ftplib import FTP, FTP_TLS

action, host, port, user, tls, remote, local = sys.argv[1:8]
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
ftp = FTP_TLS(context=context, encoding="utf-8") if tls == "true" else FTP(encoding="utf-8")
ftp.connect(host, int(port), timeout=20)
ftp.login(user, os.environ["FTP_PASSWORD"])
if tls == "true":
    ftp.prot_p()


def upload(local_directory, remote_directory):
    ftp.mkd(remote_directory)
    for entry in sorted(os.scandir(local_directory), key=lambda each: each.name):
        target = f"{remote_directory}/{entry.name}"
        if entry.is_dir():
            upload(entry.path, target)
        else:
            with open(entry.path, "rb") as source:
                ftp.storbinary(f"STOR {target}", source)


def download(remote_directory, local_directory):
    os.makedirs(local_directory, exist_ok=True)
    for name, facts in list(ftp.mlsd(remote_directory)):
        if facts["type"] == "dir":
            download(f"{remote_directory}/{name}", os.path.join(local_directory, name))
        elif facts["type"] == "file":
            with open(os.path.join(local_directory, name), "wb") as target:
                ftp.retrbinary(f"RETR {remote_directory}/{name}", target.write)


{"upload": lambda: upload(local, remote), "download": lambda: download(remote, local)}[action]()
ftp.quit()
