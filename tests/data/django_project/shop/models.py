"""One of each kind of field, key and index."""
import uuid
from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class Tag(models.Model):
    name = models.CharField(max_length=20, unique=True)
    code = models.SlugField(max_length=8, primary_key=True)


class Item(models.Model):
    code = models.CharField(max_length=10, db_index=True)
    order = models.PositiveIntegerField(default=0)
    price = models.DecimalField(max_digits=15, decimal_places=2, default=Decimal('0.00'))
    ratio = models.FloatField(default=1.5)
    is_open = models.BooleanField(default=True)
    note = models.TextField(blank=True)
    extra = models.JSONField(default=dict)
    token = models.UUIDField(default=uuid.uuid4, unique=True)
    at_time = models.TimeField(null=True)
    took = models.DurationField(null=True)
    size = models.SmallIntegerField(default=-1)
    address = models.GenericIPAddressField(null=True)
    picture = models.BinaryField(null=True)
    day = models.DateField(default=timezone.now)
    created_on = models.DateTimeField(auto_now_add=True)
    modified_on = models.DateTimeField(auto_now=True)
    title = models.CharField(max_length=30, db_collation='C', blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    main_tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name='+')
    loose = models.ForeignKey(Tag, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name='+')
    parent = models.ForeignKey('self', null=True, on_delete=models.CASCADE)
    tags = models.ManyToManyField(Tag)

    class Meta:
        unique_together = [('code', 'owner')]
        index_together = [('day', 'code')]
        indexes = [
            models.Index(fields=['code', '-price'], name='item_code_price'),
            models.Index(fields=['day'], name='item_open', condition=Q(is_open=True)),
            models.Index(fields=['note'], name='item_note', opclasses=['text_pattern_ops']),
        ]
        constraints = [
            models.CheckConstraint(check=Q(price__gte=0) & ~Q(code=''), name='item_price'),
            models.UniqueConstraint(fields=['main_tag', 'order'], name='item_place'),
            models.UniqueConstraint(fields=['owner'], condition=Q(is_open=True), name='item_one_open'),
            models.UniqueConstraint(fields=['size', 'day'], name='item_late', deferrable=models.Deferrable.DEFERRED),
        ]


class AModelWhoseNameIsSoLongThatPostgresMustShortenIt(models.Model):
    a_column_whose_name_is_long_as_well = models.CharField(max_length=5, unique=True)
    one = models.OneToOneField(Item, on_delete=models.CASCADE)
