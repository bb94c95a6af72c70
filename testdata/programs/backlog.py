# listen(1), and one client served at a time.
import socket, time

s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", 12345))
s.listen(1)
print("ready", flush=True)
conn, addr = s.accept()
time.sleep(5)
conn.close()
