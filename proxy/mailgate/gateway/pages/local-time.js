(() => {
  "use strict";
  const FORMS = {
    long: { calendar: "gregory", weekday: "long", year: "numeric", month: "long", day: "numeric", hour: "numeric", minute: "2-digit", timeZoneName: "short" },
    short: { calendar: "gregory", dateStyle: "medium", timeStyle: "short" },
  };
  for (const time of document.querySelectorAll("time")) {
    time.textContent = new Date(time.dateTime).toLocaleString(document.documentElement.lang, FORMS[time.dataset.form] || FORMS.long);
  }
})();
