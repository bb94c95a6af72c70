# The server speaks first: asks for a name, greets, closes.
import socket

s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", 8080))
s.listen(1)
print("ready", flush=True)
conn, addr = s.accept()
conn.send(b"What's your name? ")
name = conn.recv(256)
conn.send(b"Hello " + name)
conn.close()
