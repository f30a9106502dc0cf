for (const time of document.querySelectorAll("time")) {
  time.textContent = when(new Date(time.dateTime), time.dataset.form, document.documentElement.lang);
}
