#!/usr/bin/env bash
# Seen on 2026-11-29, Chromium 153.0.8010.0, Deno 2.9.6, and the Node of this
# machine (22).
#
# A `FinalizationRegistry` is a common safety net for bodies that were thrown away
# unread. A stream is watched, and only its reader is kept. In Node and Deno the
# reader holds the stream, so the registry speaks after both are gone. Chromium
# collects the stream's JavaScript object while its reader still reads: a net that
# cancels the request then cuts a download that is under way. Watch the underlying
# source object instead, which lives until the stream ends.
#
# Expected below: what the registry has told by the time all pieces were read. Node
# and Deno collect after each piece, Chromium when it likes. It needs the shared
# libraries that Debian's package of it brings.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"type":"module"}' >package.json
npm install --silent --no-audit --no-fund deno@2.9.6 @sparticuz/chromium@153.0.0

cat >run.js <<'JS'
async function run() {
  const gone = [];
  const registry = new FinalizationRegistry((name) => gone.push(name));
  const sourceOf = (pieces) => ({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      controller.enqueue(new Uint8Array(1_000_000));
      if (--pieces === 0) controller.close();
    },
  });
  const open = () => {
    const source = sourceOf(300);
    const stream = new ReadableStream(source, { highWaterMark: 0 });
    registry.register(stream, "the stream");
    registry.register(source, "its source");
    return stream;
  };
  const reader = open().getReader();
  let pieces = 0;
  for (;;) {
    const { done } = await reader.read();
    globalThis.gc?.();
    if (done) break;
    pieces++;
  }
  return `${pieces} pieces read; gone before: ${gone.join(", ") || "nothing"}`;
}
JS
cp run.js program.mjs
echo 'console.log(await run());' >>program.mjs
cat >chromium.mjs <<'JS'
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import http from "node:http";
import chromium from "@sparticuz/chromium";
const page = `<!doctype html><script>${readFileSync("run.js", "utf8")}
run().then((text) => fetch("/", { method: "POST", body: text }));</script>`;
const told = new Promise((resolve) => {
  const server = http.createServer(async (request, response) => {
    response.setHeader("content-type", "text/html").end(page);
    if (request.method !== "POST") return;
    resolve(Buffer.concat(await request.toArray()).toString());
  });
  server.listen(0, "127.0.0.1", async () => {
    const url = `http://127.0.0.1:${server.address().port}/`;
    const browser = spawn(await chromium.executablePath(), [
      "--headless", "--no-sandbox", "--disable-gpu", "--no-zygote",
      "--disable-dev-shm-usage", `--user-data-dir=${process.cwd()}/profile`,
      "--remote-debugging-port=0", url,
    ], { stdio: "ignore" });
    setTimeout(() => resolve("no answer in a minute"), 60_000);
    await told;
    browser.once("exit", () => process.exit(0)).kill();
  });
});
console.log(await told);
JS
mkdir tmp
{
  echo "Deno: $(./node_modules/.bin/deno run --v8-flags=--expose-gc program.mjs)"
  echo "Node: $(node --expose-gc program.mjs)"
  echo "Chromium: $(TMPDIR="$folder/tmp" node chromium.mjs)"
} | tee seen.txt

diff seen.txt - <<'EXPECTED' && echo "as expected"
Deno: 300 pieces read; gone before: nothing
Node: 300 pieces read; gone before: nothing
Chromium: 300 pieces read; gone before: the stream
EXPECTED
