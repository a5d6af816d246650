// Adds rows and steps to the mapping editor and keeps its preview up to date.
// Everything works without this file: rows are then added and previews shown by the server.
document.addEventListener("DOMContentLoaded", () => {
    const form = document.querySelector("[data-mapping]");
    if (!form) return;
    const rows = form.querySelector("[data-rows]");
    let next = rows.children.length;

    const fresh = () => {
        const copy = form.querySelector("[data-blank]").content.cloneNode(true);
        const holder = document.createElement("div");
        holder.append(copy);
        holder.innerHTML = holder.innerHTML.replaceAll("row-__row__", `row-${next}`);
        next += 1;
        return holder.firstElementChild;
    };

    form.querySelector("[data-add]").addEventListener("click", (event) => {
        event.preventDefault();
        const row = fresh();
        rows.append(row);
        row.querySelectorAll(".mapping-step").forEach(ask);
        row.querySelector("select").focus();
    });

    // Only steps that need a detail ask for one.
    const ask = (step) => {
        const hint = step.querySelector("select").selectedOptions[0].dataset.hint;
        const detail = step.querySelector("input, textarea");
        detail.placeholder = hint || "";
        detail.hidden = !hint && !detail.value;
    };
    form.querySelectorAll(".mapping-step").forEach(ask);

    // Choosing the last, empty step makes room for one more.
    const moreSteps = (select) => {
        const step = select.closest("li");
        const list = step.parentElement;
        ask(step);
        if (!select.value || step !== list.lastElementChild || list.children.length > 10) return;
        const copy = step.cloneNode(true);
        const before = `-step-${list.children.length - 1}-`;
        const after = `-step-${list.children.length}-`;
        for (const part of copy.querySelectorAll("[id], [for]")) {
            for (const name of ["id", "name", "for"]) {
                if (part.hasAttribute(name)) part.setAttribute(name, part.getAttribute(name).replace(before, after));
            }
        }
        const words = [`Step ${list.children.length + 1}`, `Detail of step ${list.children.length + 1}`];
        copy.querySelectorAll("label").forEach((label, number) => { label.textContent = words[number]; });
        copy.querySelector("select").value = "";
        copy.querySelector("input, textarea").value = "";
        list.append(copy);
        ask(copy);
    };

    const preview = form.querySelector("[data-preview]");
    const button = form.querySelector("[data-show-preview]");
    let asked = 0;
    let pressed = false;
    const show = async () => {
        if (!preview) return;
        const mine = ++asked;
        const sent = new FormData(form);
        if (pressed && button.name) sent.set(button.name, button.value);
        try {
            const answer = await fetch(`${preview.dataset.preview}?part=1`, { method: "POST", body: sent });
            const text = answer.ok ? await answer.text() : "<p>The preview cannot be shown now. Load this page again, or try in a minute.</p>";
            if (mine === asked) preview.innerHTML = text;
        } catch {
            if (mine === asked) preview.textContent = "The preview cannot be shown: Meshes did not answer. It tries again with your next change.";
        }
    };
    let waiting;
    const later = () => { clearTimeout(waiting); waiting = setTimeout(show, 500); };

    form.addEventListener("input", later);
    form.addEventListener("change", (event) => {
        if (event.target.matches("[data-step]")) moreSteps(event.target);
        if (event.target.matches("[name$='-dest']")) {
            const chosen = event.target.selectedOptions[0];
            event.target.closest("fieldset").querySelector("legend").textContent = event.target.value ? chosen.textContent.trim() : "New row";
        }
        later();
    });
    // Values are shown only to whoever asks for them: a look at them is written down.
    button?.addEventListener("click", (event) => { event.preventDefault(); pressed = true; show(); });
    show();
});
