/** The popup: the worker's state in words. It looks again by itself while it is open. */

import { mePage } from "../core/address.js";
import { REMOVES, viewOf } from "../core/view.js";
import { ask } from "../look/ask.js";
import { byId, dayText, deadlineText, fromNow, momentText, put, putBadge, putMistake, say, translatePage } from "../look/words.js";
import { runtime } from "../shim/ext.js";
import { showDevices } from "./devices.js";

/** @typedef {import("../core/state.js").Memory} Memory */
/** @typedef {import("../core/view.js").View} View */
/** @typedef {import("../core/view.js").DeviceLine} DeviceLine */

const LOOK_EVERY = 2000;
const JUST_NOW = 10_000;
const STEPS = /** @type {const} */ (["how", "open", "check", "set-up", "help"]);

/** @param {Memory} memory */
function render(memory) {
  const view = viewOf(memory);
  const now = Date.now();
  byId("company").textContent = view.company || say(["name"]);
  const removes = view.remove !== null && showRemove(view.remove, now);
  if (!removes) showOwn(view);
  put("explained", view.explained && say(view.explained));
  putMistake(view);
  showName(view);
  showHere(view, memory, now);
  put("clock", view.minutesOff ? say(["clock_off", String(view.minutesOff)]) : null);
  showDevices(view.devices, now, removes ? view.remove : null);
  showSteps(view, memory);
  showFoot(view, memory, now);
}

/** @param {View} view */
function showOwn({ tone, badge, headline }) {
  putBadge(byId("badge"), tone, say(badge));
  put("headline", say(headline));
  put("remove", null);
}

/**
 * The name of the computer stays one word, also with a hyphen in it: people read it out.
 *
 * @param {View} view
 */
function showName({ named }) {
  put("named", named && say(named));
  const line = byId("named");
  if (!named || line.firstElementChild) return;
  const [before = "", after = ""] = say([named[0], "\n"]).split("\n");
  const name = document.createElement("bdi");
  name.textContent = named[1];
  line.replaceChildren(before, name, after);
}

/**
 * Mail opens here, and the person's phone loses it: what ends that is worth more than what is well.
 *
 * @param {DeviceLine} device
 * @param {number} now
 * @returns {boolean} whether there is anything to say: a deadline may have passed without an effect
 */
function showRemove({ tone, kind, badge, reason, deadline }, now) {
  const at = Date.parse(deadline);
  if (tone === "warned" && !(at > now)) return false;
  putBadge(byId("badge"), tone, `${say([kind])}: ${tone === "warned" ? say(["badge_until", dayText(at)]) : say(badge)}`);
  const apps = reason?.[1] ?? "";
  put("headline", say([REMOVES.get(kind) ?? "", apps]));
  put("remove", say(tone === "warned" ? ["remove_until", momentText(at), fromNow(at, now)] : [kind.replace("kind", "remove_now"), apps]));
  return true;
}

/**
 * @param {View} view
 * @param {Memory} memory
 * @param {number} now
 */
function showHere({ here, explained }, memory, now) {
  put("last", here && explained ? say(["last_known", fromNow(memory.statusAt, now), say(here.state)]) : null);
  put("reason", here?.reason ? say(here.reason) : null);
  put("fix", here?.fix ? say(here.fix) : null);
  put("deadline", here ? deadlineText(here.deadline, now) : null);
  put("contact", here?.contact ? say(["contact", here.contact]) : null);
}

/**
 * @param {View} view
 * @param {Memory} memory
 */
function showSteps({ steps, headline }, { gate }) {
  for (const step of STEPS) {
    byId(step).hidden = !steps.includes(step);
    // nothing but to wait is no step that anybody has to take
    byId(step).classList.toggle("main-act", step === steps[0] && headline[0] !== "phase_away");
  }
  byId("check").textContent = say([headline[0] === "phase_away" ? "try_now" : "check_again"]);
  link("how", gate && mePage(gate));
  link("open", gate && `${gate}/`);
  link("help", gate && `${gate}/`);
  link("me", gate && mePage(gate));
  byId("me").hidden = !gate;
}

/**
 * @param {string} id
 * @param {string} address
 */
function link(id, address) {
  if (address) /** @type {HTMLAnchorElement} */ (byId(id)).href = address;
}

/**
 * @param {View} view
 * @param {Memory} memory
 * @param {number} now
 */
function showFoot({ here, reference }, { phase, retryAt, statusAt }, now) {
  const checked = now - statusAt < JUST_NOW ? ["checked_now"] : ["checked_ago", fromNow(statusAt, now)];
  const when = phase === "away" && retryAt > now ? ["next_try", fromNow(retryAt, now)] : here ? checked : null;
  byId("when").textContent = when ? say(/** @type {import("../core/view.js").Text} */ (when)) : "";
  byId("reference").textContent = reference;
}

/** @param {boolean} byHand */
async function check(byHand) {
  const button = /** @type {HTMLButtonElement} */ (byId("check"));
  if (byHand) {
    button.setAttribute("aria-busy", "true");
    byId("said").textContent = say(["checking"]);
  }
  const { memory } = await ask({ type: "check", byHand });
  if (memory) render(memory);
  if (byHand) {
    button.removeAttribute("aria-busy");
    const time = new Date().toLocaleTimeString(document.documentElement.lang, { timeStyle: "medium" });
    byId("said").textContent = memory ? say(["checked", time]) : "";
  }
}

async function fillDiagnostics() {
  const { text } = await ask({ type: "diagnostics" });
  byId("diagnostics").textContent = text;
}

async function copy() {
  await navigator.clipboard.writeText(byId("diagnostics").textContent ?? "");
  byId("said").textContent = say(["copied"]);
}

async function goOnLooking() {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
    if (document.visibilityState === "visible") await check(false);
  }
}

translatePage();
byId("check").addEventListener("click", () => void check(true));
byId("copy").addEventListener("click", () => void copy());
byId("set-up").addEventListener("click", () => void runtime.openOptionsPage());
document.querySelector("details")?.addEventListener("toggle", () => void fillDiagnostics());
const { memory } = await ask({ type: "state" });
render(memory);
await check(false);
await goOnLooking();
