"""Pages of long lists without counting them: the count ends where nobody reads on."""

from __future__ import annotations

from typing import Any, cast

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils.functional import cached_property


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts one row more than it pages through, so that more rows are known to exist."""

    most = 10_000

    @cached_property
    def count(self) -> int:
        """The number of rows, at most one above the cap."""
        rows = cast("QuerySet[Any]", self.object_list)
        return rows.order_by().values("pk")[: self.most + 1].count()

    @cached_property
    def num_pages(self) -> int:
        """The number of pages that can be opened, at least one."""
        return max(1, -(-min(self.count, self.most) // self.per_page))

    @property
    def count_in_words(self) -> str:
        """The count for people: `1,234`, or `10,000+` when there are more."""
        return f"{self.most:,}+" if self.count > self.most else f"{self.count:,}"
