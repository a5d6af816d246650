// Says that a button is at work, so that nobody presses it twice; works without this, too.
document.addEventListener("submit", (event) => {
    const words = event.target.dataset?.busy;
    if (!words) return;
    const button = event.target.querySelector("button");
    button.textContent = words;
    button.setAttribute("aria-live", "polite");
    // After the form has left, since a disabled button sends nothing.
    setTimeout(() => { button.disabled = true; });
});
// Back in the history the page is shown as it was left.
window.addEventListener("pageshow", (event) => {
    if (event.persisted && document.querySelector("[data-busy] button:disabled")) location.reload();
});
