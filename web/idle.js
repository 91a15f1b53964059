// A conversation left alone is taken off the screen when the server forgets it.

const LOOK_EVERY_MS = 30000;

/** Calls `onIdle` when nothing was typed or pressed for `minutes`; a sleeping phone counts. */
export function watchIdle(minutes, onIdle) {
  let lastUse = Date.now();

  function look() {
    if (!(Date.now() - lastUse >= minutes * 60000)) return;
    lastUse = Date.now();
    onIdle();
  }

  for (const kind of ["keydown", "pointerdown"]) {
    document.addEventListener(kind, () => (lastUse = Date.now()), { passive: true });
  }
  document.addEventListener("visibilitychange", look);
  setInterval(look, LOOK_EVERY_MS);
}
