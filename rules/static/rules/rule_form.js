// The rule form: a search over all tags and lists of the chosen connection. Without this
// script the same inputs take the exact name or id as text.
document.addEventListener("DOMContentLoaded", () => {
    const byId = (id) => document.getElementById(id);
    const text = byId("id_target_label");
    const [chosen, action, connection] = ["target_id", "action", "connection"].map((n) => byId(`id_${n}`));
    if (!text || !chosen || !action || !connection) return;

    const offers = JSON.parse(action.dataset.offers);
    const kinds = JSON.parse(connection.dataset.kinds);
    const make = (tag, className, words = "") => {
        const element = document.createElement(tag);
        element.className = className;
        element.textContent = words;
        return element;
    };
    const rowOf = (input) => {
        let row = input;
        while (row.parentElement && !row.parentElement.matches("fieldset, fieldset > div, form")) {
            row = row.parentElement;
        }
        return row;
    };
    const textRow = rowOf(text);
    const againRow = rowOf(byId("id_resubscribe"));
    const restartRow = rowOf(byId("id_restart"));
    const label = textRow.querySelector("label");

    const picker = make("div", "target-picker");
    const options = make("ul", "target-options");
    const tools = make("div", "target-tools");
    const refresh = make("button", "row-button row-button-small", "Refresh tags and lists");
    const status = make("span", "target-status");
    text.replaceWith(picker);
    picker.append(text, options);
    picker.after(tools);
    tools.append(refresh, status);
    refresh.type = "button";
    status.setAttribute("role", "status");
    options.id = "target-options";
    options.hidden = true;
    options.setAttribute("role", "listbox");
    options.setAttribute("aria-label", "Matches");
    for (const [name, value] of Object.entries({
        role: "combobox", "aria-controls": options.id, "aria-expanded": "false",
        "aria-autocomplete": "list",
    })) text.setAttribute(name, value);

    let asked = null;
    let timer = 0;
    let marked = -1;

    const offered = () => (offers[kinds[connection.value]] || {});
    const current = () => offered()[action.value] || { target: "", resubscribe: false, restart: false };
    const items = () => [...options.querySelectorAll("[role=option]")];

    const close = () => {
        clearTimeout(timer);
        asked?.abort();
        options.hidden = true;
        marked = -1;
        text.setAttribute("aria-expanded", "false");
        text.removeAttribute("aria-activedescendant");
    };
    const open = () => {
        const { top, bottom } = text.getBoundingClientRect();
        const below = innerHeight - bottom - 80; // the theme's bar of buttons stands there
        options.classList.toggle("target-options-up", below < 200 && top > below);
        options.hidden = false;
        text.setAttribute("aria-expanded", "true");
    };
    const mark = (number) => {
        const all = items();
        if (!all.length) return;
        marked = (number + all.length) % all.length;
        all.forEach((item, at) => item.setAttribute("aria-selected", String(at === marked)));
        all[marked].scrollIntoView({ block: "nearest" });
        text.setAttribute("aria-activedescendant", all[marked].id);
    };
    const choose = (item) => {
        text.value = item.textContent;
        chosen.value = item.dataset.id;
        close();
    };
    // Beside the button that reads the account anew, which a list below the text would cover.
    const say = (words, bad = false) => {
        status.textContent = words;
        status.classList.toggle("target-status-bad", bad);
    };
    const show = ({ targets, more }) => {
        if (!targets.length) {
            const none = `No ${current().target} ${text.value ? "has this in its name" : "is there yet"}.`;
            say(`${none} Create it in the account, then press Refresh tags and lists.`);
            close();
            return;
        }
        say("");
        options.replaceChildren(...targets.map((target, at) => {
            const item = make("li", "target-option", target.label);
            item.id = `target-option-${at}`;
            item.dataset.id = target.id;
            item.setAttribute("role", "option");
            return item;
        }));
        if (more) {
            options.append(make("li", "target-note", "There are more. Type on to narrow them down."));
        }
        marked = -1;
        open();
    };
    const search = async (query) => {
        asked?.abort();
        if (!connection.value || !["tag", "list"].includes(current().target)) {
            options.replaceChildren(make("li", "target-note", "Choose a connection and an action first."));
            open();
            return;
        }
        asked = new AbortController();
        const values = { connection: connection.value, action: action.value, q: query };
        try {
            const answer = await fetch(`${text.dataset.targets}?${new URLSearchParams(values)}`, {
                signal: asked.signal,
            });
            if (!answer.ok) throw new Error(answer.statusText);
            show(await answer.json());
        } catch (error) {
            if (error.name === "AbortError") return;
            options.replaceChildren(make("li", "target-note", "The search did not answer. Try again."));
            open();
        }
    };

    text.addEventListener("input", () => {
        chosen.value = "";
        close(); // what is offered for the text before must not be taken for this one
        timer = setTimeout(() => search(text.value), 180);
    });
    text.addEventListener("focus", () => search(chosen.value ? "" : text.value));
    text.addEventListener("blur", close);
    text.addEventListener("keydown", (event) => {
        if (event.key === "Escape" && !options.hidden) {
            event.preventDefault();
            close();
        } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
            event.preventDefault();
            if (options.hidden) search(chosen.value ? "" : text.value);
            else mark(event.key === "ArrowDown" ? marked + 1 : Math.max(marked, 0) - 1);
        } else if (event.key === "Enter" && !options.hidden && marked >= 0) {
            event.preventDefault();
            choose(items()[marked]);
        }
    });
    options.addEventListener("mousedown", (event) => {
        event.preventDefault();
        const item = event.target.closest("[role=option]");
        if (item) choose(item);
    });

    refresh.addEventListener("click", async () => {
        if (!connection.value) {
            say("Choose a connection first.");
            return;
        }
        refresh.disabled = true;
        say("Reading the account…");
        const body = new URLSearchParams({
            connection: connection.value,
            csrfmiddlewaretoken: text.form.querySelector("[name=csrfmiddlewaretoken]").value,
        });
        try {
            const answer = await fetch(text.dataset.refresh, { method: "POST", body });
            if (!answer.ok) throw new Error(answer.statusText);
            const { ok, message } = await answer.json();
            say(message, !ok);
        } catch {
            say("The account could not be read. Try again.", true);
        }
        refresh.disabled = false;
    });

    const follow = () => {
        const keys = Object.keys(offered());
        for (const option of action.options) {
            option.hidden = option.disabled =
                Boolean(option.value && keys.length) && !keys.includes(option.value);
        }
        const { target, resubscribe, restart } = current();
        textRow.hidden = target === "contact";
        againRow.hidden = !resubscribe;
        restartRow.hidden = !restart;
        if (label) label.firstChild.textContent = { tag: "Tag", list: "List" }[target] || "Tag or list";
    };
    const forget = (before) => {
        if (before.target !== current().target || before.kept !== connection.value) {
            text.value = chosen.value = "";
        }
        if (!current().resubscribe) byId("id_resubscribe").checked = false;
        if (!current().restart) byId("id_restart").checked = false;
    };
    let before = { ...current(), kept: connection.value };
    for (const select of [action, connection]) {
        select.addEventListener("change", () => {
            close();
            follow();
            forget(before);
            before = { ...current(), kept: connection.value };
        });
    }
    follow();
});
