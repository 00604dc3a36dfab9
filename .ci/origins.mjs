// A front-end of another origin in a browser: reads, makes, changes, is refused, is told to wait; and the same page by a
// name that isn't allowed gets nothing.
import { chromium } from "playwright-core";

const [allowed, foreign, api, key] = process.argv.slice(2);

const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
  ],
});

function check(condition, what) {
  if (!condition) throw new Error(what);
}

// Asks from within a page, as its scripts would; what a script can't read comes back as null.
async function visitor(url) {
  const page = await (await browser.newContext()).newPage();
  await page.goto(url);
  return (path, options = {}) =>
    page.evaluate(
      async ([target, request]) => {
        try {
          const answer = await fetch(target, request);
          const names = [
            "ETag", "Location", "Link", "Retry-After", "RateLimit", "RateLimit-Policy", "Idempotency-Replayed", "X-Request-Id",
          ];
          const headers = Object.fromEntries(names.map((name) => [name, answer.headers.get(name)]));
          const text = await answer.text();
          return { status: answer.status, headers, json: text ? JSON.parse(text) : null };
        } catch (error) {
          return { status: 0, error: String(error) };
        }
      },
      [api + path, { ...options, headers: { Authorization: `Bearer ${key}`, ...options.headers } }],
    );
}

const ask = await visitor(allowed);
const me = await ask("/v1/me");
check(me.status === 200 && me.json.role === "owner", `who am I: ${JSON.stringify(me)}`);
check(me.headers.RateLimit?.startsWith('"key";r='), "RateLimit can't be read");
check(me.headers["RateLimit-Policy"] === '"key";q=40;w=60', "RateLimit-Policy can't be read");
check(me.headers["X-Request-Id"], "X-Request-Id can't be read");

const make = {
  method: "POST",
  headers: { "Content-Type": "application/json", "Idempotency-Key": "from-a-page-1" },
  body: JSON.stringify({ kind: "pigment", maker: "Example", brand: "Exemplar", shade: "Ash" }),
};
const made = await ask("/v1/products", make);
check(made.status === 201, `make: ${JSON.stringify(made)}`);
check(made.headers.Location === `/v1/products/${made.json.id}`, "Location can't be read");
check(made.headers.ETag === '"v1"', "ETag can't be read");
const again = await ask("/v1/products", make);
check(again.json.id === made.json.id && again.headers["Idempotency-Replayed"] === "true", "a repetition isn't known as one");

const change = (etag, shade) =>
  ask(made.headers.Location, {
    method: "PATCH",
    headers: { "Content-Type": "application/merge-patch+json", "If-Match": etag },
    body: JSON.stringify({ shade }),
  });
const changed = await change(made.headers.ETag, "Slate");
check(changed.status === 200 && changed.headers.ETag === '"v2"', `change: ${JSON.stringify(changed)}`);
// Two tabs: the second one has an old copy, is told so, and can read why.
const stale = await change(made.headers.ETag, "Coal");
check(stale.status === 412 && stale.json.code === "stale_version", `a stale change: ${JSON.stringify(stale)}`);
const kept = await ask(made.headers.Location);
check(kept.json.shade === "Slate", "the first tab's change is lost");

const unsent = await ask("/v1/clients", { headers: { "X-Surprise": "1" } });
check(unsent.status === 0, "a header that isn't allowed was sent");

let limited = null;
for (let asked = 0; asked < 80 && !limited; asked++) {
  const answer = await ask("/v1/me");
  if (answer.status === 429) limited = answer;
}
check(limited?.json.code === "too_many_requests", "no limit was met");
check(Number(limited.headers["Retry-After"]) >= 1, "Retry-After can't be read");

const stranger = await visitor(foreign);
for (const [path, options] of [["/v1/me"], ["/v1/products", make], ["/livez", { headers: {} }]]) {
  const answer = await stranger(path, options);
  check(answer.status === 0, `a page that isn't allowed read ${path}: ${JSON.stringify(answer)}`);
}
await browser.close();
console.log("origins: a named page reads, makes, changes, is refused and told to wait; another one gets nothing");
