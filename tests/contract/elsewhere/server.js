// The API on Node without a framework, written from the vendor's page: PORT=8000 node server.js
// The environment variable FAULT, if set, breaks one thing.
"use strict";
const http = require("http");

const fault = process.env.FAULT || "";
const KEY = "node-Key-2";
const YEAR = 366 * 24 * 3600 * 1000;
const messages = new Map();
const smsById = new Map();
let nextId = 1;

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const pad = (number) => String(number).padStart(2, "0");

function readDate(text) {
  const parts = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)$/.exec(text);
  if (!parts) return null;
  const [year, month, day, hour, minute, second] = parts.slice(1).map(Number);
  const date = new Date(year, month - 1, day, hour, minute, second);
  if (fault === "rolls-over") return date;
  const same = `${year}-${pad(month)}-${pad(day)} ${pad(hour)}:${pad(minute)}:${pad(second)}`;
  const written =
    `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} ` +
    `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
  return same === written ? date : null;
}

function validate(body) {
  const errors = {};
  const add = (field, text) => (errors[field] = [...(errors[field] || []), text]);
  if (typeof body.message_text !== "string") add("message_text", "Un texte est attendu : é");
  else if (fault === "falsy" && !Number(body.message_text || 1)) add("message_text", "empty");
  const stop = body.message_stop;
  if (stop !== undefined && typeof stop !== "boolean" && fault !== "truthy") add("message_stop", "true or false expected");
  const isSender = fault === "number" ? typeof body.sender_id === "number" : Number.isInteger(body.sender_id);
  if (!isSender) add("sender_id", "integer expected");
  const date = typeof body.delivery_date === "string" ? readDate(body.delivery_date) : null;
  if (!date) add("delivery_date", "YYYY-MM-DD HH:MM:SS expected");
  else if (date - Date.now() > YEAR) add("delivery_date", "at most a year ahead");
  let numbers = body.phone_numbers;
  if (typeof numbers === "string") numbers = fault === "spread" ? [...numbers] : [numbers];
  if (!Array.isArray(numbers) || !numbers.length || numbers.some((number) => typeof number !== "string"))
    add("phone_numbers", "a string or a list of strings expected");
  else if (fault !== "spread" && numbers.some((number) => !/^\+\d{8,15}$/.test(number))) add("phone_numbers", "invalid");
  return { errors, date, numbers };
}

async function create(body) {
  const { errors, date, numbers } = validate(body);
  if (Object.keys(errors).length) return [400, { errors }];
  const id = nextId;
  if (fault === "await") await sleep(5);
  nextId = id + 1 + numbers.length;
  const rows = [...new Set(numbers)].map((number, index) => ({ id: id + 1 + index, number, date }));
  messages.set(id, rows);
  for (const sms of rows) smsById.set(sms.id, { ...sms, message: id });
  const ids = Object.fromEntries(rows.map((sms) => [sms.number, sms.id]));
  return [fault === "created" ? 201 : 200, { message_id: id, sms_ids: fault === "map" ? new Map() : ids }];
}

const statusOf = (sms) => (sms.date > Date.now() ? 10 : Date.now() - sms.date < 500 ? 12 : 13);

function remove(sms) {
  if (sms.date <= Date.now()) return false;
  smsById.delete(sms.id);
  const left = messages.get(sms.message).filter((other) => other.id !== sms.id);
  if (left.length) messages.set(sms.message, left);
  else messages.delete(sms.message);
  return true;
}

async function operate(method, path, body, type) {
  if (method === "POST" && path === "/api/v1/sms") {
    if (!/^application\/json/.test(type || "")) return [415, undefined];
    let fields;
    try {
      fields = JSON.parse(body);
    } catch {
      return [400, "Bad Request"];
    }
    if (fields === null || typeof fields !== "object") return [400, "Bad Request"];
    return create(fields);
  }
  const found = /^\/api\/v1\/(sms|message)\/(.*)$/.exec(path);
  if (!found) return [404, undefined];
  const id = parseInt(found[2], 10);
  if (Number.isNaN(id)) return [400, "Bad Request"];
  if (found[1] === "sms") {
    const sms = smsById.get(id);
    if (!sms) return fault === "undefined" ? [200, {}] : [404, undefined];
    if (method === "DELETE") {
      const success = fault === "no-delete" || remove(sms);
      return [200, { success }];
    }
    return [200, { phone_number: sms.number, status: fault === "enum" ? "scheduled" : statusOf(sms) }];
  }
  const rows = messages.get(id);
  if (!rows) return [404, undefined];
  if (method === "DELETE") {
    const list = fault === "skips" ? rows.filter((_, index) => index % 2 === 0) : rows;
    return [200, { success: list.filter((sms) => remove({ ...sms, message: id })).length }];
  }
  return [200, rows.map((sms) => ({ id: sms.id, phone_number: sms.number, status: statusOf(sms) }))];
}

http
  .createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", async () => {
      const scheme = fault === "scheme" ? /^Bearer (.*)$/ : /^bearer +(.*)$/i;
      const key = (scheme.exec(request.headers.authorization || "") || [])[1];
      let [status, content] = [401, undefined];
      if (key === KEY || (fault === "lower" && (key || "").toLowerCase() === KEY.toLowerCase())) {
        const body = Buffer.concat(chunks).toString();
        [status, content] = await operate(request.method, request.url, body, request.headers["content-type"]);
      }
      const text = content === undefined ? "" : typeof content === "string" ? content : JSON.stringify(content);
      const type = typeof content === "string" ? "text/plain" : "application/json";
      const length = fault === "length" ? text.length : Buffer.byteLength(text);
      response.writeHead(status, { ...(text && { "Content-Type": type }), "Content-Length": length });
      response.end(Buffer.from(text).subarray(0, length));
    });
  })
  .listen(Number(process.env.PORT), "127.0.0.1");
