"""The refusal of the control pages."""


class ControlError(Exception):
    """A request that the control pages refuse, with a status and a sentence."""

    def __init__(self, status: int, sentence: str):
        super().__init__(sentence)
        self.status = status
