"""What the views about one application share."""

from rest_framework.request import Request
from rest_framework.views import APIView

from inventory import access
from inventory.access import Permission
from inventory.api.views import person
from inventory.models import AIApplication


class OfApplication(APIView):
    """Something of one application, which the caller may see, and edit where the call changes it."""

    def application(self, request: Request, pk: int) -> AIApplication:
        """The application; 404 where it is out of sight, 403 where it may only be seen."""
        needed = Permission.VIEW if request.method in ("GET", "HEAD", "OPTIONS") else Permission.EDIT
        return access.application_or_404(person(request), pk, needed)
