// Talks to the server that this page came from.

export class Problem extends Error {
  constructor(code, { retryAfter = null, requestId = null } = {}) {
    super(code);
    this.code = code;
    this.retryAfter = retryAfter;
    this.requestId = requestId;
  }
}

export async function health() {
  const response = await fetch("/api/health", { headers: { Accept: "application/json" }, cache: "no-store" });
  if (!response.ok || !hasType(response, "application/json")) throw new Problem("unreachable");
  return response.json();
}

// Yields {name, data} for each event of the answer. Ends only after a whole answer; everything else throws a Problem,
// or an AbortError when the signal was used.
export async function* ask(message, sessionId, signal) {
  const body = sessionId ? { message, session_id: sessionId } : { message };
  let response;
  try {
    response = await fetch("/api/chat/stream", {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
      body: JSON.stringify(body),
      signal,
    });
  } catch (error) {
    throw told(error, "unreachable");
  }
  if (!response.ok) throw await refusal(response);
  if (!hasType(response, "text/event-stream")) throw new Problem("unexpected");

  let characters = 0;
  try {
    for await (const event of events(response.body)) {
      if (event.name === "error") throw fromDocument(event.data);
      if (event.name === "delta") characters += [...event.data.text].length;
      if (event.name === "done") {
        if (event.data.characters !== characters) throw new Problem("interrupted");
        return;
      }
      yield event;
    }
  } catch (error) {
    throw told(error, "interrupted");
  }
  throw new Problem("interrupted");
}

async function* events(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let waiting = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const blocks = (waiting + value).split("\n\n");
      waiting = blocks.pop();
      for (const block of blocks) {
        const event = parse(block);
        if (event) yield event;
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

function parse(block) {
  let name = "message";
  const data = [];
  for (const line of block.split("\n")) {
    if (line.startsWith("event:")) name = line.slice(6).trim();
    else if (line.startsWith("data:")) data.push(line.slice(5));
  }
  return data.length ? { name, data: JSON.parse(data.join("\n")) } : null;
}

async function refusal(response) {
  const seconds = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
  const retryAfter = Number.isNaN(seconds) ? null : seconds;
  const requestId = response.headers.get("X-Request-Id");
  if (!hasType(response, "application/problem+json")) {
    // A load balancer or a content delivery network answered in the server's place.
    return new Problem(response.status >= 500 ? "unreachable" : "unexpected", { retryAfter, requestId });
  }
  const problem = fromDocument(await response.json());
  problem.retryAfter ??= retryAfter;
  return problem;
}

function fromDocument(document) {
  return new Problem(document.code, { retryAfter: document.retry_after ?? null, requestId: document.request_id ?? null });
}

function told(error, code) {
  return error instanceof Problem || error.name === "AbortError" ? error : new Problem(code);
}

function hasType(response, type) {
  return (response.headers.get("Content-Type") ?? "").startsWith(type);
}
