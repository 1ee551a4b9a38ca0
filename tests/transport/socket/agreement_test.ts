import { assertEquals } from "@std/assert";
import { get } from "node:http";
import { HostileServer } from "../hostile_server.ts";
import { bytesOf, readAll } from "./reading.ts";

/** What the parser of node:http makes of a response. */
function byNode(
  port: number,
): Promise<{ readonly status: number | undefined; readonly body: string }> {
  return new Promise((resolve, reject) => {
    get({ host: "127.0.0.1", port, agent: false }, (response) => {
      const pieces: number[] = [];
      response.on("data", (piece: Uint8Array) => pieces.push(...piece));
      response.on("error", reject);
      response.on("end", () =>
        resolve({
          status: response.statusCode,
          body: String.fromCharCode(...pieces),
        }));
    }).on("error", reject);
  });
}

/** Well-formed responses of all framings, by a counter instead of chance. */
function* responses(): Generator<string> {
  const bodies = [
    "",
    "a",
    "\r\n\r\n",
    "0\r\n\r\n",
    "\xff\x00",
    "x".repeat(999),
  ];
  const fields = ["", "x-a: 1\r\nX-A: 2\r\n", "x-empty:\r\nx: \t y \t\r\n"];
  for (const status of ["200 OK", "206 ", "404 Not Found", "503 Slow Down"]) {
    for (const body of bodies) {
      for (const field of fields) {
        const start = `HTTP/1.1 ${status}\r\n${field}connection: close\r\n`;
        yield `${start}Content-Length: ${body.length}\r\n\r\n${body}`;
        yield `${start}\r\n${body}`;
        const half = body.length >> 1;
        const chunks = [body.slice(0, half), body.slice(half)]
          .filter((chunk) => chunk !== "")
          .map((chunk) => `${chunk.length.toString(16)};a=b\r\n${chunk}\r\n`);
        yield `${start}Transfer-Encoding: chunked\r\n\r\n${
          chunks.join("")
        }0\r\nt: v\r\n\r\n`;
      }
    }
  }
}

Deno.test("reads well-formed responses as the parser of node:http does", async () => {
  let response = "";
  await using server = new HostileServer(async (peer) => {
    await peer.head();
    await peer.send(bytesOf(response));
    peer.close();
  });
  for (response of responses()) {
    const [ours] = readAll([bytesOf(response)]).read;
    const theirs = await byNode(server.port);
    assertEquals([ours?.status, ours?.body], [theirs.status, theirs.body]);
    assertEquals(ours?.complete, true);
  }
});
