/**
 * Looks for credentials on a runtime that shows neither environment nor files, as
 * a browser. Run by runtimes_test.ts.
 *
 * @module
 */
Reflect.deleteProperty(globalThis, "Deno");
Reflect.deleteProperty(globalThis, "process");

const { Session, TransportError } = await import("../../mod.ts");

const session = new Session({
  region: "us-east-1",
  transport: {
    send: () =>
      Promise.reject(new TransportError("refused", "no", { maybeSent: false })),
    [Symbol.dispose]: () => {},
  },
});
try {
  await session.credentials();
} catch (error) {
  console.log(error instanceof Error ? error.message : error);
}
