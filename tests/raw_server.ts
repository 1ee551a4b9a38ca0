/**
 * A server that notes requests byte by byte and answers each with an empty 200.
 *
 * @module
 */

/** A request as it came. */
export interface RawRequest {
  /** What stands between method and version. */
  readonly target: string;
  /** Header fields by lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
}

/** A running server. */
export interface RawServer extends AsyncDisposable {
  /** Where it listens. */
  readonly origin: string;
  /** The requests that nobody took yet. */
  readonly requests: RawRequest[];
}

const ANSWER = new TextEncoder().encode(
  'HTTP/1.1 200 OK\r\ncontent-length: 0\r\netag: "e"\r\n\r\n',
);

/** Starts a server for requests without a body. */
export function startRawServer(): Promise<RawServer> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const requests: RawRequest[] = [];
  const open = new Set<Deno.Conn>();
  const serving = serve(listener, open, requests);
  return Promise.resolve({
    origin: `http://127.0.0.1:${listener.addr.port}`,
    requests,
    [Symbol.asyncDispose]: async () => {
      listener.close();
      for (const connection of open) connection.close();
      await serving;
    },
  });
}

async function serve(
  listener: Deno.Listener,
  open: Set<Deno.Conn>,
  requests: RawRequest[],
): Promise<void> {
  const ends: Promise<void>[] = [];
  for await (const connection of listener) {
    open.add(connection);
    ends.push(
      answer(connection, requests).catch(() => {}).finally(() =>
        open.delete(connection)
      ),
    );
  }
  await Promise.all(ends);
}

async function answer(
  connection: Deno.Conn,
  requests: RawRequest[],
): Promise<void> {
  const decoder = new TextDecoder("latin1");
  const piece = new Uint8Array(65_536);
  let text = "";
  for (;;) {
    const length = await connection.read(piece);
    if (length === null) return connection.close();
    text += decoder.decode(piece.subarray(0, length));
    for (let end; (end = text.indexOf("\r\n\r\n")) >= 0;) {
      requests.push(parsed(text.slice(0, end)));
      text = text.slice(end + 4);
      await connection.write(ANSWER);
    }
  }
}

function parsed(head: string): RawRequest {
  const [start = "", ...fields] = head.split("\r\n");
  return {
    target: start.slice(start.indexOf(" ") + 1, start.lastIndexOf(" ")),
    headers: new Map(
      fields.map((field) => {
        const colon = field.indexOf(":");
        return [
          field.slice(0, colon).toLowerCase(),
          field.slice(colon + 1).trim(),
        ];
      }),
    ),
  };
}
