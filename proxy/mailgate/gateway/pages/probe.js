(() => {
  "use strict";
  const GOES_ON_AGAIN_AFTER = 60000;
  const STAYS_AFTER = 4000;
  const MARK = "mailgate-probed";
  const lines = document.querySelectorAll("#stage, #said");

  const has = (feature) => matchMedia(`(${feature})`).matches;

  // Only values that the verdict depends on are read.
  const read = async () => {
    const agent = navigator.userAgentData;
    let more = {};
    try {
      more = agent ? await agent.getHighEntropyValues(["formFactors", "model"]) : {};
    } catch {
      // A browser may refuse to give these values.
    }
    return {
      touch_points: navigator.maxTouchPoints || 0,
      pointer: ["fine", "coarse"].find((kind) => has(`pointer: ${kind}`)) || "none",
      hover: has("hover: hover"),
      any_fine: has("any-pointer: fine"),
      any_hover: has("any-hover: hover"),
      platform: String(navigator.platform || ""),
      width: Math.round(screen.width),
      height: Math.round(screen.height),
      mobile: agent ? Boolean(agent.mobile) : null,
      system: (agent && agent.platform) || "",
      form_factors: more.formFactors || [],
      model: more.model || "",
    };
  };

  const send = async (readings) => {
    const answer = await fetch("/.mailgate/probe", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(readings),
    });
    if (!answer.ok) throw new Error(answer.statusText);
  };

  // If the browser keeps no cookie, this page comes back. So it goes on once, and if it comes back it says what to do.
  const cameBack = () => {
    const last = Number(sessionStorage.getItem(MARK));
    sessionStorage.removeItem(MARK);
    return Date.now() - last < GOES_ON_AGAIN_AFTER;
  };

  const say = (what) => lines.forEach((line) => { line.textContent = line.dataset[what] || ""; });

  const tell = (what) => {
    say(what);
    document.getElementById("ways").classList.remove("late");
  };

  // A reload asks for the same address again and keeps its fragment (#inbox), which the server never saw.
  const goOn = () => location.reload();

  const run = async () => {
    try {
      if (!navigator.cookieEnabled || cameBack()) return tell("noCookies");
    } catch {
      return tell("noCookies"); // Storage is blocked, and so are cookies.
    }
    try {
      await send(await read());
    } catch {
      return tell("failed");
    }
    sessionStorage.setItem(MARK, String(Date.now()));
    goOn();
    // If the address is that of a file, the file is downloaded and this page stays.
    setTimeout(() => tell("stayed"), STAYS_AFTER);
  };

  document.getElementById("again").addEventListener("click", (event) => {
    event.preventDefault();
    goOn();
  });
  say("asking");
  run();
})();
