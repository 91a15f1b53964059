// Where the person types.

const COUNT_FROM = 0.8;

/** The composer; `onSend()` is called on Enter and on the Send button. */
export function createComposer(form, onSend) {
  const field = form.querySelector("textarea");
  const count = form.querySelector("#count");
  const limit = Number(field.dataset.limit);

  // Code points, as the server counts them.
  const left = () => limit - [...field.value.trim()].length;

  function showCount() {
    const rest = left();
    const near = rest < limit * (1 - COUNT_FROM);
    count.classList.toggle("over", rest < 0);
    if (!near) count.textContent = "";
    else if (rest < 0) count.textContent = `${-rest} too many. You could send it in two parts.`;
    else count.textContent = `${rest} characters left`;
    field.setAttribute("aria-invalid", String(rest < 0));
  }

  // Browsers without field-sizing get the same by hand.
  function fit() {
    if (CSS.supports("field-sizing", "content")) return;
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight + 2}px`;
  }

  function write(text) {
    field.value = text;
    showCount();
    fit();
  }

  field.removeAttribute("maxlength");
  field.required = false;
  field.addEventListener("input", () => {
    showCount();
    fit();
  });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    onSend();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    onSend();
  });
  form.hidden = false;

  return {
    text: () => field.value.trim(),
    tooLong: () => left() < 0,
    clear: () => write(""),
    /** Puts back what could not be sent, before whatever was typed since. */
    restore: (text) => write(field.value ? `${text}\n${field.value}` : text),
    focus: () => field.focus({ preventScroll: true }),
    busy: (yes) => form.querySelector("button").setAttribute("aria-disabled", String(yes)),
  };
}
