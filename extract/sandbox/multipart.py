"""Parts of a multipart form body."""

import re
from email.message import Message


def parts(content_type: str, body: bytes) -> dict[str, tuple[str | None, bytes]]:
    """Return (file name or None, content) of each named part; empty when the body is not multipart."""
    message = Message()
    message["content-type"] = content_type
    boundary = message.get_param("boundary")
    if not isinstance(boundary, str):
        return {}
    found: dict[str, tuple[str | None, bytes]] = {}
    for part in body.split(b"--" + boundary.encode())[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        text = head.decode("utf-8", "replace")
        name = re.search(r'\bname="?([^";\r\n]+)"?', text)
        file_name = re.search(r'\bfilename="?([^";\r\n]+)"?', text)
        if name:
            found[name[1]] = file_name[1] if file_name else None, content.removesuffix(b"\r\n")
    return found
