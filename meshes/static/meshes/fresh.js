// Keeps a part of a page fresh; use it through templates/admin/parts/fresh.html.
// The address in data-fresh answers with the part's markup anew; markup with an element
// [data-fresh-done] in it ends the asking. Nothing is asked while nobody looks at the page.
const SLOWEST_S = 30;

function keepFresh(part) {
    const usual = Number(part.dataset.freshEvery) || 2;
    let pause = usual;
    let timer = 0;
    const later = () => { clearTimeout(timer); timer = setTimeout(ask, pause * 1000); };

    async function ask() {
        if (document.hidden) return; // asked again when the page is seen again
        try {
            const answer = await fetch(part.dataset.fresh, { redirect: "error", headers: { Accept: "text/html" } });
            if ([401, 403, 404].includes(answer.status)) return end(part, "This part of the page is no longer kept fresh.");
            if (!answer.ok) throw new Error(answer.status);
            show(part, await answer.text());
            pause = usual;
        } catch {
            pause = Math.min(pause * 2, SLOWEST_S);
        }
        if (!part.querySelector("[data-fresh-done]")) later();
    }

    document.addEventListener("visibilitychange", () => {
        if (!document.hidden && !part.querySelector("[data-fresh-done]")) later();
    });
    if (!part.querySelector("[data-fresh-done]")) later();
}

function show(part, markup) {
    const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
    if (part.dataset.freshSeen === markup) return; // readers hear of changes alone
    part.dataset.freshSeen = markup;
    part.innerHTML = markup;
    if (focused) document.getElementById(focused)?.focus();
}

function end(part, words) {
    const note = document.createElement("p");
    const link = document.createElement("a");
    link.href = location.href;
    link.textContent = "Load the page again";
    note.append(`${words} `, link);
    part.append(note);
}

document.querySelectorAll("[data-fresh]").forEach(keepFresh);
