/**
 * Credentials in environment variables.
 *
 * @module
 */
import {
  CredentialsError,
  PartialCredentialsError,
} from "../foundation/errors.ts";
import type { Credentials } from "../ports/credentials.ts";
import type { System } from "../ports/system.ts";
import { readExpiry } from "./value.ts";
import {
  type ExplainableProvider,
  provider,
  type Resolution,
} from "./chain.ts";

const NAME = "env";
const KEY_ID = "AWS_ACCESS_KEY_ID";
const SECRET = "AWS_SECRET_ACCESS_KEY";
/** The older name wins, as in botocore. */
const TOKENS = ["AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN"];
const EXPIRATION = "AWS_CREDENTIAL_EXPIRATION";
const ACCOUNT = "AWS_ACCOUNT_ID";

/**
 * Makes the provider of `AWS_ACCESS_KEY_ID` and the variables that belong to it.
 * An empty variable counts as none. Credentials with `AWS_CREDENTIAL_EXPIRATION`
 * are refreshed by looking again.
 *
 * @param deps Whose environment it is.
 */
export function envProvider(
  { system }: { readonly system: Pick<System, "env"> },
): ExplainableProvider {
  return provider(NAME, () => look(system));
}

function look(system: Pick<System, "env">): Resolution {
  const keyId = system.env(KEY_ID);
  if (keyId.kind === "denied") return { kind: "denied", flags: needs(system) };
  if (keyId.kind === "absent" || keyId.value === "") {
    return { kind: "absent", why: `${KEY_ID} is not set` };
  }
  const expiration = textOf(system, EXPIRATION);
  return {
    kind: "found",
    credentials: read(system, keyId.value, expiration),
    at: KEY_ID,
    ...expiration !== undefined && { refresh: "reads the environment again" },
  };
}

/** What it takes to find all of them at once. */
function needs(system: Pick<System, "env">): readonly string[] {
  return [KEY_ID, SECRET, "AWS_SESSION_TOKEN"].flatMap((name) => {
    const found = system.env(name);
    return found.kind === "denied" ? [found.flag] : [];
  });
}

function read(
  system: Pick<System, "env">,
  accessKeyId: string,
  expiration: string | undefined,
): Credentials {
  const secret = system.env(SECRET);
  if (secret.kind === "denied") {
    throw new PartialCredentialsError(
      NAME,
      `${KEY_ID} is set and ${SECRET} may not be read; run with ${secret.flag}`,
    );
  }
  if (secret.kind === "absent" || secret.value === "") {
    throw new PartialCredentialsError(
      NAME,
      `${KEY_ID} is set and ${SECRET} is not; set both or neither`,
    );
  }
  const sessionToken = tokenOf(system, accessKeyId);
  const accountId = textOf(system, ACCOUNT);
  return {
    accessKeyId,
    secretAccessKey: secret.value,
    ...sessionToken !== undefined && { sessionToken },
    ...expiration !== undefined && { expiration: readEnd(expiration) },
    ...accountId !== undefined && { accountId },
    source: NAME,
  };
}

/** Only keys that cannot do without a token make a forbidden variable an error. */
function tokenOf(
  system: Pick<System, "env">,
  accessKeyId: string,
): string | undefined {
  for (const name of TOKENS) {
    const token = textOf(system, name);
    if (token !== undefined) return token;
  }
  const token = system.env("AWS_SESSION_TOKEN");
  if (token.kind === "denied" && accessKeyId.startsWith("ASIA")) {
    throw new PartialCredentialsError(
      NAME,
      `${KEY_ID} is of temporary credentials and AWS_SESSION_TOKEN may not be read; run with ${token.flag}`,
    );
  }
  return undefined;
}

function readEnd(text: string): Date {
  const end = readExpiry(text);
  if (end !== undefined) return end;
  throw new CredentialsError(
    "CredentialRetrievalError",
    `Cannot use the credentials of "${NAME}": ${EXPIRATION} must be a time in ` +
      `ISO 8601 with its zone such as "2030-01-31T12:00:00Z", found "${text}"`,
  );
}

function textOf(
  system: Pick<System, "env">,
  name: string,
): string | undefined {
  const found = system.env(name);
  return found.kind === "found" && found.value !== "" ? found.value : undefined;
}
