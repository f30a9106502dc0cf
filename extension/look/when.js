// @ts-nocheck
/* eslint-disable complexity -- made by `make generated` of gateway/pages/when.js */
// A time as people write it, in the viewer's own zone: "Tue 8 Dec, 09:00". Language.when of texts.py is the same without scripts.
export const when = (at, form, locale, dated = false, now = new Date()) => {
  const glue = { ar: "، ", ja: " ", zh: " " }[locale.slice(0, 2)] ?? ", ";
  const written = (options) => new Intl.DateTimeFormat(locale, { calendar: "gregory", ...options }).format(at);
  const dayOf = (time) => Date.UTC(time.getFullYear(), time.getMonth(), time.getDate()) / 864e5;
  const on = (day) => `${day}${glue}${written({ timeStyle: "short" }).replace("\u202f", " ")}${locale.startsWith("de") ? " Uhr" : ""}`;
  const ago = dayOf(now) - dayOf(at);
  const said = (numeric) => new Intl.RelativeTimeFormat(locale, { numeric }).format(-ago, "day");
  const begun = (words) => words[0].toUpperCase() + words.slice(1);
  if (form === "alone" && ago >= 2 && ago <= 7) return begun(said("always"));
  if ((form === "alone" || form === "in") && (ago === 0 || ago === 1)) {
    const word = said("auto");
    return on(form === "alone" ? begun(word) : word);
  }
  const day = written({
    day: "numeric",
    month: "short",
    ...(Math.abs(ago) <= 14 && { weekday: "short" }),
    ...((dated || at.getFullYear() !== now.getFullYear()) && { year: "numeric" }),
  });
  return form === "day" ? day : on(day);
};
