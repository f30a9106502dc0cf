(() => {
  "use strict";
  const check = document.getElementById("check");
  const said = document.getElementById("said");
  const { status, recheck, effect, checking, unchanged, open, failed } = check.dataset;
  const moment = document.getElementById("moment");
  const FIRST_WAIT = moment ? 1000 : 3000;
  const MOMENT = 15000;
  const LONGEST_WAIT = 60000;
  const GOES_ON_AGAIN_AFTER = 60000;
  let wait = FIRST_WAIT;
  let timer;
  let busy = false;
  let reason;

  // Without this, a status that differs from the page itself would load the page again and again.
  const wentOnJustNow = () => {
    try {
      const last = Number(sessionStorage.getItem("mailgate-went-on"));
      if (Date.now() - last < GOES_ON_AGAIN_AFTER) return true;
      sessionStorage.setItem("mailgate-went-on", String(Date.now()));
      return false;
    } catch {
      return true; // Storage is blocked, so only a click goes on.
    }
  };

  const goOn = () => {
    const target = new URL(check.href);
    const here = location.pathname + location.search === target.pathname + target.search;
    // The server never saw the fragment (#inbox), so only a reload keeps it.
    if (here && location.hash) location.reload();
    else location.replace(target.href);
  };

  const ask = async () => {
    const answer = await fetch(status, { cache: "no-store", headers: { Accept: "application/json" } });
    const { verdict } = await answer.json();
    const moved = verdict.effect !== effect || (reason !== undefined && verdict.reason !== reason);
    reason = verdict.reason;
    return moved ? verdict.effect : "";
  };

  // Returns the answers of this device's sources in words, or that none can be asked. If this fails, the status still counts.
  const askSources = async () => {
    try {
      const answer = await fetch(recheck, { method: "POST", cache: "no-store", headers: { Accept: "application/json" } });
      return answer.ok ? (await answer.json()).said : "";
    } catch {
      return "";
    }
  };

  const run = async (byHand) => {
    if (busy) return;
    busy = true;
    clearTimeout(timer);
    check.setAttribute("aria-busy", "true");
    if (byHand) said.textContent = checking;
    try {
      const answered = byHand ? await askSources() : "";
      const changed = await ask();
      if (changed && (byHand || !wentOnJustNow())) {
        if (changed === "allow") said.textContent = open;
        goOn();
      } else if (byHand) {
        const time = new Date().toLocaleTimeString(document.documentElement.lang, { timeStyle: "medium" });
        said.textContent = `${unchanged.replace("{time}", time)} ${answered}`.trim();
      }
    } catch {
      if (byHand) said.textContent = failed;
    }
    check.removeAttribute("aria-busy");
    busy = false;
    schedule();
  };

  const schedule = () => {
    clearTimeout(timer);
    if (document.visibilityState !== "visible") return;
    // The times are spread out, so that a whole company does not ask at the same moment.
    timer = setTimeout(run, wait * (0.8 + 0.4 * Math.random()), false);
    wait = Math.min(wait * 1.5, LONGEST_WAIT);
  };

  check.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    wait = FIRST_WAIT;
    run(true);
  });
  document.addEventListener("visibilitychange", () => {
    wait = FIRST_WAIT;
    if (document.visibilityState === "visible") run(false);
    else clearTimeout(timer);
  });
  document.documentElement.classList.add("scripted");
  // What to do is told only if the browser has not proved itself by then.
  if (moment) {
    document.documentElement.classList.add("moment");
    setTimeout(() => document.documentElement.classList.remove("moment"), MOMENT);
  }
  schedule();
})();
