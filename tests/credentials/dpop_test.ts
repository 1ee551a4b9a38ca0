import { assertEquals, assertRejects } from "@std/assert";
import { dpopProof } from "../../src/credentials/dpop.ts";
import { base64, fromBase64, text, utf8 } from "../../src/foundation/bytes.ts";

const CLAIMS = {
  url: "https://eu-west-1.signin.aws.amazon.com/v1/token",
  at: new Date("2024-02-29T12:00:00.900Z"),
  id: "11111111-1111-4111-8111-111111111111",
};

/** A new key in both forms, and its public half. */
async function newKey(): Promise<
  { pkcs8: string; sec1: string; publicKey: CryptoKey; jwk: JsonWebKey }
> {
  const { privateKey, publicKey } = await crypto.subtle.generateKey(
    { name: "ECDSA", namedCurve: "P-256" },
    true,
    ["sign", "verify"],
  );
  const der = new Uint8Array(
    await crypto.subtle.exportKey("pkcs8", privateKey),
  );
  return {
    pkcs8: pem("PRIVATE KEY", der),
    // Version and algorithm take 26 bytes, the head of the octet string 2.
    sec1: pem("EC PRIVATE KEY", der.slice(3 + 3 + 21 + 2)),
    publicKey,
    jwk: await crypto.subtle.exportKey("jwk", publicKey),
  };
}

function pem(kind: string, der: Uint8Array): string {
  const lines = base64(der).match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${kind}-----\n${
    lines.join("\n")
  }\n-----END ${kind}-----\n`;
}

function decoded(part = ""): Uint8Array<ArrayBuffer> {
  return fromBase64(part.replaceAll("-", "+").replaceAll("_", "/"));
}

Deno.test("dpopProof signs what was asked with either form of the key", async () => {
  const { pkcs8, sec1, publicKey, jwk } = await newKey();

  for (const key of [pkcs8, sec1]) {
    const [header, payload, signature] = (await dpopProof(key, CLAIMS))
      .split(".");
    assertEquals(JSON.parse(text(decoded(header))), {
      typ: "dpop+jwt",
      alg: "ES256",
      jwk: { kty: "EC", x: jwk.x, y: jwk.y, crv: "P-256" },
    });
    assertEquals(JSON.parse(text(decoded(payload))), {
      htm: "POST",
      htu: CLAIMS.url,
      iat: 1_709_208_000,
      jti: CLAIMS.id,
    });
    assertEquals(decoded(signature).length, 64);
    assertEquals(
      await crypto.subtle.verify(
        { name: "ECDSA", hash: "SHA-256" },
        publicKey,
        decoded(signature),
        utf8(`${header}.${payload}`),
      ),
      true,
    );
  }
});

Deno.test("dpopProof refuses what is no key", async () => {
  await assertRejects(() => dpopProof("no key", CLAIMS));
  await assertRejects(() =>
    dpopProof(pem("EC PRIVATE KEY", utf8("no")), CLAIMS)
  );
});
