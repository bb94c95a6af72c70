# A mail server that takes one message, and smtplib as its client.
import asyncore
import smtplib
import smtpd
import sys
import threading
import warnings


class Server(smtpd.SMTPServer):
    def process_message(self, *args, **kwargs):
        pass


server = Server(("127.0.0.1", 2525), None)
threading.Thread(target=asyncore.loop, kwargs={"timeout": 0.1}, daemon=True).start()
with smtplib.SMTP("127.0.0.1", 2525, local_hostname="client.example") as mail:
    mail.sendmail("alice@example.org", ["bob@example.org"], "Subject: Hello\r\n\r\nWorld\r\n")
