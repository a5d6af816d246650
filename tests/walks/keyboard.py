"""Goes through a page with the keyboard alone."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

MOST_STEPS = 150
FOCUS_IS_VISIBLE = """() => {
    const style = getComputedStyle(document.activeElement);
    return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0)
        || style.boxShadow !== "none";
}"""


def tab_to(page: Page, target: Locator, *, back: bool = False) -> None:
    """Press Tab until the target has the focus, which then has to be visible.

    Raises: AssertionError when the keyboard does not lead there.
    """
    expect(target).to_be_visible()
    for _ in range(MOST_STEPS):
        if target.evaluate("(element) => element === document.activeElement"):
            assert page.evaluate(FOCUS_IS_VISIBLE), f"Nobody sees that {target} has the focus."
            return
        page.keyboard.press("Shift+Tab" if back else "Tab")
    raise AssertionError(f"{MOST_STEPS} times Tab do not lead to {target}.")


def press(page: Page, target: Locator, key: str = "Enter") -> None:
    """Go to the target by Tab and press a key there."""
    tab_to(page, target)
    page.keyboard.press(key)


def write(page: Page, target: Locator, text: str) -> None:
    """Go to the field by Tab and write over what it holds."""
    tab_to(page, target)
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(text)
