"use strict";
// Reads /control/state each second. Text from outside enters by textContent only.

const LIST_STATUS = { 0: "unconfirmed", 1: "active", 2: "unsubscribed", 3: "bounced" };
const query = new URLSearchParams(location.search);
let account = query.get("account") || "default";
let shown = "";
let known = null;

const $ = (id) => document.getElementById(id);

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

function ago(epoch) {
  const seconds = Math.max(0, Math.round(Date.now() / 1000 - epoch));
  if (seconds < 2) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  return `${Math.floor(seconds / 3600)} h ago`;
}

function when(epoch) {
  const element = make("time", "when", ago(epoch));
  element.dataset.at = epoch;
  element.title = new Date(epoch * 1000).toLocaleString();
  return element;
}

function initials(contact) {
  const names = `${contact.firstName} ${contact.lastName}`.trim().split(/\s+/).filter(Boolean);
  const letters = names.length ? names.map((name) => name[0]) : [contact.email[0]];
  return letters.slice(0, 2).join("").toUpperCase();
}

function fresh(element, key) {
  if (known && !known.has(key)) element.classList.add("fresh");
  return element;
}

function pillsOf(contact) {
  const pills = make("div", "pills");
  if (contact.bounced) pills.append(make("span", "pill hard", "Bounced"));
  for (const name of contact.tags) {
    pills.append(fresh(make("span", "pill", name), `tag ${contact.id} ${name}`));
  }
  for (const [name, status] of Object.entries(contact.lists)) {
    const word = LIST_STATUS[status] || String(status);
    const pill = fresh(make("span", `pill list ${word}`, name), `list ${contact.id} ${name} ${status}`);
    pill.append(make("small", "", word));
    pills.append(pill);
  }
  if (!pills.children.length) pills.append(make("span", "none", "No tags and no lists"));
  return pills;
}

function valuesOf(contact) {
  const line = make("div", "values");
  for (const [title, value] of Object.entries(contact.fields)) {
    if (line.childNodes.length) line.append(" · ");
    line.append(`${title}: `, make("b", "", value || "(empty)"));
  }
  return line;
}

function contactCard(contact, index) {
  const card = make("article", index === 0 ? "contact newest" : "contact");
  const name = `${contact.firstName} ${contact.lastName}`.trim();
  const email = make("div", "email", contact.email);
  if (name) email.append(make("span", "person", name));
  card.append(make("div", "face", initials(contact)), email, when(contact.updated), pillsOf(contact));
  if (Object.keys(contact.fields).length) card.append(valuesOf(contact));
  return fresh(card, `contact ${contact.id}`);
}

function automationRow(entry) {
  const row = make("li");
  const text = make("div", "grow", entry.automation);
  const cause = { tag: "by a tag", list: "by a list", api: "by the API" }[entry.cause] || "";
  text.append(make("small", "", `${entry.email} · ${cause}`));
  row.append(text, when(entry.at));
  return fresh(row, `automation ${entry.id}`);
}

function statusPill(entry) {
  if (entry.status === null) {
    const word = entry.outcome === "waiting" ? "…" : entry.outcome;
    return make("span", entry.outcome === "waiting" ? "status" : "status bad", word);
  }
  const kind = entry.status < 300 ? "good" : entry.status === 429 || entry.status === 404 ? "warn" : "bad";
  return make("span", `status ${kind}`, String(entry.status));
}

function readable(text) {
  try { return decodeURIComponent(text.replace(/\+/g, " ")); } catch { return text; }
}

function requestRow(entry) {
  const row = make("li");
  const text = make("div", "grow", entry.path.replace(/^\/api\/3/, ""));
  const details = [entry.query && readable(entry.query), entry.fault && `fault: ${entry.fault}`];
  if (entry.outcome === "wrong_key") details.push("wrong key");
  const line = details.filter(Boolean).join(" · ");
  if (line) text.append(make("small", "", line));
  row.append(make("span", "method", entry.method), text, statusPill(entry), when(entry.at));
  return fresh(row, `request ${entry.seq}`);
}

function keysOf(state) {
  const keys = new Set();
  for (const contact of state.contacts) {
    keys.add(`contact ${contact.id}`);
    for (const name of contact.tags) keys.add(`tag ${contact.id} ${name}`);
    for (const [name, status] of Object.entries(contact.lists)) keys.add(`list ${contact.id} ${name} ${status}`);
  }
  for (const entry of state.automations) keys.add(`automation ${entry.id}`);
  for (const entry of state.requests) keys.add(`request ${entry.seq}`);
  return keys;
}

function fill(id, rows, build) {
  $(id).replaceChildren(...rows.map(build));
  $(`no-${id}`).hidden = rows.length > 0;
}

function showFacts(state) {
  const rate = state.settings.rate_per_second;
  $("address").textContent = location.origin;
  $("key").textContent = state.key;
  $("rate").textContent = rate === null ? "none" : `${rate} a second (${state.settings.limiter})`;
  const names = state.faults.map((fault) => fault.name + (fault.count === null ? "" : ` ×${fault.count}`));
  $("faults").textContent = names.join(", ") || "none";
  $("faults").classList.toggle("on", names.length > 0);
  $("command").textContent =
    `curl -H 'Api-Token: ${state.key}' -H 'Content-Type: application/json' ` +
    `-d '{"contact":{"email":"ada@example.com","firstName":"Ada"}}' ${location.origin}/api/3/contact/sync`;
}

function showAccounts(state) {
  $("account-box").hidden = state.accounts.length < 2;
  $("account").replaceChildren(...state.accounts.map((name) => {
    const option = make("option", "", name);
    option.selected = name === account;
    return option;
  }));
}

function show(state) {
  showFacts(state);
  showAccounts(state);
  fill("contacts", state.contacts, contactCard);
  fill("automations", state.automations.slice(0, 12), automationRow);
  fill("requests", state.requests.slice().reverse().slice(0, 25), requestRow);
  const more = state.total > state.contacts.length;
  $("contacts-count").textContent = more ? `${state.contacts.length} newest of ${state.total}` : String(state.total);
  $("automations-count").textContent = String(state.enrollments);
  $("requests-count").textContent = "";
  known = keysOf(state);
}

function live(on) {
  $("live").className = on ? "live on" : "live off";
  $("live").textContent = on ? "Live" : "The sandbox does not answer. Is it still running?";
}

async function refresh() {
  try {
    const answer = await fetch(`/control/state?limit=60&account=${encodeURIComponent(account)}`);
    const text = await answer.text();
    if (!answer.ok) throw new Error(String(answer.status));
    if (text !== shown) {
      show(JSON.parse(text));
      shown = text;
    }
    live(true);
  } catch {
    live(false);
  }
  for (const element of document.querySelectorAll("time[data-at]")) {
    element.textContent = ago(Number(element.dataset.at));
  }
}

async function copy(button) {
  const source = $(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(source);
    button.textContent = "Selected";
  }
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
}

async function startOver() {
  $("sure").close();
  await fetch(`/control/reset?account=${encodeURIComponent(account)}`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: "{}",
  });
  refresh();
}

for (const button of document.querySelectorAll("[data-copy]")) button.addEventListener("click", () => copy(button));
$("reset").addEventListener("click", () => $("sure").showModal());
$("no").addEventListener("click", () => $("sure").close());
$("yes").addEventListener("click", startOver);
$("account").addEventListener("change", (event) => {
  account = event.target.value;
  known = null;
  refresh();
});

async function loop() {
  await refresh();
  setTimeout(loop, 1000);
}
loop();
