# orm.py - one of everything that Django's own apps keep, written and read back
# by their models.
import datetime

import django

django.setup()

from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction

with transaction.atomic():
    kind = ContentType.objects.create(app_label="license", model="invoice")
    permission = Permission.objects.create(content_type=kind, codename="add_invoice", name="x" * 255)
    group = Group.objects.create(name="g" * 150)
    group.permissions.add(permission)
    user = User.objects.create_user("u" * 150, "u" * 242 + "@example.org", "p", first_name="f" * 150, last_name="l" * 150)
    user.groups.add(group)
    user.user_permissions.add(permission)
    LogEntry.objects.log_action(user.pk, kind.pk, 1, "invoice 1", ADDITION, "made")
    session = SessionStore()
    session["who"] = user.pk
    session.create()

user = User.objects.get(username__startswith="uuu")
print(user.last_login, user.has_perm("license.add_invoice"), user.groups.get().permissions.count(),
      LogEntry.objects.get().user == user, SessionStore(session.session_key)["who"] == user.pk,
      user.date_joined.date() == datetime.datetime.now(datetime.timezone.utc).date())
user.delete()
print(LogEntry.objects.count(), Group.objects.count())
