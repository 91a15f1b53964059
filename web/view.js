// Draws messages. Text is only ever set as text. Mirrors the macros of chat.html.

// As in outreach/directory/numbers.py.
const PHONE = /\b(?:0\d(?: ?\d){8,9}|0800 ?\d{4}|116 ?\d{3}|999|111|101)\b/g;
const MONTHS = "January February March April May June July August September October November December".split(" ");

/** An element with properties and children; null children are left out. */
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

// A number in a reply can be tapped.
function withPhones(text) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(PHONE)) {
    parts.push(text.slice(end, match.index));
    parts.push(make("a", { href: `tel:${match[0].replaceAll(" ", "")}`, textContent: match[0] }));
    end = match.index + match[0].length;
  }
  return [...parts, text.slice(end)];
}

function prose(text) {
  const blocks = [];
  for (const line of (text ?? "").split(/\r?\n/).filter((each) => each.trim())) {
    if (!line.startsWith("- ")) {
      blocks.push(make("p", {}, withPhones(line)));
      continue;
    }
    if (blocks.at(-1)?.tagName !== "UL") blocks.push(make("ul"));
    blocks.at(-1).append(make("li", {}, withPhones(line.slice(2))));
  }
  return blocks;
}

function longDate(iso) {
  const [year, month, day] = iso.slice(0, 10).split("-").map(Number);
  return `${day} ${MONTHS[month - 1]} ${year}`;
}

function fact(name, ...content) {
  return make("div", {}, make("dt", { textContent: name }), make("dd", {}, ...content));
}

function billText(onBill) {
  if (onBill === null || onBill === undefined) return "We don’t know whether it shows on a phone bill.";
  return onBill
    ? "It can show on a phone bill."
    : "It doesn’t show on most phone bills, but stays in the phone’s list of calls.";
}

const withCapital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

function phone({ number, href, cost, on_bill: onBill }) {
  const call = href?.startsWith("tel:")
    ? make("a", { className: "call", href, textContent: `Call ${number}` })
    : make("span", { className: "call", textContent: number });
  const small = make("p", { className: "small", textContent: `${withCapital(cost || "Cost not known")}. ${billText(onBill)}` });
  return make("li", {}, call, small);
}

function website(address) {
  if (!/^https?:\/\//.test(address)) return [address];
  const link = make("a", {
    href: address,
    target: "_blank",
    rel: "noopener noreferrer",
    referrerPolicy: "no-referrer",
    textContent: address.split("//")[1].replace(/\/+$/, ""),
  });
  const note = "Opens a new page, which stays in your browser’s history.";
  return [link, " ", make("span", { className: "small", textContent: note })];
}

// An ISO time as a person says it: 9am, 4.30pm, midday. It comes in the service's own time zone.
function clock(iso) {
  const hour = Number(iso.slice(11, 13));
  const minute = iso.slice(14, 16);
  if (minute === "00" && hour % 12 === 0) return hour ? "midday" : "midnight";
  return `${((hour + 11) % 12) + 1}${minute === "00" ? "" : `.${minute}`}${hour < 12 ? "am" : "pm"}`;
}

function openText({ open_now: openNow, next_change: change }) {
  if (openNow) return `Open now${change ? `, until ${clock(change)}` : ""}`;
  return `Closed now${change ? `, opens ${clock(change)} on ${longDate(change)}` : ""}`;
}

function openState(hours) {
  if (typeof hours?.open_now !== "boolean") return null;
  const className = `state ${hours.open_now ? "is-open" : "is-closed"}`;
  return make("p", { className, textContent: openText(hours) });
}

function service(item) {
  const late = item.check_due ? ". It may have changed since." : "";
  const checked = item.last_checked ? `${longDate(item.last_checked)}${late}` : "Not yet checked by our staff";
  return make(
    "section",
    { className: "card" },
    make("h3", { textContent: item.name }),
    openState(item.hours),
    item.summary ? make("p", { textContent: item.summary }) : null,
    item.phones?.length ? make("ul", { className: "phones" }, item.phones.map(phone)) : null,
    make(
      "dl",
      {},
      item.hours?.text ? fact("Hours", item.hours.text) : null,
      item.areas?.length ? fact("Area", item.areas.join(", ")) : null,
      item.website ? fact("Website", ...website(item.website)) : null,
      fact("Last checked", checked),
    ),
  );
}

function choices(items, onChoice) {
  const button = ({ id, title }) =>
    make("button", { type: "button", textContent: title, onclick: () => onChoice({ id, title }) });
  return make("div", { className: "choices" }, items.map(button));
}

function turn(whose, label, ...children) {
  return make("div", { className: `turn ${whose}` }, make("span", { className: "quiet", textContent: label }), ...children);
}

/** The conversation on the page; `onChoice({id, title})` is called when a choice is pressed. */
export function createLog(element, onChoice) {
  const oldChoices = () => element.querySelectorAll(".choices");

  return {
    /** Shows what the person said; gives the element, which can take focus and be removed. */
    addMine(text) {
      const mine = turn("mine", "You said:", make("div", { className: "bubble" }, prose(text)));
      mine.tabIndex = -1;
      element.append(mine);
      mine.scrollIntoView({ block: "nearest" });
      return mine;
    },

    /** Shows a reply and brings its start into sight. */
    addReply(messages) {
      const turns = messages.map((message) =>
        turn(
          "theirs",
          "Reply:",
          message.text ? make("div", { className: "bubble" }, prose(message.text)) : null,
          (message.services ?? []).map(service),
          message.choices?.length ? choices(message.choices, onChoice) : null,
        ),
      );
      element.append(...turns);
      turns[0]?.scrollIntoView({ block: "start" });
    },

    hideChoices: (hidden) => oldChoices().forEach((each) => (each.hidden = hidden)),
    dropChoices: () => oldChoices().forEach((each) => each.hidden && each.remove()),
    dropAllChoices: () => oldChoices().forEach((each) => each.remove()),
    clear: () => element.replaceChildren(),
  };
}
