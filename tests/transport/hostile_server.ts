/**
 * A server on the loopback interface that does what its script says, byte by
 * byte, and closes everything it opened when it is disposed of.
 *
 * @module
 */
import { concat, utf8 } from "../../src/foundation/bytes.ts";

/** One connection, as a script sees it. */
export interface Peer {
  /** The request so far: head and what came with it. */
  head(): Promise<string>;
  /** The next request, its body included. */
  request(): Promise<string>;
  /** Sends text or bytes. */
  send(data: string | Uint8Array): Promise<void>;
  /** Reads what comes next and throws it away. Returns how many bytes it was. */
  take(): Promise<number>;
  /** Reads and throws away until the other side closes. */
  drain(): Promise<number>;
  /** Waits in real time. */
  pause(ms: number): Promise<void>;
  /** Closes the connection. */
  close(): void;
}

/** What a server does with a connection. It is closed by the server's end, if not before. */
export type Script = (peer: Peer, connection: number) => Promise<void> | void;

/** A server that runs one script for each connection. */
export class HostileServer implements AsyncDisposable {
  /** Heads of the requests, in order of arrival. */
  readonly heads: string[] = [];
  /** Connections accepted. */
  connections = 0;
  readonly #listener: Deno.TcpListener;
  readonly #open = new Set<Deno.TcpConn>();
  readonly #timers = new Map<ReturnType<typeof setTimeout>, () => void>();
  readonly #work: Promise<unknown>[] = [];
  #closed = false;

  /** Starts listening on a free port. */
  constructor(script: Script) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#work.push(this.#accept(script));
  }

  /** Where it listens. */
  get port(): number {
    return portOf(this.#listener);
  }

  /** Its origin over plain HTTP. */
  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Its origin over TLS. */
  get tlsOrigin(): string {
    return `https://127.0.0.1:${this.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#listener.close();
    for (const [id, resolve] of this.#timers) {
      clearTimeout(id);
      resolve();
    }
    for (const connection of this.#open) close(connection);
    await Promise.all(this.#work);
  }

  async #accept(script: Script): Promise<void> {
    try {
      for await (const connection of this.#listener) {
        if (this.#closed) return connection.close();
        this.#open.add(connection);
        this.#work.push(this.#serve(connection, script));
      }
    } catch {
      // Closed while it accepted.
    }
  }

  async #serve(connection: Deno.TcpConn, script: Script): Promise<void> {
    try {
      await script(this.#peer(connection), ++this.connections);
    } catch {
      // The other side went away, which is what these tests are about.
    }
  }

  #peer(connection: Deno.TcpConn): Peer {
    return {
      head: async () => {
        const head = await readHead(connection);
        this.heads.push(head);
        return head;
      },
      request: async () => {
        const request = await readRequest(connection);
        this.heads.push(request);
        return request;
      },
      send: async (data) => {
        let rest = typeof data === "string" ? utf8(data) : data;
        while (rest.length > 0) {
          rest = rest.subarray(await connection.write(rest));
        }
      },
      take: async () => {
        const length = await connection.read(new Uint8Array(65_536));
        if (length === null) throw new Error("the other side has closed");
        return length;
      },
      drain: async () => {
        const room = new Uint8Array(65_536);
        let bytes = 0;
        for (;;) {
          const length = await connection.read(room);
          if (length === null) return bytes;
          bytes += length;
        }
      },
      pause: (ms) =>
        new Promise((resolve) => {
          const id = setTimeout(() => {
            this.#timers.delete(id);
            resolve();
          }, ms);
          this.#timers.set(id, resolve);
        }),
      close: () => {
        this.#open.delete(connection);
        close(connection);
      },
    };
  }
}

/** Answers every request on a connection with the same text. */
export function answering(answer: string): Script {
  return async (peer) => {
    for (;;) {
      await peer.head();
      await peer.send(answer);
    }
  };
}

/** A complete answer. */
export function ok(body: string, ...fields: string[]): string {
  const head = ["HTTP/1.1 200 OK", `content-length: ${body.length}`, ...fields];
  return `${head.join("\r\n")}\r\n\r\n${body}`;
}

/** A port on which nobody listens. */
export function closedPort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return portOf(listener);
}

async function readHead(connection: Deno.TcpConn): Promise<string> {
  return await readUntil(connection, (seen) => seen.includes("\r\n\r\n"));
}

async function readRequest(connection: Deno.TcpConn): Promise<string> {
  return await readUntil(connection, (seen) => {
    const end = seen.indexOf("\r\n\r\n");
    if (end < 0) return false;
    if (/^transfer-encoding: chunked\r$/im.test(seen.slice(0, end + 2))) {
      return seen.endsWith("0\r\n\r\n");
    }
    const [, length = "0"] = /^content-length: (\d+)\r$/im.exec(seen) ?? [];
    return seen.length >= end + 4 + Number(length);
  });
}

/** Reads on until it is enough; bytes become characters of the same number. */
async function readUntil(
  connection: Deno.TcpConn,
  isEnough: (seen: string) => boolean,
): Promise<string> {
  const pieces: Uint8Array[] = [];
  for (;;) {
    const room = new Uint8Array(65_536);
    const length = await connection.read(room);
    if (length === null) throw new Error("The client closed the connection");
    pieces.push(room.subarray(0, length));
    const seen = new TextDecoder("latin1").decode(concat(pieces));
    if (isEnough(seen)) return seen;
  }
}

function portOf(listener: Deno.TcpListener): number {
  return listener.addr.port;
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // The script closed it.
  }
}
