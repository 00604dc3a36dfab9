// A client on a telephone without scripts: opens the link of a mail, confirms, chooses another time, changes which mails
// come. Pictures are taken on the way: 320 px and desktop, light and dark.
import { chromium } from "playwright-core";

const [link, pictures] = process.argv.slice(2);

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

const views = [
  ["320-light", { width: 320, height: 640 }, "light"],
  ["320-dark", { width: 320, height: 640 }, "dark"],
  ["desktop-light", { width: 1280, height: 800 }, "light"],
  ["desktop-dark", { width: 1280, height: 800 }, "dark"],
];

const page = await (await browser.newContext({ javaScriptEnabled: false, locale: "de-DE" })).newPage();
const asked = [];
page.on("request", (request) => asked.push(request.url()));
const complaints = [];
page.on("console", (message) => complaints.push(message.text()));
page.on("pageerror", (error) => complaints.push(String(error)));

async function picture(name) {
  for (const [view, size, scheme] of views) {
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme: scheme });
    await page.screenshot({ path: `${pictures}/${name}-${view}.png`, fullPage: true });
  }
  await page.setViewportSize({ width: 320, height: 640 });
  await page.emulateMedia({ colorScheme: "light" });
}

// Nothing may reach over the edge of the smallest telephone, and what is touched must be large enough.
async function fits(name) {
  const client = await page.context().newCDPSession(page);
  const { cssContentSize } = await client.send("Page.getLayoutMetrics");
  check(cssContentSize.width <= 320, `${name} is ${cssContentSize.width} px wide`);
  for (const button of await page.locator("button, .button, nav a").all()) {
    const box = await button.boundingBox();
    check(box.height >= 44, `a button on ${name} is ${box.height} px high`);
  }
}

async function seen(name) {
  await fits(name);
  await picture(name);
}

await page.setViewportSize({ width: 320, height: 640 });
await page.goto(link);
check((await page.locator("html").getAttribute("lang")) === "de", "the page isn't in German");
check((await page.title()) === "Ihr Termin", await page.title());
await seen("1-appointment");

// The keyboard reaches everything, in order.
await page.keyboard.press("Tab");
check((await page.locator(":focus").innerText()) === "Bestätigen", "the first thing reached is not the button");
await page.screenshot({ path: `${pictures}/1-focus-320-light.png` });

await page.getByRole("button", { name: "Bestätigen" }).click();
check(await page.getByRole("status").isVisible(), "nothing tells that it worked");
await seen("2-confirmed");

await page.getByRole("link", { name: "Andere Zeit" }).click();
await seen("3-times");
const times = page.getByRole("radio");
check((await times.count()) > 5, "there are no times to choose from");
await times.nth(3).check();
await page.getByRole("button", { name: "Auf die gewählte Zeit verschieben" }).click();
check((await page.getByRole("status").innerText()).startsWith("Ihr Termin hat seine neue Zeit"), "it wasn't moved");
await seen("4-moved");

// The mail's own link is stale now, and says so. Who chose the time has said yes to it.
await page.goto(link);
check((await page.getByRole("status").innerText()).includes("verschoben"), "a stale link doesn't say so");
check((await page.getByText("Sie haben Ihren Termin bestätigt").count()) === 1, "the new time isn't confirmed");
check((await page.getByRole("button", { name: "Bestätigen" }).count()) === 0, "it's to be confirmed again");

await page.getByRole("link", { name: "Absagen" }).click();
await seen("5-cancel");
await page.getByRole("link", { name: "Nein, behalten" }).click();

await page.getByRole("link", { name: "Welche E-Mails Sie erhalten" }).click();
await page.getByLabel("Einladungen wiederzukommen").check();
await page.getByLabel(/Hinweise dürfen/).check();
await page.getByRole("button", { name: "Speichern" }).click();
check(await page.getByLabel("Einladungen wiederzukommen").isChecked(), "the choice wasn't kept");
await seen("6-mails");

await page.getByRole("link", { name: "Das bin ich nicht" }).click();
await seen("7-wrong-person");

await page.goto(`${link.slice(0, -1)}${link.endsWith("A") ? "B" : "A"}`);
await seen("8-void");

const elsewhere = asked.filter((url) => !url.startsWith(new URL(link).origin));
check(elsewhere.length === 0, `asked for elsewhere: ${elsewhere}`);
const ours = complaints.filter((line) => !line.includes("404"));
check(ours.length === 0, `the browser complains: ${ours.join("; ")}`);
await browser.close();
console.log(`pages: walked through in Chromium, ${asked.length} requests, all to this server`);
