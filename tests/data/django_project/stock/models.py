from django.db import models
from shop.models import Item


class Depot(models.Model):
    id = models.AutoField(primary_key=True)
    items = models.ManyToManyField(Item, through='Amount')

    class Meta:
        db_table = 'Stock depots'


class Amount(models.Model):
    item = models.ForeignKey(Item, on_delete=models.PROTECT)
    depot = models.ForeignKey(Depot, on_delete=models.CASCADE, db_column='Depot')
    amount = models.DecimalField(max_digits=12, decimal_places=3)


class View(models.Model):
    class Meta:
        managed = False
        db_table = 'stock_view'


class ProxyOfAmount(Amount):
    class Meta:
        proxy = True
