#!/usr/bin/env bash
# Seen on 2026-11-29, Deno 2.9.6, Bun 1.4.5.
#
# `NO_PROXY=*` means "no proxy for anything", and Bun takes it so. Deno takes it
# for names only: a host that is written as an address goes through the proxy of
# `HTTP_PROXY` all the same. Ranges and single addresses work in both.
#
# Expected below: who answered each request.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"type":"module"}' >package.json
npm install --silent --no-audit --no-fund deno@2.9.6 bun@1.4.5

cat >serve.mjs <<'JS'
import http from "node:http";
const ports = [];
for (const name of ["the server", "the proxy"]) {
  const server = http.createServer((_, response) => response.end(name));
  await new Promise((resolve) => server.listen(0, resolve));
  ports.push(server.address().port);
}
console.log(ports.join(" "));
JS
cat >ask.mjs <<'JS'
const [port] = process.argv.slice(2);
const answers = [];
for (const host of ["localhost", "127.0.0.1"]) {
  answers.push(`${host} answered by ${await (await fetch(`http://${host}:${port}/`)).text()}`);
}
console.log(answers.join(", "));
JS
node serve.mjs >ports.txt &
serving=$!
trap 'kill $serving; rm -rf "$folder"' EXIT
until [ -s ports.txt ]; do sleep 0.1; done
read -r server proxy <ports.txt
export HTTP_PROXY=http://127.0.0.1:$proxy http_proxy=http://127.0.0.1:$proxy
for no_proxy in '' '*' '127.0.0.0/8'; do
  export no_proxy NO_PROXY=$no_proxy
  echo "NO_PROXY='$no_proxy', Deno: $(./node_modules/.bin/deno run -A ask.mjs "$server")"
  echo "NO_PROXY='$no_proxy', Bun: $(./node_modules/.bin/bun ask.mjs "$server")"
done | tee seen.txt

diff seen.txt - <<'EXPECTED' && echo "as expected"
NO_PROXY='', Deno: localhost answered by the proxy, 127.0.0.1 answered by the proxy
NO_PROXY='', Bun: localhost answered by the proxy, 127.0.0.1 answered by the proxy
NO_PROXY='*', Deno: localhost answered by the server, 127.0.0.1 answered by the proxy
NO_PROXY='*', Bun: localhost answered by the server, 127.0.0.1 answered by the server
NO_PROXY='127.0.0.0/8', Deno: localhost answered by the proxy, 127.0.0.1 answered by the server
NO_PROXY='127.0.0.0/8', Bun: localhost answered by the proxy, 127.0.0.1 answered by the server
EXPECTED
