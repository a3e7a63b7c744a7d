// The inbox, by the admin API, and the reference, by Swagger UI. Texts are put in as text, never as HTML.

const $ = (id) => document.getElementById(id);
const make = (tag, text = "", properties = {}) => Object.assign(document.createElement(tag), { textContent: text }, properties);

const GONE = "The server does not answer.";

// A number that JavaScript would round stays the text that it is.
const exactly = (key, value, context) =>
  typeof value === "number" && !Number.isSafeInteger(value) && Number.isInteger(value) ? (context?.source ?? value) : value;

async function get(path, options = {}) {
  const response = await fetch(`_mock${path}`, options).catch(() => { throw new Error(GONE); });
  const text = await response.text();
  const answer = response.headers.get("Content-Type")?.startsWith("application/json") ? JSON.parse(text, exactly) : text;
  if (!response.ok) throw new Error(answer.error ?? `The server answered ${response.status}. ${answer}`);
  const next = response.headers.get("Link")?.match(/[?&]cursor=(\d+)/);
  const total = response.headers.get("X-Total-Count");
  return { answer, next: next?.[1], total: total && Number(total) };
}

async function ask(path, method = "GET", body = undefined) {
  const content = body && { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
  return (await get(path, { method, ...content })).answer;
}

const openapi = await ask("/openapi.json");
const baseUrl = new URL(openapi.servers[0].url, location.href).href;
const { enum: codes, "x-enum-varnames": names, "x-enum-descriptions": words = names } = openapi.components.schemas.SmsStatus;
const DELETED = "DELETED";
const described = new Map([...names.map((name, place) => [name, `${words[place]} (${codes[place]})`]), [DELETED, "Deleted"]]);

// The inbox: what is there already is changed and not made again, so that focus, selection and scroll position last.

const PAGE = 50; // messages
const FEW = 5; // SMS, which are shown without a click
const MANY = 100; // SMS, which are shown with each click
const shown = new Map(); // the messages, by id
let asked = 0; // how often it was looked at
const cursors = [undefined]; // those of the pages up to the one that is seen

function setText(element, text) {
  if (element.textContent !== String(text)) element.textContent = text;
}

// Make the children of an element those of some items, in their order; `update` fills the one that `create` makes.
// Items come and go, and never change places: what is kept is not moved.
function arrange(parent, items, keyOf, create, update) {
  const keys = items.map((item) => String(keyOf(item)));
  const wantedKeys = new Set(keys);
  for (const child of [...parent.children]) {
    if (!wantedKeys.has(child.dataset.key)) child.remove();
  }
  let place = parent.firstElementChild;
  items.forEach((item, index) => {
    let child = place;
    if (place?.dataset.key === keys[index]) place = place.nextElementSibling;
    else {
      child = create(item);
      child.dataset.key = keys[index];
      parent.insertBefore(child, place);
    }
    update(child, item);
  });
}

const kindOf = (name) => name.split("_")[0].toLowerCase();

function fillStatuses(list, statuses) {
  const counts = [...described.keys()].filter((name) => statuses[name]).map((name) => [name, statuses[name]]);
  arrange(list, counts, ([name]) => name, () => make("li"), (item, [name, count]) => {
    if (item.className !== `status ${kindOf(name)}`) item.className = `status ${kindOf(name)}`;
    item.title = name;
    setText(item, count === 1 ? described.get(name) : `${count.toLocaleString("en")} × ${described.get(name)}`);
  });
}

function fillSms(list, rows) {
  const create = () => {
    const item = make("li");
    item.append(make("span", "", { className: "number" }), make("span"), make("span", "", { className: "id" }));
    return item;
  };
  arrange(list, rows, (sms) => sms.id, create, (item, sms) => {
    const [number, status, id] = item.children;
    const name = sms.deleted ? DELETED : sms.status_name;
    item.className = sms.deleted ? "deleted" : "";
    setText(number, sms.phone_number);
    setText(status, described.get(name));
    if (status.title !== name) Object.assign(status, { className: `sms-status status ${kindOf(name)}`, title: name });
    setText(id, sms.id);
  });
}

function makeMessage(message) {
  const article = make("article");
  const about = make("div");
  const heading = make("h3", `Message ${message.id}`, { id: `message-${message.id}` });
  article.setAttribute("aria-labelledby", heading.id);
  const fold = make("button", "", { type: "button", className: "fold" });
  fold.onclick = () => {
    const state = shown.get(message.id);
    state.open = !state.open;
    attempt(refresh, "do");
  };
  about.append(heading, fold);
  const middle = make("div");
  const facts = make("p", "", { className: "about" });
  facts.append(make("span"), " ", make("span", "STOP", { className: "stop", title: "A STOP mention was asked for" }));
  middle.append(make("p", "", { className: "text", dir: "auto" }), facts);
  const more = make("button", "", { type: "button", className: "more", hidden: true });
  more.onclick = () => {
    shown.get(message.id).limit += MANY;
    attempt(refresh, "do");
  };
  const sms = make("ul", "", { className: "sms" });
  sms.setAttribute("aria-label", `SMS of message ${message.id}`);
  const statuses = make("ul", "", { className: "statuses" });
  statuses.setAttribute("aria-label", `Statuses of message ${message.id}`);
  article.append(about, middle, statuses, sms, more);
  return article;
}

function fillMessage(article, message) {
  const { open, rows, hasMore } = shown.get(message.id);
  const [fold, about, statuses, list, more] = [".fold", ".about", ".statuses", ".sms", ".more"].map((one) => article.querySelector(one));
  setText(fold, `${message.sms_count.toLocaleString("en")} SMS`);
  fold.setAttribute("aria-expanded", open);
  setText(article.querySelector(".text"), message.text); // after a reset another message may have the id
  setText(about.firstElementChild, `${message.delivery_date}, sender ${message.sender_id}`);
  about.lastElementChild.hidden = !message.stop;
  fillStatuses(statuses, message.statuses);
  list.hidden = !open;
  fillSms(list, open ? rows : []);
  more.hidden = !(open && hasMore);
  setText(more, `${MANY} more SMS`);
}

const query = (values) => {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== "");
  return `?${new URLSearchParams(given)}`;
};
const wanted = () => ({ search: $("search").value.trim(), status: $("status").value });

// The SMS of each message that is unfolded: of a small one they came with the message.
async function loadSms(message) {
  const state = shown.get(message.id) ?? { open: message.sms_count <= FEW, limit: MANY, rows: [], hasMore: false };
  shown.set(message.id, state);
  if (!state.open) return;
  if (message.sms_count <= FEW) {
    state.rows = message.sms;
    return;
  }
  const rows = [];
  let cursor;
  do {
    const limit = Math.min(1000, state.limit - rows.length);
    const page = await get(`/messages/${message.id}/sms${query({ ...wanted(), limit, cursor })}`);
    rows.push(...page.answer);
    cursor = page.next;
  } while (cursor && rows.length < state.limit);
  Object.assign(state, { rows, hasMore: Boolean(cursor) });
}

async function showMessages(turn) {
  const { answer: messages, next, total } = await get(`/messages${query({ ...wanted(), limit: PAGE, sms: FEW, cursor: cursors.at(-1) })}`);
  await Promise.all(messages.map(loadSms));
  if (turn !== asked) return; // another one has begun meanwhile, and knows more
  arrange($("messages"), messages, (message) => message.id, makeMessage, fillMessage);
  const finds = Object.values(wanted()).some(Boolean);
  $("empty").hidden = finds || messages.length > 0 || cursors.length > 1;
  $("none").hidden = !(finds && messages.length === 0);
  $("pages").hidden = cursors.length === 1 && !next;
  $("newer").disabled = cursors.length === 1;
  $("older").disabled = !next;
  $("older").dataset.cursor = next ?? "";
  // With a search, nobody has counted.
  setText($("count"), total === null ? "" : `${total.toLocaleString("en")} in all`);
  setText($("page"), total === null ? `Page ${cursors.length}` : `Page ${cursors.length} of ${Math.ceil(total / PAGE)}`);
}

function showTools(clock, account, faults) {
  setText($("now"), clock.now);
  if ($("ticking").checked !== clock.ticking) $("ticking").checked = clock.ticking;
  setText($("base-url"), baseUrl);
  setText($("api-key"), account.api_key);
  setText($("credits"), account.credits ?? "any number");
  $("faults-on").hidden = faults.length === 0;
  const written = (value) => (typeof value === "object" ? JSON.stringify(value) : value);
  const inWords = ({ kind, ...rest }) =>
    [kind, ...Object.entries(rest).flatMap(([name, value]) => (value === null ? [] : `${name} ${written(value)}`))].join(", ");
  setText($("faults-on").firstElementChild, `Faults: ${faults.map(inWords).join("; ")}.`);
}

async function refresh() {
  const turn = (asked += 1);
  const tools = await Promise.all(["/clock", "/account", "/faults"].map((path) => ask(path)));
  if (turn === asked) showTools(...tools);
  await showMessages(turn);
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

function goTo(change) {
  change();
  attempt(refresh, "do");
}

$("older").onclick = () => goTo(() => cursors.push($("older").dataset.cursor));
$("newer").onclick = () => goTo(() => cursors.pop());
for (const [name, label] of described) $("status").append(make("option", label, { value: name }));
$("search").oninput = $("status").onchange = () => goTo(() => cursors.splice(1));
$("find").onsubmit = (event) => event.preventDefault();

// Faults, in the words of the command line

const admin = await ask("/admin.json");
const examples = Object.values(admin.paths["/faults"].post.requestBody.content["application/json"].examples);
const inShort = ({ kind, ...rest }) => [kind, Object.entries(rest).map(([name, value]) => `${name}=${value}`).join(",")].join(":");
for (const { value, summary } of examples) {
  if (Object.values(value).every((one) => typeof one !== "object")) {
    $("fault-examples").append(make("option", summary, { value: value.text ?? inShort(value) }));
  }
}

$("add-fault").onsubmit = (event) => {
  event.preventDefault();
  attempt(async () => {
    await ask("/faults", "POST", { text: $("fault").value });
    $("fault").value = "";
    await refresh();
  }, "do");
};

// The reference

// Swagger UI has colours for dark pages, and goes by a class of the page.
const dark = matchMedia("(prefers-color-scheme: dark)");
const followScheme = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", followScheme);
followScheme();

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

// What Swagger UI leaves without a name, for who does not see it; it makes its elements anew at any time.
function nameElements() {
  const unnamed = (selector) => $("reference").querySelectorAll(`:is(${selector}):not([aria-label])`);
  for (const element of unnamed("textarea")) element.setAttribute("aria-label", "Request body");
  for (const element of unnamed("#servers")) element.setAttribute("aria-label", "Server");
  for (const element of unnamed("select.examples-select-element")) element.setAttribute("aria-label", "Example");
  for (const element of unnamed("select.content-type")) element.setAttribute("aria-label", "Media type");
  for (const [selector, label] of [[".information-container", "The API"], [".scheme-container", "Server and key"]]) {
    for (const element of unnamed(selector)) Object.assign(element, { role: "region", ariaLabel: label });
  }
  for (const element of $("reference").querySelectorAll(".info .title:not([aria-level])")) element.setAttribute("aria-level", "2");
  for (const element of $("reference").querySelectorAll("pre:not([tabindex])")) element.tabIndex = 0; // some are scrolled
}
new MutationObserver(nameElements).observe($("reference"), { childList: true, subtree: true });

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
  for (const link of document.querySelectorAll("header nav a")) {
    if (link.hash === (isReference ? "#/reference" : "#/inbox")) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  attempt(isReference ? showReference : refresh, isReference ? "do" : "look");
}

addEventListener("hashchange", show);
show();
keepLooking();
$("failed").remove();
