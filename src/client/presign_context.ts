/**
 * Signatures of texts that stand for a request.
 *
 * @module
 */
import type {
  CallOptions,
  PresignContext,
  PresignContextFinder,
  TextSigner,
} from "../ports/caller.ts";
import type { Credentials } from "../ports/credentials.ts";
import type { Operation } from "../ports/schema.ts";
import type { SigningScope } from "../ports/signer.ts";
import { address, identity, locate, type Parts, scopeOf } from "./parts.ts";

/**
 * Joins the parts to a finder of signing places: serialize, resolve, get the
 * credentials.
 *
 * @param load Gets the parts. Every call asks, so that they are made when they
 * are first needed.
 */
export function createPresignContextFinder(
  load: () => Parts | Promise<Parts>,
): PresignContextFinder {
  return async <Input, Output>(
    operation: Operation<Input, Output>,
    input: Input,
    { signal }: Pick<CallOptions, "signal"> = {},
  ): Promise<PresignContext> => {
    const parts = await load();
    const { protocol, uuid, clock } = parts;
    const draft = protocol.serialize(operation, input, uuid);
    const endpoint = locate(parts, operation.name, draft);
    const { origin, path } = address(draft, endpoint, undefined);
    // What it signs is handed on, so no server may say from when it is good.
    const scope = scopeOf(endpoint, clock.now());
    const credentials = await identity(parts, operation, { endpoint, signal });
    return {
      url: origin + path,
      scope,
      ...credentials && { signer: signerOf(parts, credentials, scope) },
    };
  };
}

function signerOf(
  { signer }: Parts,
  credentials: Credentials,
  scope: SigningScope,
): TextSigner {
  const { accessKeyId, sessionToken, expiration } = credentials;
  return {
    accessKeyId,
    ...sessionToken === undefined ? {} : { sessionToken },
    ...expiration === undefined ? {} : { expiration },
    sign: async (text) => await signer.signText(text, credentials, scope),
  };
}
