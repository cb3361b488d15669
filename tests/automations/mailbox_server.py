"""A mailbox on this machine that speaks as much IMAP as reading it takes (RFC 3501)."""

import re
import socketserver
import threading


class Mailbox:
    """Messages by number from 1; `calls` are the commands that came in."""

    def __init__(self, password: str) -> None:
        self.messages: list[bytes] = []
        self.calls: list[str] = []
        ours = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.wfile.write(b"* OK ready\r\n")
                for line in self.rfile:
                    tag, _, rest = line.decode().strip().partition(" ")
                    ours.calls.append(rest)
                    self.wfile.write(ours.answer(rest, password) + f"{tag} {ours.ended(rest, password)}\r\n".encode())
                    if rest == "LOGOUT":
                        return

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, said: str, password: str) -> bytes:
        if said == "CAPABILITY":
            return b"* CAPABILITY IMAP4rev1\r\n"
        if said.startswith("EXAMINE"):
            return f"* {len(self.messages)} EXISTS\r\n* OK [UIDVALIDITY 7] valid\r\n".encode()
        if found := re.match(r"UID SEARCH UID (\d+):\*", said):
            uids = [n for n in range(1, len(self.messages) + 1) if n >= int(found[1])] or [len(self.messages)]
            return f"* SEARCH {' '.join(str(n) for n in uids if n)}\r\n".encode()
        if found := re.match(r"UID FETCH (\d+) ", said):
            body = self.messages[int(found[1]) - 1]
            return f"* {found[1]} FETCH (UID {found[1]} BODY[]<0> {{{len(body)}}}\r\n".encode() + body + b")\r\n"
        return b"* BYE\r\n" if said == "LOGOUT" else b""

    def ended(self, said: str, password: str) -> str:
        if said.startswith("LOGIN") and password not in said:
            return "NO [AUTHENTICATIONFAILED] wrong"
        return "OK [READ-ONLY] done" if said.startswith("EXAMINE") else "OK done"

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def came_back(message_id: str, address: str, status: str = "5.1.1", action: str = "failed") -> bytes:
    """Return a notification as RFC 3464 wants it, of a mail with this Message-ID."""
    return f"""From: MAILER-DAEMON@mx.example\r
To: billing@us.example\r
Subject: Undelivered Mail Returned to Sender\r
MIME-Version: 1.0\r
Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r
\r
--b\r
Content-Type: text/plain\r
\r
Sorry.\r
--b\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; mx.example\r
\r
Final-Recipient: rfc822; {address}\r
Action: {action}\r
Status: {status}\r
Diagnostic-Code: smtp; 550 no such\r
 user here\r
\r
--b\r
Content-Type: message/rfc822\r
\r
Message-ID: {message_id}\r
Subject: Recordatorio\r
\r
Text\r
--b--\r
""".encode()
