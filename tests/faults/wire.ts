/**
 * A server on the loopback interface that is written byte by byte, and closes
 * all that it opened when it is disposed of.
 *
 * @module
 */

/** One connection, as a script sees it. */
export interface Peer {
  /** The head of the next request, without what follows it. */
  head(): Promise<string>;
  /** Sends text, as Latin-1, or bytes. */
  send(data: string | Uint8Array): Promise<void>;
  /** Reads until the other side closes. */
  drain(): Promise<void>;
}

/** A running server. */
export interface Wire extends AsyncDisposable {
  /** Where it listens. */
  readonly origin: string;
  /** The port it listens on. */
  readonly port: number;
  /** Heads of the requests, in order of arrival. */
  readonly heads: string[];
}

/** Starts a server that runs a script for each connection, and then closes it. */
export function wire(
  script: (peer: Peer, connection: number) => Promise<void> | void,
  listener: Deno.Listener = Deno.listen({ hostname: "127.0.0.1", port: 0 }),
): Wire {
  const heads: string[] = [];
  const open = new Set<Deno.Conn>();
  const work: Promise<void>[] = [];
  let count = 0;
  const serve = async (connection: Deno.Conn): Promise<void> => {
    open.add(connection);
    try {
      await script(peerOf(connection, heads), ++count);
    } catch {
      // The other side went away.
    }
    if (open.delete(connection)) connection.close();
  };
  const accept = async (): Promise<void> => {
    for (;;) {
      try {
        work.push(serve(await listener.accept()));
      } catch (error) {
        if (error instanceof Deno.errors.BadResource) return;
        // A handshake that failed.
      }
    }
  };
  const accepting = accept();
  const { port } = listener.addr as Deno.NetAddr;
  return {
    origin: `http://127.0.0.1:${port}`,
    port,
    heads,
    [Symbol.asyncDispose]: async () => {
      listener.close();
      for (const connection of open) connection.close();
      open.clear();
      await accepting;
      await Promise.all(work);
    },
  };
}

/** An answer with a body. */
export function answer(
  status: string,
  body = "",
  ...fields: readonly string[]
): string {
  const length = `content-length: ${body.length}`;
  return [`HTTP/1.1 ${status}`, length, ...fields, "", body].join("\r\n");
}

function peerOf(connection: Deno.Conn, heads: string[]): Peer {
  const room = new Uint8Array(65_536);
  const decoder = new TextDecoder("latin1");
  let held = "";
  const more = async (): Promise<boolean> => {
    const length = await connection.read(room);
    if (length === null) return false;
    held += decoder.decode(room.subarray(0, length));
    return true;
  };
  return {
    head: async () => {
      while (!held.includes("\r\n\r\n")) {
        if (!await more()) throw new Error("The other side went away");
      }
      const [head = ""] = held.split("\r\n\r\n");
      held = held.slice(head.length + 4);
      heads.push(head);
      return head;
    },
    send: async (data) => {
      let rest = typeof data === "string"
        ? Uint8Array.from(data, (char) => char.charCodeAt(0))
        : data;
      while (rest.length > 0) {
        rest = rest.subarray(await connection.write(rest));
      }
    },
    drain: async () => {
      while (await more()) held = "";
    },
  };
}
