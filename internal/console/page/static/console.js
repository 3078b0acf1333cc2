// Keys, news, progress and passkeys. Every page works without this file, but the one that asks for a passkey.
"use strict";

const field = (el) => el instanceof HTMLElement &&
  (el.isContentEditable || (/^(INPUT|TEXTAREA|SELECT)$/.test(el.tagName) && !/^(radio|checkbox|submit|button)$/.test(el.type)));

const press = (el) => {
  if (el.type === "radio") { el.click(); el.focus(); return; }
  el.tagName === "INPUT" || el.tagName === "TEXTAREA" ? (el.focus(), el.select()) : el.click();
};

// The page's own keys come before those of the rail.
const named = (name) => {
  const all = [...document.querySelectorAll("[data-key]")]
    .filter((el) => el.dataset.key.toLowerCase() === name.toLowerCase() && !el.hidden && el.checkVisibility());
  return all.find((el) => el.closest("main")) || all[0];
};

// Lists without a queue are walked row by row.
function step(by) {
  const rows = [...document.querySelectorAll("[data-row]")].map((el) => el.matches("a") ? el : el.querySelector("a, summary, button")).filter(Boolean);
  if (!rows.length) return false;
  const at = rows.indexOf(document.activeElement);
  rows[Math.min(Math.max(at + by, 0), rows.length - 1)].focus();
  return true;
}

// G waits a moment for the letter of a room.
let going = 0;
document.addEventListener("keydown", (e) => {
  if (document.body.dataset.keys === "off" || e.altKey || e.metaKey || e.defaultPrevented) return;
  if (e.ctrlKey && e.key !== "Enter") return;
  if (e.key === "Escape" && field(e.target)) { e.target.blur(); return; }
  if (field(e.target) && !(e.ctrlKey && e.key === "Enter")) return;
  if (e.key === "Enter" && !e.ctrlKey && e.target !== document.body && e.target.matches("a, button, summary, input")) return;
  const key = (e.ctrlKey ? "Ctrl " : "") + e.key;
  if (Date.now() - going < 1500) {
    going = 0;
    const room = document.querySelector(`[data-go="${CSS.escape(e.key.toUpperCase())}"]`);
    if (room) { e.preventDefault(); room.click(); return; }
  }
  if (key === "g") { going = Date.now(); return; }
  const el = named(key);
  if (el) { e.preventDefault(); press(el); return; }
  if (key === "j" && step(1) || key === "k" && step(-1)) e.preventDefault();
  if (key === "p") { e.preventDefault(); print(); }
});

for (const el of document.querySelectorAll("[data-print]")) { el.hidden = false; el.addEventListener("click", () => print()); }

// News waits behind a line; nothing moves under the cursor.
const live = document.body.dataset.live;
if (live) {
  const news = new EventSource(live);
  news.addEventListener("new", (e) => {
    const line = document.querySelector("[data-fresh]");
    if (!line) return;
    line.hidden = false;
    line.firstElementChild.textContent = e.data + " new, waiting";
  });
  addEventListener("pagehide", () => news.close());
}

// Work that takes long says how far it is; when it ends, the page is asked for again.
for (const box of document.querySelectorAll("[data-progress]")) {
  const news = new EventSource(box.dataset.progress + "/progress");
  news.addEventListener("progress", (e) => {
    const p = JSON.parse(e.data);
    const says = box.querySelector("[data-says]"), bar = box.querySelector(".meter rect:last-child");
    if (says) says.textContent = p.says;
    if (bar) bar.setAttribute("width", p.share);
  });
  news.addEventListener("done", () => { news.close(); location.reload(); });
  addEventListener("pagehide", () => news.close());
}

// Clocks count from what the server said had gone by.
const clocks = [...document.querySelectorAll("[data-elapsed]")].map((el) => ({ el, from: Date.now() - el.dataset.elapsed }));
const count = () => {
  for (const { el, from } of clocks) {
    const s = Math.floor((Date.now() - from) / 1000), two = (n) => String(n).padStart(2, "0");
    el.textContent = s < 3600 ? `${Math.floor(s / 60)}:${two(s % 60)}` : `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
  }
};
for (const { el } of clocks) el.closest("[hidden]")?.removeAttribute("hidden");
if (clocks.length) setInterval(count, 1000);

// A card is asked for anew each minute, and when somebody looks at it again. When nobody answers it stays as it is, and its age grows.
const renew = () => fetch(location.href).then((r) => { if (r.ok) location.reload(); }).catch(() => {});
if ("renew" in document.body.dataset) {
  setInterval(renew, 60000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) renew(); });
}

// Passkeys are offered where the browser has them, and asked for on a page of their own.
if (self.PublicKeyCredential?.parseRequestOptionsFromJSON) for (const el of document.querySelectorAll("[data-passkey]")) el.hidden = false;
const asking = document.querySelector("form[data-ask]");
async function askKey() {
  const says = document.querySelector("[data-says]");
  says.hidden = true;
  try {
    const asked = JSON.parse(asking.dataset.options).publicKey;
    const key = asking.dataset.ask === "create"
      ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(asked) })
      : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(asked) });
    asking.querySelector("[data-answer]").value = JSON.stringify(key.toJSON());
    asking.submit();
  } catch (e) {
    says.lastElementChild.textContent = e.name === "InvalidStateError" ? "This key is one of yours already. Take another one."
      : e.name === "SecurityError" ? "Your browser uses no passkeys at this address. Use a code in its place."
      : "No passkey answered, or it took too long. Ask again, or use a code in its place.";
    says.hidden = false;
  }
}
if (asking) {
  asking.addEventListener("submit", (e) => { e.preventDefault(); askKey(); });
  askKey();
}

document.querySelector("[data-first]")?.matches("[value='']") && document.querySelector("[data-first]").focus();
