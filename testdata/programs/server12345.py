# The first socket server of every Python course: accepts one client, reads a
# line, answers, closes.
import socket

s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", 12345))
s.listen(1)
print("ready", flush=True)
conn, addr = s.accept()
print("connected by", addr, flush=True)
print(conn.recv(1024), flush=True)
conn.sendall(b"Hello Client")
conn.close()
s.close()
