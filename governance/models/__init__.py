from governance.models.export import Export
from governance.models.view import SavedView, StartPage

__all__ = ["Export", "SavedView", "StartPage"]
