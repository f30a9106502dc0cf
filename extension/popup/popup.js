/** The popup: the worker's state in words. It looks again by itself while it is open. */

import { mePage } from "../core/address.js";
import { viewOf } from "../core/view.js";
import { ask } from "../look/ask.js";
import { byId, deadlineText, fromNow, put, say, translatePage } from "../look/words.js";
import { runtime } from "../shim/ext.js";
import { showDevices } from "./devices.js";

/** @typedef {import("../core/state.js").Memory} Memory */

const LOOK_EVERY = 2000;

/** @param {Memory} memory */
function render(memory) {
  const view = viewOf(memory);
  const now = Date.now();
  byId("verdict").dataset.tone = view.tone;
  put("headline", say(view.headline));
  put("explained", view.explained && say(view.explained));
  showHere(view, memory, now);
  put("again", view.againAt > now ? say(["again_by_itself", fromNow(view.againAt, now)]) : null);
  put("clock", view.minutesOff ? say(["clock_off", String(view.minutesOff)]) : null);
  showDevices(view.devices, now);
  byId("set-up").hidden = !view.setUp;
  byId("check").hidden = !view.checks;
  const me = /** @type {HTMLAnchorElement} */ (byId("me"));
  me.hidden = !memory.gate;
  if (memory.gate) me.href = mePage(memory.gate);
}

/**
 * @param {import("../core/view.js").View} view
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
