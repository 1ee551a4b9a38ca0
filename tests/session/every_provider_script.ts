/**
 * Uses every provider once, against the server that its argument names, and tells
 * when it is done. Nothing is closed: the program is to end by itself.
 *
 * @module
 */
import { Session } from "../../mod.ts";
import { base64 } from "../../src/foundation/bytes.ts";
import type { Transport } from "../../src/ports/http.ts";
import { DenoSystem } from "../../src/system/platform.ts";
import { FakeSystem } from "../../src/testing/mod.ts";
import { FetchTransport } from "../../src/transport/fetch_transport.ts";

const server = Deno.args[0] ?? "";
const inner = new FetchTransport();
const transport: Transport = {
  ...inner.limits && { limits: inner.limits },
  send: (request, options) =>
    inner.send({ ...request, origin: server }, options),
  [Symbol.dispose]: () => inner[Symbol.dispose](),
};

const KEYS = "aws_access_key_id = AK\naws_secret_access_key = SK\n";
const TOKEN = { accessToken: "T", expiresAt: "2099-01-01T00:00:00Z" };

/** A session of `aws login` whose keys have ended, so that new ones are got. */
const LOGIN = {
  accessToken: {
    accessKeyId: "ASIA0",
    secretAccessKey: "SK",
    sessionToken: "T",
    accountId: "123456789012",
    expiresAt: "2020-01-01T00:00:00Z",
  },
  refreshToken: "R",
  clientId: "arn:aws:signin:::devtools/same-device",
  dpopKey: await newKey(),
};

/** What puts each provider to use: variables, the config file, other files. */
const SCENES: Readonly<
  Record<string, {
    readonly env?: Record<string, string>;
    readonly config?: string;
    readonly files?: Record<string, string>;
  }>
> = {
  env: { env: { AWS_ACCESS_KEY_ID: "AK", AWS_SECRET_ACCESS_KEY: "SK" } },
  "assume-role": {
    config: `[default]\nrole_arn = arn:aws:iam::123456789012:role/reader
source_profile = b\n[profile b]\n${KEYS}`,
  },
  "assume-role-with-web-identity": {
    env: {
      AWS_WEB_IDENTITY_TOKEN_FILE: "/token",
      AWS_ROLE_ARN: "arn:aws:iam::123456789012:role/reader",
    },
    files: { "/token": "jwtjwt" },
  },
  sso: {
    config: `[default]\nsso_account_id = 1\nsso_role_name = R
sso_start_url = https://x.awsapps.com/start\nsso_region = eu-west-1\n`,
    files: {
      "/home/ann/.aws/sso/cache/3947de8b16688092197fa616c34e01335f21d256.json":
        JSON.stringify(TOKEN),
    },
  },
  "shared-credentials-file": {
    files: { "/home/ann/.aws/credentials": `[default]\n${KEYS}` },
  },
  login: {
    config: "[default]\nlogin_session = arn:aws:iam::123456789012:user/ann\n",
    files: {
      "/home/ann/.aws/login/cache/143b1fc18f5ca9bb89e81d9a77fe53029e237039039ccab734b6fb08284f7780.json":
        JSON.stringify(LOGIN),
    },
  },
  "custom-process": {
    config:
      `[default]\ncredential_process = deno eval --no-config 'console.log("{\\"Version\\":1,\\"AccessKeyId\\":\\"AK\\",\\"SecretAccessKey\\":\\"SK\\"}")'\n`,
  },
  "config-file": { config: `[default]\n${KEYS}` },
  "ec2-credentials-file": {
    env: { AWS_CREDENTIAL_FILE: "/ec2" },
    files: { "/ec2": "AWSAccessKeyId=AK\nAWSSecretKey=SK\n" },
  },
  "boto-config": { files: { "/etc/boto.cfg": `[Credentials]\n${KEYS}` } },
  "container-role": {
    env: { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: "/keys" },
  },
  "iam-role": { env: { AWS_EC2_METADATA_DISABLED: "false" } },
};

for (const [name, { env, config, files }] of Object.entries(SCENES)) {
  const session = new Session({
    region: "eu-west-1",
    transport,
    system: new FakeSystem({
      env: { HOME: "/home/ann", AWS_EC2_METADATA_DISABLED: "true", ...env },
      files: { ...config && { "/home/ann/.aws/config": config }, ...files },
      run: async (command, args) => {
        const result = await new DenoSystem().run(command, args);
        return result.kind === "found" ? result.value : undefined;
      },
    }),
  });
  const { source } = await session.credentials();
  if (source !== name) throw new Error(`${name} became ${source}`);
}
console.log("done");

async function newKey(): Promise<string> {
  const { privateKey } = await crypto.subtle.generateKey(
    { name: "ECDSA", namedCurve: "P-256" },
    true,
    ["sign", "verify"],
  );
  const der = await crypto.subtle.exportKey("pkcs8", privateKey);
  const text = base64(new Uint8Array(der));
  return `-----BEGIN PRIVATE KEY-----\n${text}\n-----END PRIVATE KEY-----\n`;
}
