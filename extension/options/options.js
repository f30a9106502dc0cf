/** The set-up of a browser that no policy sets up: the address, the permission to speak to it, and a code. */

import { gateOrigin, permissionPattern } from "../core/address.js";
import { viewOf } from "../core/view.js";
import { ask } from "../look/ask.js";
import { byId, fromNow, put, putBadge, putMistake, say, translatePage } from "../look/words.js";
import { permissions } from "../shim/ext.js";

/** @typedef {import("../core/state.js").Memory} Memory */

const gate = /** @type {HTMLInputElement} */ (byId("gate"));
const code = /** @type {HTMLInputElement} */ (byId("code"));
// only Firefox has it; without it, the report says nothing of this computer
const dataAskedFor = "data_collection" in (await permissions.getAll()) ? { data_collection: ["technicalAndInteraction"] } : {};
const connect = /** @type {HTMLButtonElement} */ (byId("connect"));

/** @param {Memory} memory */
function render(memory) {
  const view = viewOf(memory);
  byId("company").textContent = view.company || say(["name"]);
  putBadge(byId("badge"), view.tone, say(view.badge));
  put("headline", say(view.headline));
  put("explained", view.explained && say(view.explained));
  putMistake(view);
  put("named", view.named && say(view.named));
  const now = Date.now();
  put("again", view.againAt > now ? say(["again_by_itself", fromNow(view.againAt, now)]) : null);
  byId("managed").hidden = !memory.managed;
  gate.readOnly = memory.managed;
  if (memory.gate && (memory.managed || !gate.value)) gate.value = memory.gate.replace("https://", "");
  byId("forget").hidden = !memory.deviceId;
}

/** @param {string} key */
function complain(key) {
  byId("wrong").textContent = key ? say([key]) : "";
  gate.setAttribute("aria-invalid", String(key === "wrong_address"));
}

/**
 * The result of a try beside an existing enrolment. Nothing repeats it, so the text does not say that.
 *
 * @param {Memory} tried
 */
function tellTried(tried) {
  const { headline, explained, againAt } = viewOf(tried);
  const again = againAt ? ["again_by_hand", fromNow(againAt, Date.now())] : null;
  const more = tried.phase === "away" ? again : explained;
  const texts = [headline, more, ["enrolment_stays"]].filter((text) => text !== null);
  byId("wrong").textContent = texts.map((text) => say(/** @type {import("../core/view.js").Text} */ (text))).join("\n");
}

/** @param {SubmitEvent} event */
async function submit(event) {
  event.preventDefault();
  complain("");
  byId("connected").textContent = "";
  const origin = gateOrigin(gate.value);
  if (!origin) {
    complain("wrong_address");
    gate.focus();
    return;
  }
  // first of all, since the browser asks only while this click is being handled
  // a browser raises an error for an address that it cannot use
  const asked = { origins: [permissionPattern(origin)], ...dataAskedFor };
  const granted = await permissions.request(asked).catch(() => null);
  if (!granted) {
    complain(granted === null ? "wrong_address" : "wrong_permission");
    return;
  }
  connect.disabled = true;
  const { memory, tried, error } = await ask({ type: "enrol", gate: origin, code: code.value });
  connect.disabled = false;
  if (error) complain(error === "code" ? "phase_code_fix" : "wrong_address");
  if (tried) tellTried(tried);
  if (memory) render(memory);
  if (memory?.deviceId && !tried) tellAdded(memory);
}

/**
 * The result of a code that was accepted: it is used up. Only where mail opens too is everything done.
 *
 * @param {Memory} memory
 */
function tellAdded(memory) {
  code.value = "";
  const { tone, headline } = viewOf(memory);
  const done = ["ok", "warned"].includes(tone) || headline[0] === "phase_active";
  byId("connected").classList.toggle("done", done);
  byId("connected").textContent = say([done ? "options_connected" : "options_added"]);
}

async function forget() {
  const { memory } = await ask({ type: "forget" });
  gate.value = "";
  render(memory);
}

async function offerExtensions() {
  const granted = await permissions.contains({ permissions: ["management"] });
  const { memory, asksForExtensions, asksOfMachine } = await ask({ type: "state" });
  byId("told-machine").hidden = !asksOfMachine;
  byId("extensions").hidden = granted || !asksForExtensions;
  return memory;
}

translatePage();
byId("form").addEventListener("submit", (event) => void submit(/** @type {SubmitEvent} */ (event)));
byId("forget").addEventListener("click", () => void forget());
byId("allow-extensions").addEventListener("click", () => {
  void permissions.request({ permissions: ["management"] }).then(offerExtensions);
});
render(await offerExtensions());
