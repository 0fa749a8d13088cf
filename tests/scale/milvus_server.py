"""Becomes a Milvus server: `python milvus_server.py FOLDER PORT [authorised]`, by the Python of build/milvus.

The wheel's own `milvus-server` starts a child and keeps etcd on a fixed port. This one writes the settings,
every port a free one, and then turns into the server: the process id that the caller has is Milvus's, so a
kill meets it alone, and two can run side by side. What was in the folder is there again. Milvus 2.3 cannot be
told to listen on loopback alone: while it runs, it holds nothing but the vectors of a test.
"""

import os
import socket
import sys
from pathlib import Path

import milvus


def a_free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def become_the_server(folder, port, authorised):
    server = milvus.MilvusServer()
    server.set_base_dir(str(folder))
    config = server.config
    for name in config.configurable_items:
        if name.endswith("_port"):
            config.set(name, port if name == "proxy_port" else a_free_port())
    config.set("authorization_enabled", authorised)
    config.write_config()  # and not `resolve`, which refuses the port of a server that has just been killed
    clients, peers = (f"http://127.0.0.1:{n}" for n in (config.get("etcd_port"), a_free_port()))
    etcd, settings = folder / "configs" / "etcd.yaml", folder / "configs" / "milvus.yaml"
    etcd.write_text(
        f"listen-client-urls: {clients}\nadvertise-client-urls: {clients}\nlisten-peer-urls: {peers}\n"
        f"initial-advertise-peer-urls: {peers}\ninitial-cluster: default={peers}\n"
    )
    text = settings.read_text().replace("\netcd:\n", f"\netcd:\n  config:\n    path: {etcd}\n")
    text = text.replace("localhost:", "127.0.0.1:").replace("checkInterval: 1000", "checkInterval: 100")
    text = text.replace("distPullInterval: 500", "distPullInterval: 100")  # loads sooner
    settings.write_text(text.replace("ttl: 30", "ttl: 5"))  # and a dead server's lease ends sooner
    home = Path(sys.prefix) / "server"  # unpacked once, for all folders
    milvus._initialize_data_files(str(home))
    program = str(home / "bin" / "milvus")
    os.environ |= {"DEPLOY_MODE": "STANDALONE", "METRICS_PORT": str(a_free_port()),
                   "MILVUS_RUN_DIR": str(folder / "run"), "LD_LIBRARY_PATH": str(home / "bin")}  # fmt: skip
    log = os.open(folder / "server.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.chdir(folder)
    os.execv(program, [program, "run", "standalone"])


if __name__ == "__main__":
    become_the_server(Path(sys.argv[1]).resolve(), int(sys.argv[2]), sys.argv[3:] == ["authorised"])
