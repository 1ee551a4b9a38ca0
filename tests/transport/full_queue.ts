/**
 * A server that cannot be reached.
 *
 * @module
 */

/** A listener that accepts nobody, filled up so that the system lets nobody in. */
export async function fullQueue(): Promise<
  AsyncDisposable & { origin: string }
> {
  const listener = Deno.listen({
    hostname: "127.0.0.1",
    port: 0,
    tcpBacklog: 1,
  });
  const { port } = listener.addr;
  const end = new AbortController();
  const guests = Array.from({ length: 8 }, () => dial(port, end.signal));
  // The system admits the first two, and the others go on knocking.
  await Promise.race(guests);
  return {
    origin: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose](): Promise<void> {
      end.abort();
      listener.close();
      for (const guest of await Promise.all(guests)) guest?.close();
    },
  };
}

async function dial(
  port: number,
  signal: AbortSignal,
): Promise<Deno.TcpConn | undefined> {
  try {
    return await Deno.connect({ hostname: "127.0.0.1", port, signal });
  } catch {
    return undefined;
  }
}
