#!/usr/bin/env bash
# Seen on 2026-11-29, Deno 2.9.6, Bun 1.4.5.
#
# A proxy is reached over TLS or without it, and its URL may hold a name and a
# password. For a server with plain HTTP, Bun sends them to both kinds of
# proxies. Deno's `fetch` sends them to a proxy without TLS only: one with TLS
# gets the request without `proxy-authorization`, from the environment and from
# `Deno.createHttpClient` alike.
#
# Expected below: what each proxy was shown.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"type":"module"}' >package.json
npm install --silent --no-audit --no-fund deno@2.9.6 bun@1.4.5

openssl req -x509 -newkey rsa:2048 -nodes -days 2 -keyout ca.key -out ca.pem \
  -subj /CN=ca -addext basicConstraints=critical,CA:TRUE 2>/dev/null
openssl req -newkey rsa:2048 -nodes -keyout key.pem -out request.pem -subj /CN=localhost 2>/dev/null
printf 'subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n' >names
openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
  -extfile names -out cert.pem 2>/dev/null

cat >serve.mjs <<'JS'
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
const answer = (request, response) =>
  response.end(request.headers["proxy-authorization"] ? "name and password" : "nothing");
const servers = [
  http.createServer(answer),
  https.createServer({ cert: readFileSync("cert.pem"), key: readFileSync("key.pem") }, answer),
];
const ports = [];
for (const server of servers) {
  await new Promise((resolve) => server.listen(0, resolve));
  ports.push(server.address().port);
}
console.log(ports.join(" "));
JS
cat >deno.mjs <<'JS'
const [url] = Deno.args;
const caCerts = [Deno.readTextFileSync("ca.pem")];
const client = Deno.createHttpClient(url ? { caCerts, proxy: { url } } : { caCerts });
console.log(await (await fetch("http://store.example/", { client })).text());
JS
cat >bun.mjs <<'JS'
const [proxy] = process.argv.slice(2);
const tls = { ca: await Bun.file("ca.pem").text() };
console.log(await (await fetch("http://store.example/", { proxy, tls })).text());
JS
node serve.mjs >ports.txt &
serving=$!
trap 'kill $serving; rm -rf "$folder"' EXIT
until [ -s ports.txt ]; do sleep 0.1; done
read -r plain secure <ports.txt
for proxy in "http://me:word@localhost:$plain" "https://me:word@localhost:$secure"; do
  kind=${proxy%%:*}
  echo "a proxy with $kind, Deno: $(./node_modules/.bin/deno run -A deno.mjs "$proxy")"
  echo "a proxy with $kind, Deno by HTTP_PROXY: $(HTTP_PROXY=$proxy ./node_modules/.bin/deno run -A deno.mjs)"
  echo "a proxy with $kind, Bun: $(./node_modules/.bin/bun bun.mjs "$proxy")"
done | tee seen.txt

diff seen.txt - <<'EXPECTED' && echo "as expected"
a proxy with http, Deno: name and password
a proxy with http, Deno by HTTP_PROXY: name and password
a proxy with http, Bun: name and password
a proxy with https, Deno: nothing
a proxy with https, Deno by HTTP_PROXY: nothing
a proxy with https, Bun: name and password
EXPECTED
