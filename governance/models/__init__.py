from governance.models.export import Export

__all__ = ["Export"]
