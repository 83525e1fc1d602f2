"""A small project, for scripts/export-models; its database is the test's."""
import os

SECRET_KEY = 'for tests'
USE_TZ = True
DEFAULT_AUTO_FIELD = 'django.db.models.BigAutoField'
INSTALLED_APPS = ['django.contrib.contenttypes', 'django.contrib.auth', 'shop', 'stock']
# No migrations of theirs: migrate --run-syncdb makes the tables.
DATABASES = {'default': {
    'ENGINE': 'django.db.backends.postgresql', 'NAME': os.environ['SHOP_DB'],
    'HOST': os.environ['SHOP_HOST'], 'PORT': os.environ['SHOP_PORT'], 'USER': 'postgres',
}}
