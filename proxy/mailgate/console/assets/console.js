// Times in the viewer's own zone and no other; the exact one, with the name of that zone, shows on hover.
const locale = document.documentElement.lang;
const exact = new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'long' });
const marks = {
  time: new Intl.DateTimeFormat(locale, { hour: 'numeric', minute: '2-digit' }),
  short: new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short' }),
};

function showTimes(within) {
  for (const each of within.querySelectorAll('time[datetime]')) {
    const at = new Date(each.dateTime);
    each.textContent = when(at, each.dataset.form, locale, 'dated' in each.dataset);
    each.title = exact.format(at);
  }
  for (const each of within.querySelectorAll('text[data-at]')) {
    each.textContent = marks[each.dataset.form].format(new Date(each.dataset.at));
  }
}

// A page that says where news comes from is kept up to date: each event has the parts that changed, by their ids.
function listen(sign) {
  const news = new EventSource(sign.dataset.live);
  news.onopen = () => { sign.textContent = sign.dataset.said; };
  news.onmessage = (event) => {
    for (const [id, html] of Object.entries(JSON.parse(event.data))) {
      const part = document.getElementById(id);
      if (part.contains(document.activeElement)) continue; // nothing moves under the hand of who uses it
      part.innerHTML = html;
      showTimes(part);
    }
  };
  news.onerror = () => {
    if (news.readyState === EventSource.CLOSED) sign.textContent = sign.dataset.ended;
  };
}

// A part of a page that tells how far something is looks again until that is done.
function lookAgain(part) {
  setTimeout(async () => {
    const answer = await fetch(location.href);
    if (answer.status === 503) return lookAgain(part); // the store is late
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const fresh = page.getElementById(part.id);
    if (!answer.ok || !fresh) return;
    showTimes(fresh);
    part.replaceWith(fresh);
    if ('again' in fresh.dataset) lookAgain(fresh);
  }, part.dataset.again || 1500);
}

// A form whose choices have numbers counts them again when a choice changes; without this, its button does.
async function recount(form) {
  const choices = new URLSearchParams([...new FormData(form)].filter(([name]) => name !== 'csrf'));
  const answer = await fetch(`${location.pathname}?${choices}`);
  if (!answer.ok) return;
  history.replaceState(null, '', answer.url);
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
  showTimes(fresh);
  for (const part of document.querySelectorAll('#lead, form[data-recounts] [id]')) {
    const same = fresh.getElementById(part.id);
    if (same && part.isConnected && !part.matches('input') && !part.contains(document.activeElement)) part.replaceWith(same);
  }
}
document.querySelector('form[data-recounts]')?.addEventListener('change', (event) => recount(event.currentTarget));

// "/" goes to the search of every page, unless somebody is typing.
document.addEventListener('keydown', (event) => {
  const typing = event.target.closest('input, textarea, select');
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || typing) return;
  event.preventDefault();
  document.querySelector('.find input')?.focus();
});

// What can be taken back for a while says so for that long.
for (const toast of document.querySelectorAll('[data-lasts]')) {
  setTimeout(() => toast.querySelector('form')?.remove(), 1000 * toast.dataset.lasts);
}

// After an act the focus is at what is said about it, so that a screen reader says it and the keyboard goes on from there.
const message = document.querySelector('.toast, main [role="alert"]');
if (message) {
  message.tabIndex = -1;
  message.focus();
}

// Where the browser keeps its clipboard to itself, as it does without https, the text is marked to be copied by hand.
async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = button.dataset.copied;
  } catch {
    getSelection().selectAllChildren(source);
  }
}

document.addEventListener('click', (event) => {
  const button = event.target.closest('[data-copy]');
  if (button) copy(button);
});
showTimes(document);
document.querySelectorAll('[data-again]').forEach(lookAgain);
const sign = document.querySelector('[data-live]');
if (sign) listen(sign);
