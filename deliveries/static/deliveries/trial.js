// The form of a test event: the JSON follows the fields until somebody edits it.
// The page of a test event: asks for its stages again until nothing moves any more.
const BESIDE = ["event", "resource", "resource_id"];
const IN_PAYLOAD = ["email", "user_id", "page_id", "page_title", "sequence_step", "completed_at"];

function bodyOf(form) {
    const given = (names) => names
        .map((name) => [name, form.elements[name].value.trim()])
        .filter(([, value]) => value !== "");
    const payload = Object.fromEntries(given(IN_PAYLOAD));
    if (/^(0|[1-9]\d{0,8})$/.test(payload.sequence_step || "")) {
        payload.sequence_step = Number(payload.sequence_step);
    }
    return JSON.stringify({ ...Object.fromEntries(given(BESIDE)), payload }, null, 2);
}

function follow(form) {
    form.addEventListener("input", (event) => {
        if (event.target.name === "body") {
            form.elements.how.value = "json";
        } else if (BESIDE.includes(event.target.name) || IN_PAYLOAD.includes(event.target.name)) {
            form.elements.how.value = "fields";
            form.elements.body.value = bodyOf(form);
        }
    });
}

const EVERY_MS = 1000;
const SLOWER_AFTER = 120;

function watch(place) {
    let asked = 0, shown = "";
    const said = document.querySelector("[data-live-said]");
    const show = (text) => {
        const at = [...place.querySelectorAll("a")].indexOf(document.activeElement);
        place.innerHTML = text;
        // Who moves through the page by keyboard stays where they were.
        if (at >= 0) place.querySelectorAll("a")[at]?.focus();
        const headline = place.querySelector("h1")?.textContent ?? "";
        if (said && said.textContent !== headline) said.textContent = headline;
    };
    const moving = () => place.firstElementChild?.dataset.moving === "yes";
    const again = () => { if (moving()) setTimeout(ask, asked > SLOWER_AFTER ? 5 * EVERY_MS : EVERY_MS); };
    async function ask() {
        asked += 1;
        try {
            const answer = await fetch(place.dataset.live, { headers: { "X-Requested-With": "fetch" } });
            const text = (await answer.text()).trim();
            if (answer.ok && !answer.redirected && text !== shown) show(shown = text);
        } catch {
            // The server does not answer at this moment; the next look may find it again.
        }
        again();
    }
    again();
}

document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("form[data-trial-form]").forEach(follow);
    document.querySelectorAll("[data-live]").forEach(watch);
});
