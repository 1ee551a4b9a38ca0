/**
 * Whole requests, from parameters to signed bytes, as boto3 sends them.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { base64, utf8 } from "../../src/foundation/bytes.ts";
import { AwsError } from "../../src/foundation/errors.ts";
import type { HttpRequest } from "../../src/ports/http.ts";
import {
  bodyOf,
  callerOf,
  type CaseMeta,
  type ClientCase,
  ECDSA,
  LACKS_SIGV4A,
  sessionOf,
  urlOf,
} from "./client_cases.ts";
import { vectorTest } from "./suite.ts";

/** A recorded request. */
export interface RequestCase extends ClientCase {
  readonly name: string;
  readonly operation: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly expect: {
    readonly error?: string;
    readonly method?: string;
    readonly url?: string;
    readonly headers?: readonly (readonly [string, string])[];
    /** Stands beside the headers in some files. */
    readonly authorization?: string;
    readonly body?: string;
    readonly bodyBase64?: string;
  };
}

/**
 * Fields that the platform sets when it sends, and the one that `fetch` cannot
 * carry out; none of them is signed.
 */
const PLATFORM = new Set(["content-length", "expect", "transfer-encoding"]);

/** Fields that boto adds after signing, and the recordings leave out. */
const UNRECORDED = /^(?:amz-sdk-|user-agent$)/;

let meta: CaseMeta | undefined;

vectorTest<RequestCase>({
  file: "client-requests.json",
  cases: (data) => {
    const file = data as { meta: CaseMeta; cases: readonly RequestCase[] };
    meta = file.meta;
    return file.cases;
  },
  name: ({ name }) => name,
  run: async (vector) => {
    assert(meta !== undefined);
    const sent: HttpRequest[] = [];
    using session = sessionOf(vector, meta, {
      send: (request) => {
        sent.push(request);
        return Promise.reject(new Error("sent"));
      },
      [Symbol.dispose]: () => {},
    });

    const failure = await callerOf(session, vector)(
      vector.operation,
      vector.params,
    ).then(() => undefined, (error: unknown) => error);

    const [request] = sent;
    const { error, method, url, headers, body = "", bodyBase64 } =
      vector.expect;
    const { authorization } = vector.expect;
    if (error === LACKS_SIGV4A) {
      const fields = request?.headers ?? {};
      assertEquals(fields["authorization"]?.split(" ")[0], ECDSA);
      assertEquals(fields["x-amz-region-set"], "*");
      return;
    }
    if (error !== undefined) {
      assertEquals(sent.length, 0, "a request that must be refused was sent");
      assert(failure instanceof AwsError, `${failure}`);
      return;
    }
    if (request === undefined) throw failure;
    assertEquals(request.method, method);
    assertEquals(urlOf(request), url);
    assertEquals(await bodyOf(request), bodyBase64 ?? base64(utf8(body)));
    assertEquals(
      Object.entries(request.headers)
        .filter(([name]) => !UNRECORDED.test(name)).sort(),
      [
        ...headers ?? [],
        ...authorization === undefined
          ? []
          : [["authorization", authorization] as const],
      ].filter(([name]) => !PLATFORM.has(name)).sort(),
    );
  },
});
