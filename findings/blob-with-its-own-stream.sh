#!/usr/bin/env bash
# Seen on 2026-11-29, Deno 2.9.6, Bun 1.4.5, and the Node of this machine.
#
# A class that extends `Blob` and overrides `size` and `stream()` is a body of
# known length that is made while it is sent. Deno and Node send what `stream()`
# gives, with a true Content-Length. Bun sends the bytes of the empty `Blob`
# beneath: a request with Content-Length 0 and a 200, without an error.
#
# Expected below: what the server got from each runtime.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"type":"module"}' >package.json
npm install --silent --no-audit --no-fund deno@2.9.6 bun@1.4.5

cat >run.mjs <<'JS'
import http from "node:http";
class Sized extends Blob {
  get size() { return 5; }
  stream() {
    return new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode("hello"));
        controller.close();
      },
    });
  }
}
const server = http.createServer((request, response) => {
  let text = "";
  request.on("data", (piece) => text += piece);
  request.on("end", () => response.end(`content-length ${request.headers["content-length"]}, body "${text}"`));
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const { port } = server.address();
const response = await fetch(`http://127.0.0.1:${port}/`, { method: "PUT", body: new Sized() });
console.log(response.status, await response.text());
process.exit(0);
JS
{
  echo "Deno: $(./node_modules/.bin/deno run --allow-net=127.0.0.1 run.mjs)"
  echo "Node: $(node run.mjs)"
  echo "Bun: $(./node_modules/.bin/bun run.mjs)"
} | tee seen.txt

diff seen.txt - <<'EXPECTED' && echo "as expected"
Deno: 200 content-length 5, body "hello"
Node: 200 content-length 5, body "hello"
Bun: 200 content-length 0, body ""
EXPECTED
