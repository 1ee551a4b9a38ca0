#!/usr/bin/env bash
# Seen on 2026-11-29, Deno 2.9.6.
#
# `FsFile.writable` buffers: what is piped into it with `preventClose: true`, so
# that the file can be used afterwards, is not in the file when `pipeTo` has
# resolved. Less than 64 KiB stay in the buffer until somebody closes the stream;
# closing the file loses them, without an error.
#
# Expected below: bytes piped, and bytes in the file after `pipeTo` and `close`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{}' >package.json
npm install --silent --no-audit --no-fund deno@2.9.6

cat >run.mjs <<'JS'
for (const size of [1, 5_000, 65_535, 65_536]) {
  const file = await Deno.open("out", { write: true, create: true, truncate: true });
  await new Blob([new Uint8Array(size)]).stream().pipeTo(file.writable, { preventClose: true });
  const piped = (await file.stat()).size;
  file.close();
  console.log(`${size} piped: ${piped} in the file, ${(await Deno.stat("out")).size} once it is closed`);
}
JS
./node_modules/.bin/deno run --allow-read=. --allow-write=. run.mjs | tee seen.txt

diff seen.txt - <<'EXPECTED' && echo "as expected"
1 piped: 0 in the file, 0 once it is closed
5000 piped: 0 in the file, 0 once it is closed
65535 piped: 0 in the file, 0 once it is closed
65536 piped: 65536 in the file, 65536 once it is closed
EXPECTED
