# A server that closes first, and is started again at once: "Address already in
# use", for its end of the old connection is in TIME-WAIT (no SO_REUSEADDR).
import socket


def serve():
    s = socket.socket()
    s.bind(("127.0.0.1", 3000))
    s.listen(1)
    print("ready", flush=True)
    conn, addr = s.accept()
    conn.sendall(b"Bye\n")
    conn.close()
    s.close()


serve()
try:
    serve()
except OSError as e:
    print(e)
