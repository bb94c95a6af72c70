# Accepts, prints the address, ends: the first server that many write.
import socket

s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", 12345))
s.listen(1)
print("ready", flush=True)
conn, addr = s.accept()
print("connected by", addr, flush=True)
