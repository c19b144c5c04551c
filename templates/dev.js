(() => {
  const page = document.currentScript.dataset.page;
  let events;
  // Browsers open few connections to one host: pages that nobody sees give theirs back.
  const listen = () => {
    events?.close();
    if (document.visibilityState === "hidden") return;
    events = new EventSource("/_dev/events?page=" + page);
    events.onmessage = () => location.reload();
  };
  document.addEventListener("visibilitychange", listen);
  listen();
})();
