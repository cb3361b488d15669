"""How a vendor can fail, told apart by whether something may have happened. The texts are for the user."""


class VendorError(Exception):
    """A vendor did not do what was asked. The text is for the user: who, what, what to do."""

    def __init__(self, vendor: str, message: str, status: int | None = None) -> None:
        super().__init__(f"{vendor}: {message}")
        self.vendor, self.status = vendor, status


class Refused(VendorError):
    """A clear no (4xx): nothing happened; it may be sent again once mended."""


class Unsure(VendorError):
    """No clear answer (time-out, 5xx, cut): it may have happened. Look before sending again."""


class Unauthorised(Refused):
    """The credential is wrong or expired: the vendor stops until it is mended."""


class MissingRight(Refused):
    """The credential works but lacks a right, which the message names."""


class Unreachable(VendorError):
    """A read got no usable answer after all its attempts."""
