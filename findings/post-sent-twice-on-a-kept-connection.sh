#!/usr/bin/env bash
# Seen on 2026-11-29, Deno 2.9.6.
#
# `fetch` sends a POST or PUT a second time by itself when a kept connection is
# closed after the server has read the whole request: the server carries it out
# twice and the program sees one answer. A `Blob` is sent once and gives an
# error, a `Uint8Array` of the same bytes is sent twice; `connection: close`
# among the header fields changes nothing, a client with
# `poolMaxIdlePerHost: 0` does.
#
# Expected below: how often the server got each request.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{}' >package.json
npm install --silent --no-audit --no-fund deno@2.9.6

cat >run.mjs <<'JS'
/** Answers each connection's first request; reads its second one whole and closes. */
function serve(seen) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  (async () => {
    for await (const connection of listener) {
      (async () => {
        const buffer = new Uint8Array(65_536);
        for (let i = 0; i < 2; i++) {
          const n = await connection.read(buffer).catch(() => null);
          if (n === null) break;
          const text = new TextDecoder().decode(buffer.subarray(0, n));
          if (!text.startsWith("GET")) {
            seen.push(text.slice(0, text.indexOf(" HTTP")));
            if (seen.length === 1) break;
          }
          await connection.write(new TextEncoder().encode("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"));
        }
        connection.close();
      })();
    }
  })();
  return listener;
}
const bytes = new TextEncoder().encode("hello");
const cases = {
  "bytes": { body: bytes },
  "bytes, connection: close": { body: bytes, headers: { connection: "close" } },
  "no body": {},
  "a Blob": { body: new Blob([bytes]) },
  "bytes, poolMaxIdlePerHost: 0": { body: bytes, client: Deno.createHttpClient({ poolMaxIdlePerHost: 0 }) },
};
for (const [name, init] of Object.entries(cases)) {
  const seen = [];
  const listener = serve(seen);
  const url = `http://127.0.0.1:${listener.addr.port}/`;
  const options = init.client ? { client: init.client } : {};
  await (await fetch(url, options)).text();
  let outcome;
  try {
    outcome = (await fetch(url, { method: "POST", ...init })).status;
  } catch {
    outcome = "an error";
  }
  console.log(`${name}: sent ${seen.length} time(s), the program sees ${outcome}`);
  listener.close();
}
Deno.exit(0);
JS
./node_modules/.bin/deno run --allow-net=127.0.0.1 run.mjs | tee seen.txt

diff seen.txt - <<'EXPECTED' && echo "as expected"
bytes: sent 2 time(s), the program sees 200
bytes, connection: close: sent 2 time(s), the program sees 200
no body: sent 2 time(s), the program sees 200
a Blob: sent 1 time(s), the program sees an error
bytes, poolMaxIdlePerHost: 0: sent 1 time(s), the program sees an error
EXPECTED
