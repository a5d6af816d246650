"""The admin's base classes; the only file that knows the theme."""

from unfold.admin import ModelAdmin as ThemeModelAdmin
from unfold.admin import TabularInline as ThemeTabularInline

ModelAdmin = ThemeModelAdmin
TabularInline = ThemeTabularInline
