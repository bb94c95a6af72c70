# A name server that answers over TCP only what a test asks: any name is
# 192.0.2.1. The system's own resolver asks it (options use-vc).
import socket
import struct

s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", 53))
s.listen(4)
print("ready", flush=True)
conn, addr = s.accept()
conn.settimeout(2)
try:
    while head := conn.recv(2, socket.MSG_WAITALL):
        query = conn.recv(struct.unpack(">H", head)[0], socket.MSG_WAITALL)
        kind = struct.unpack(">H", query[query.index(b"\0", 12) + 1:][:2])[0]
        question = query[12:query.index(b"\0", 12) + 5]
        record = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + bytes([192, 0, 2, 1]) if kind == 1 else b""
        answer = query[:2] + struct.pack(">HHHHH", 0x8180, 1, bool(record), 0, 0) + question + record
        conn.sendall(struct.pack(">H", len(answer)) + answer)
except TimeoutError:
    pass
conn.close()
