// Talks to the server. The token lives in this closure and nowhere else.

const SESSION_URL = "/chat/api/session";
const MESSAGES_URL = "/chat/api/messages";
const GIVE_UP_MS = 45000;
const KINDS = { 401: "forgotten", 413: "long", 429: "busy" };

function kindOf(status, body) {
  if (status === 422) return body.choice ? "stale" : "long";
  return KINDS[status] ?? "trouble";
}

/** Why a call failed; `kind` names the notice to show. */
export class Failure extends Error {
  constructor(kind) {
    super(kind);
    this.kind = kind;
  }
}

/** Names one sending of a text, so that the server knows it when it is tried again. */
export function newMark() {
  return [...crypto.getRandomValues(new Uint8Array(8))].map((each) => each.toString(16).padStart(2, "0")).join("");
}

/** One conversation with the server. */
export function createConversation(token = null) {
  let underWay = null;

  async function post(url, body, mark = null) {
    const controller = new AbortController();
    underWay = controller;
    const timer = setTimeout(() => controller.abort(), GIVE_UP_MS);
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: {
          "Content-Type": "application/json",
          ...(token && { Authorization: `Bearer ${token}` }),
          ...(mark && { "Idempotency-Key": mark }),
        },
        body: JSON.stringify(body),
        cache: "no-store",
        credentials: "omit",
        redirect: "error",
        signal: controller.signal,
      });
      if (!response.ok) throw new Failure(kindOf(response.status, body));
      const answer = await response.json();
      if (!Array.isArray(answer.messages)) throw new Failure("trouble");
      return answer;
    } catch (error) {
      throw error instanceof Failure ? error : new Failure("trouble");
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    isOpen: () => token !== null,

    /** Opens a conversation; gives the greeting's messages. */
    async start() {
      token = null;
      const answer = await post(SESSION_URL, {});
      token = answer.session;
      return answer.messages;
    },

    /** Sends `{text}` or `{choice}`; gives the reply's messages. The same text with the same mark is answered once. */
    async say(message, mark) {
      return (await post(MESSAGES_URL, message, mark)).messages;
    },

    /** Stops what is under way; its promise fails. */
    cancel: () => underWay?.abort(),

    /** Forgets the token, stops what is under way, and hands the token over for the last time. */
    surrender() {
      const last = token;
      token = null;
      underWay?.abort();
      return last;
    },
  };
}
