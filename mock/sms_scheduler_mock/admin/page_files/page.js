// The inbox, by the admin API, and the reference, by Swagger UI. Texts are put in as text, never as HTML.

const $ = (id) => document.getElementById(id);
const make = (tag, text = "", properties = {}) => Object.assign(document.createElement(tag), { textContent: text }, properties);

const openapi = await (await fetch("_mock/openapi.json")).json();
const baseUrl = new URL(openapi.servers[0].url, location.href).href;
const { enum: codes, "x-enum-varnames": names, "x-enum-descriptions": words = names } = openapi.components.schemas.SmsStatus;
const descriptions = Object.fromEntries(codes.map((code, place) => [code, words[place]]));

const GONE = "The server does not answer.";

async function ask(path, method = "GET", body = undefined) {
  const content = body && { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
  const response = await fetch(`_mock${path}`, { method, ...content }).catch(() => { throw new Error(GONE); });
  const isJson = response.headers.get("Content-Type")?.startsWith("application/json");
  const answer = isJson ? await response.json() : await response.text();
  if (!response.ok) throw new Error(answer.error ?? `The server answered ${response.status}. ${answer}`);
  return answer;
}

// The inbox

let shown = "";

function row(message, sms, isFirst) {
  const tr = make("tr", "", { className: sms.deleted ? "deleted" : "" });
  tr.dataset.message = message.id;
  if (isFirst) {
    const { length } = message.sms;
    const text = make("td", message.text, { rowSpan: length, className: "text" });
    if (message.stop) text.append(make("span", "STOP", { className: "stop", title: "A STOP mention was asked for" }));
    tr.append(
      make("th", message.id, { rowSpan: length, scope: "rowgroup" }),
      text,
      make("td", message.delivery_date, { rowSpan: length }),
      make("td", message.sender_id, { rowSpan: length }),
    );
  }
  const group = sms.deleted ? "deleted" : sms.status_name.split("_")[0].toLowerCase();
  const status = make("td");
  const label = sms.deleted ? "Deleted" : `${descriptions[sms.status]} (${sms.status})`;
  status.append(make("span", label, { className: `status ${group}`, title: sms.status_name }));
  tr.append(make("td", sms.id), make("td", sms.phone_number), status);
  return tr;
}

function showMessages(messages) {
  const groups = messages.map((message) => {
    const group = make("tbody");
    group.append(...message.sms.map((sms, place) => row(message, sms, place === 0)));
    return group;
  });
  const table = document.querySelector("table");
  table.hidden = messages.length === 0;
  $("empty").hidden = messages.length > 0;
  table.replaceChildren(table.tHead, ...groups);
}

function showTools(clock, account, faults) {
  $("now").value = clock.now;
  $("ticking").checked = clock.ticking;
  $("base-url").textContent = baseUrl;
  $("api-key").textContent = account.api_key;
  $("credits").textContent = account.credits ?? "any number";
  $("faults").hidden = faults.length === 0;
  const written = (value) => (typeof value === "object" ? JSON.stringify(value) : value);
  const inWords = ({ kind, ...rest }) =>
    [kind, ...Object.entries(rest).flatMap(([name, value]) => (value === null ? [] : `${name} ${written(value)}`))].join(", ");
  $("faults").firstElementChild.textContent = `Faults: ${faults.map(inWords).join("; ")}.`;
}

async function refresh() {
  const [messages, ...tools] = await Promise.all(["/messages", "/clock", "/account", "/faults"].map((path) => ask(path)));
  showTools(...tools);
  const fresh = JSON.stringify(messages);
  if (fresh !== shown) showMessages(messages); // a selection in the table lasts while nothing changes
  shown = fresh;
}

// A problem is told until the action that had it succeeds: to look again is one action, what is clicked another.
async function attempt(action, name) {
  try {
    await action();
    if ($("problem").dataset.action === name || name !== "look") $("problem").hidden = true;
  } catch (error) {
    $("problem").textContent = error.message;
    $("problem").dataset.action = name;
    $("problem").hidden = false;
  }
}

// A server with much to show is not asked all the time.
async function keepLooking() {
  const started = performance.now();
  if (!document.hidden && !$("inbox").hidden) await attempt(refresh, "look");
  setTimeout(keepLooking, Math.max(1000, 10 * (performance.now() - started)));
}

const doAndShow = (...call) => attempt(async () => { await ask(...call); await refresh(); }, "do");

for (const button of document.querySelectorAll("[data-advance]")) {
  button.onclick = () => doAndShow("/clock/advance", "POST", { [button.dataset.advance]: 1 });
}
$("ticking").onchange = () => doAndShow("/clock", "PATCH", { ticking: $("ticking").checked });
$("clear-faults").onclick = () => doAndShow("/faults", "DELETE");
$("reset").onclick = () => confirm("Forget all messages, and all that was set?") && doAndShow("/reset", "POST");

// The reference

let reference;

const loaded = (src) =>
  new Promise((resolve, reject) => {
    const onerror = () => reject(new Error(GONE));
    document.head.append(make("script", "", { src, onload: resolve, onerror }));
  });

async function makeReference() {
  await loaded("_mock/swagger-ui/swagger_bundle.js");
  return new Promise((resolve) => {
    const ui = SwaggerUIBundle({
      spec: openapi,
      domNode: $("reference"),
      tryItOutEnabled: true,
      validatorUrl: null,
      onComplete: () => resolve(ui),
    });
  });
}

async function showReference() {
  reference ??= makeReference().catch((error) => { reference = undefined; throw error; });
  const [scheme] = Object.keys(openapi.components.securitySchemes);
  const { api_key: key } = await ask("/account"); // it may have been regenerated
  (await reference).preauthorizeApiKey(scheme, key);
}

// Which of the two is shown. No element has these names as its id: Swagger UI would take the links for its own.

function show() {
  const isReference = location.hash === "#/reference";
  $("inbox").hidden = isReference;
  $("reference").hidden = !isReference;
  for (const link of document.querySelectorAll("nav a")) {
    link.toggleAttribute("aria-current", link.hash === (isReference ? "#/reference" : "#/inbox"));
  }
  attempt(isReference ? showReference : refresh, isReference ? "do" : "look");
}

addEventListener("hashchange", show);
show();
keepLooking();
