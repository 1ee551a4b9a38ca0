/**
 * A TLS server on this machine, with the certificate of the fixtures.
 *
 * @module
 */

const TLS = new URL("../fixtures/tls/", import.meta.url);

/** Certificate, in PEM, of the authority that vouches for `localhost`. */
export const AUTHORITY = read("authority.pem");

/** A server with a certificate for `localhost`; it says hello to every request. */
export function tlsServer(): AsyncDisposable & {
  origin(host: string): string;
} {
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    cert: read("localhost.pem"),
    key: read("localhost.key.pem"),
    onListen: () => {},
    onError: () => new Response(),
  }, () => new Response("hello"));
  return {
    origin: (host) => `https://${host}:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function read(name: string): string {
  return Deno.readTextFileSync(new URL(name, TLS));
}
