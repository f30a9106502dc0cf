(() => {
  "use strict";
  const live = () => document.getElementById("live");
  const said = document.getElementById("said");
  const FIRST_WAIT = 5000;
  const LONGEST_WAIT = 60000;
  const STEPS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
  let wait = FIRST_WAIT;
  let timer;
  let busy = false;
  let known = live().dataset.print;

  const ago = (at) => {
    const seconds = Math.max(1, Math.round((Date.now() - at) / 1000));
    const [unit, length] = STEPS.find(([, length]) => seconds >= 2 * length) || STEPS[3];
    return new Intl.RelativeTimeFormat(document.documentElement.lang).format(-Math.floor(seconds / length), unit);
  };

  const tellTimes = () => {
    for (const time of document.querySelectorAll("time")) {
      const at = new Date(time.dateTime);
      const { form } = time.dataset;
      time.textContent = form === "ago" ? ago(at) : when(at, form, document.documentElement.lang);
    }
  };

  // Open parts stay open, and the focus stays on its button.
  const show = (html) => {
    const fresh = new DOMParser().parseFromString(html, "text/html").getElementById("live");
    if (!fresh) throw new Error("no page");
    const before = live();
    const open = [...before.querySelectorAll("details")].map((each) => each.open);
    const focus = before.contains(document.activeElement) ? document.activeElement.id : "";
    [...fresh.querySelectorAll("details")].forEach((each, number) => { each.open = open[number] || false; });
    before.replaceWith(fresh);
    if (focus) document.getElementById(focus)?.focus({ preventScroll: true });
    tellTimes();
  };

  const load = async (method, body) => {
    const answer = await fetch("/.mailgate/me", { method, body, cache: "no-store" });
    if (!answer.ok) throw new Error(answer.statusText);
    show(await answer.text());
  };

  const check = async (form, button) => {
    if (busy) return;
    busy = true;
    clearTimeout(timer);
    button.setAttribute("aria-busy", "true");
    said.textContent = button.dataset.checking;
    const card = form.closest("article").id;
    try {
      await load("POST", new URLSearchParams(new FormData(form)));
      said.textContent = document.querySelector(`#${card} [data-answers]`)?.textContent || "";
    } catch {
      said.textContent = button.dataset.failed;
      button.removeAttribute("aria-busy");
    }
    busy = false;
    wait = FIRST_WAIT;
    known = live().dataset.print;
    schedule();
  };

  const look = async () => {
    if (busy) return;
    try {
      const headers = { "If-None-Match": known };
      const answer = await fetch(live().dataset.status, { cache: "no-store", headers });
      if (answer.ok) {
        await load("GET");
        known = answer.headers.get("ETag");
      }
    } catch {
      // The browser is offline. The next look tries again.
    }
    tellTimes();
    schedule();
  };

  const schedule = () => {
    clearTimeout(timer);
    if (document.visibilityState !== "visible") return;
    // The times are spread out, so that a whole company does not ask at the same moment.
    timer = setTimeout(look, wait * (0.8 + 0.4 * Math.random()));
    wait = Math.min(wait * 1.5, LONGEST_WAIT);
  };

  document.addEventListener("submit", (event) => {
    if (!event.target.closest("article") || "plain" in event.target.dataset) return;
    event.preventDefault();
    check(event.target, event.submitter);
  });
  document.addEventListener("visibilitychange", () => {
    wait = FIRST_WAIT;
    if (document.visibilityState === "visible") look();
    else clearTimeout(timer);
  });
  tellTimes();
  schedule();
})();
