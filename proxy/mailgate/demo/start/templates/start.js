(() => {
  "use strict";
  // A device opens in a window as large as its screen; without scripts, or with a key held, in a tab.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-size]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const [width, height] = link.dataset.size.split("x");
    const opened = open(link.href, "", `popup,width=${width},height=${height}`);
    if (opened) event.preventDefault();
  });
})();
