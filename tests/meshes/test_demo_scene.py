"""The demonstration's scene is set up on a busy machine too, or says why not."""

from __future__ import annotations

from typing import Any

import pytest

from meshes.demo.scene import TAG, NoScene, _tag
from tests.deliveries.scenes import connect

pytestmark = pytest.mark.django_db


def test_a_reading_that_was_cut_off_is_made_up_for(sandbox: Any) -> None:
    connection = connect(sandbox)

    assert not connection.account.catalog.exists()
    assert _tag(connection).folded == TAG


def test_an_account_without_the_tag_ends_with_a_sentence(sandbox: Any) -> None:
    connection = connect(sandbox)
    sandbox.state.delete_tag(_tag(connection).external_id)
    connection.account.catalog.all().delete()

    with pytest.raises(NoScene, match="The sandbox did not tell its tags: .+ Run the demo"):
        _tag(connection)
