// The rule form: suggestions from events really seen, dry runs and pasted events. All of it only
// looks; without this script the form works as before.
document.addEventListener("DOMContentLoaded", () => {
    const byId = (id) => document.getElementById(id);
    const panel = document.querySelector("[data-rule-looks]");
    const source = byId("id_target_label");
    const connection = byId("id_connection");
    const names = ["event", "resource", "resource_id", "page_id", "sequence_step"];
    const inputs = Object.fromEntries(names.map((name) => [name, byId(`id_${name}`)]));
    if (!panel || !source?.dataset.seen || !connection || !inputs.event) return;
    const form = source.form;
    panel.hidden = false;

    const make = (tag, className, words = "") => {
        const element = document.createElement(tag);
        element.className = className;
        element.textContent = words;
        return element;
    };

    // Suggestions: a list for each input, and whole events to take over at once.
    const lists = {};
    for (const name of names) {
        lists[name] = make("datalist", "");
        lists[name].id = `seen-${name}`;
        form.append(lists[name]);
        inputs[name].setAttribute("list", lists[name].id);
        inputs[name].autocomplete = "off";
    }
    const seen = make("details", "rule-panel rule-seen");
    const rowOf = inputs.event.closest("fieldset") || inputs.event.parentElement;
    const summary = make("summary", "", "Events seen lately");
    const body = make("div", "seen-body");
    seen.append(summary, body);
    rowOf.before(seen);

    const words = (one) => {
        const step = one.sequence_step ? `step ${one.sequence_step}` : "";
        const parts = [one.event, one.resource_id || one.resource, step, one.page_id];
        return parts.filter(Boolean).join(" · ");
    };
    const labelFor = (name, one) => {
        if (name === "page_id") return [one.page_title, one.sequence_step && `step ${one.sequence_step}`];
        if (name === "sequence_step") return [one.page_title || one.page_id, one.resource_id];
        return name === "resource_id" ? [one.resource] : [];
    };
    const fill = ({ combinations, looked_at: lookedAt }) => {
        for (const name of names) {
            const known = new Map();
            for (const one of combinations) {
                if (one[name] && !known.has(one[name])) known.set(one[name], one);
            }
            lists[name].replaceChildren(...[...known].map(([value, one]) => {
                const option = make("option", "");
                option.value = value;
                option.label = [value, ...labelFor(name, one)].filter(Boolean).join(" · ");
                return option;
            }));
        }
        body.replaceChildren();
        if (!combinations.length) {
            body.append(make("p", "looks-quiet", "No event has arrived in this workspace yet. Type what your product will send."));
            return;
        }
        body.append(make("p", "looks-quiet", lookedAt === 1
            ? "The one event so far. Choose it to fill in the condition."
            : `From the newest ${lookedAt.toLocaleString("en")} events. Choose one to fill in the condition.`));
        const list = make("ul", "seen-list");
        for (const one of combinations.slice(0, 30)) {
            const item = make("li", "");
            const button = make("button", "row-button row-button-small", one.page_title || words(one));
            button.type = "button";
            button.addEventListener("click", () => {
                for (const name of names) inputs[name].value = one[name];
                if (inputs.resource.value === "global") inputs.resource.value = "";
                inputs.event.focus();
            });
            item.append(button, make("span", "looks-quiet", `${words(one)} · ${one.count.toLocaleString("en")} ×`));
            list.append(item);
        }
        body.append(list);
    };
    const load = async () => {
        if (!connection.value) {
            fill({ combinations: [], looked_at: 0 });
            body.replaceChildren(make("p", "looks-quiet", "Choose a connection first: it decides the workspace."));
            return;
        }
        try {
            const answer = await fetch(`${source.dataset.seen}?${new URLSearchParams({ connection: connection.value })}`);
            if (!answer.ok) throw new Error(answer.statusText);
            fill(await answer.json());
        } catch {
            body.replaceChildren(make("p", "looks-quiet", "The events could not be read. Load the page again."));
        }
    };
    connection.addEventListener("change", load);
    load();

    // Dry runs: the server looks and answers with a part of a page.
    const result = panel.querySelector("[data-looks-result]");
    const pasted = panel.querySelector("[data-looks-pasted]");
    const text = byId("looks-event");
    let days = "7";
    const look = async (address, place, more) => {
        const sent = new FormData(form);
        for (const [name, value] of Object.entries({ rule: panel.dataset.rule, days, ...more })) sent.set(name, value);
        place.setAttribute("aria-busy", "true");
        try {
            const answer = await fetch(address, { method: "POST", body: sent });
            if (!answer.ok) throw new Error(answer.statusText);
            place.innerHTML = await answer.text();
        } catch {
            place.replaceChildren(make("p", "looks-complaint", "The answer did not come. Try again."));
        }
        place.removeAttribute("aria-busy");
    };
    const example = () => {
        const value = (name) => inputs[name].value;
        const event = { event: value("event") };
        if (value("resource")) event.resource = value("resource");
        if (value("resource_id")) event.resource_id = value("resource_id");
        event.payload = { email: "alex@example.com", first_name: "Alex" };
        if (value("page_id")) event.payload.page_id = value("page_id");
        if (value("sequence_step")) event.payload.sequence_step = value("sequence_step");
        return JSON.stringify(event, null, 2);
    };
    panel.addEventListener("click", async (event) => {
        const button = event.target.closest("button");
        if (!button) return;
        if (button.dataset.looksDays) {
            days = button.dataset.looksDays;
            await look(source.dataset.dryRun, result);
        } else if ("looksAsk" in button.dataset) {
            const place = make("div", "");
            button.parentElement.replaceWith(place);
            place.append(make("p", "looks-quiet", "Asking the account, within its budget…"));
            await look(source.dataset.ask, place);
        } else if ("looksPaste" in button.dataset) {
            await look(source.dataset.paste, pasted, { body: text.value });
        } else if ("looksExample" in button.dataset) {
            text.value = example();
        }
    });
});
