// Allure's icon buttons have no name that a screen reader could read: they get the one that their test id carries.
(() => {
  const name = (button) => {
    if (button.getAttribute("aria-label") || button.textContent.trim()) return;
    const marked = button.closest("[data-testid]");
    button.setAttribute("aria-label", (marked ? marked.dataset.testid : "more").replace(/[-_]+/g, " "));
  };
  const all = () => document.querySelectorAll("button").forEach(name);
  new MutationObserver(all).observe(document.documentElement, { childList: true, subtree: true });
  all();
})();
