# Reads until the client has closed its direction, answers then: a half-close
# put to use.
import socket
import time

s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", 3000))
s.listen(1)
print("ready", flush=True)
conn, addr = s.accept()
text = b""
while data := conn.recv(256):
    text += data
time.sleep(0.5)
conn.sendall(text.upper())
conn.close()
