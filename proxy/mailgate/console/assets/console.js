// Times in the viewer's own zone; the exact one, in UTC, stays in the title.
const local = new Intl.DateTimeFormat([], { dateStyle: 'medium', timeStyle: 'short' });
for (const each of document.querySelectorAll('time[datetime]')) {
  each.textContent = local.format(new Date(each.dateTime));
}
