from tests.governance.estate import estate

__all__ = ["estate"]
