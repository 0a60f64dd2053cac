"""People and what each may do where."""

from typing import Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower, Now

from inventory.choices import RoleKind
from inventory.models.history import tracked


class UserManager(BaseUserManager["User"]):
    def create_user(self, username: str, email: str = "", display_name: str = "", **extra: Any) -> "User":
        """A person without a password: sign-in is by one-time link until they set one."""
        user = self.model(username=username, email=email.lower(), display_name=display_name, **extra)
        user.set_unusable_password()
        user.save(using=self._db)
        return user


@tracked(exclude=["password", "last_login"])
class User(AbstractBaseUser):
    """A person. Somebody only named as owner in a register file has `is_active` false and can't sign in.

    There are no superusers and no Django permissions: rights are Roles, judged by `inventory.access` alone.
    """

    username = models.CharField(max_length=150, unique=True)
    email = models.EmailField(blank=True)
    display_name = models.CharField(max_length=150, blank=True)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(db_default=Now(), editable=False)

    objects = UserManager()
    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("username"), name="username_once_whatever_the_case"),
        ]

    def __str__(self) -> str:
        return self.display_name or self.username


@tracked()
class Role(models.Model):
    """A right given to a person in a department; it holds for the whole tree below."""

    user = models.ForeignKey(User, models.CASCADE, related_name="roles")
    department = models.ForeignKey("inventory.Department", models.CASCADE, related_name="roles")
    kind = models.CharField(max_length=20, choices=RoleKind.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "department", "kind"], name="role_once"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.department}"
