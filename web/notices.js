// Notices and the typing indicator. All words stand in the page, so that they need no network.

/** The notices of the page, at most one in sight. */
export function createNotices(container) {
  const all = [...container.querySelectorAll("[data-notice]")];

  return {
    hide: () => all.forEach((notice) => (notice.hidden = true)),

    show(name) {
      for (const notice of all) notice.hidden = notice.dataset.notice !== name;
      container.scrollIntoView({ block: "nearest" });
    },
  };
}

/** The sign that a reply is being written. */
export function createTyping(container) {
  const sign = container.firstElementChild;
  return {
    show() {
      sign.hidden = false;
      container.scrollIntoView({ block: "nearest" });
    },
    hide: () => (sign.hidden = true),
  };
}
