/**
 * One request to the server, from its bytes to the answer's: which service and
 * operation, who calls, is the body whole, and what every answer has.
 *
 * @module
 */
import { text } from "../../foundation/bytes.ts";
import { sha256HexOf } from "../../foundation/digest.ts";
import { httpDate } from "../../foundation/timestamps.ts";
import type { Clock } from "../../ports/system.ts";
import type { HeaderMap } from "../../ports/http.ts";
import type { PlainResponse } from "../http_message.ts";
import { bucketHandlers, corsOf } from "./buckets.ts";
import {
  type Call,
  checkOptions,
  type Handlers,
  hoistedHeaders,
  type Reply,
} from "./call.ts";
import {
  baseName,
  checkForm,
  corsHeaders,
  formHeaders,
  type PostForm,
  preflight,
  readForm,
} from "./browsers.ts";
import { checkCustomerKeyMd5 } from "./facts.ts";
import {
  type Fault,
  type Faults,
  invalidArgument,
  jsonErrorResponse,
  notImplemented,
  type RequestIds,
  S3Error,
  s3ErrorResponse,
  stsErrorResponse,
} from "./s3_error.ts";
import {
  Journal,
  type LocalRequest,
  type LocalSignature,
  locationOf,
  parseQuery,
  parseTarget,
  regionOf,
  resourceOf,
  type Target,
  valueOf,
  type WireRequest,
  withoutSecrets,
} from "./request.ts";
import type { Identity, Key, Keys } from "./access.ts";
import { listingHandlers } from "./listing.ts";
import { multipartHandlers } from "./multipart.ts";
import { objectHandlers } from "./objects.ts";
import { checkChecksums, payloadHash, readPayload } from "./payload.ts";
import {
  type Members,
  type OperationName,
  operationOf,
  readInput,
  type TableRequest,
  writeOutput,
} from "./shapes.ts";
import {
  checkSignature,
  type Expectation,
  type ParsedSignature,
  readSignature,
} from "./signature.ts";
import {
  type Content,
  discard,
  memoryPiece,
  type Store,
  wholeContent,
} from "./store.ts";
import { answerSts } from "./sts.ts";
import { element, fields, writeXml } from "./xml.ts";

/** What a server consists of. */
export interface ServerParts {
  /** The keys that it knows. */
  readonly keys: Keys;
  /** Its regions, the default one first. */
  readonly regions: readonly string[];
  /** Its time. */
  readonly clock: Pick<Clock, "now">;
  /** Least size of a part that is not the last, in bytes. */
  readonly minPartSize: number;
  /** What it keeps. */
  readonly store: Store;
  /** Faults that are asked for. */
  readonly faults: Faults;
  /** Is told of each request once it is answered. */
  readonly onRequest?: (request: LocalRequest) => void;
}

/** An answer whose body may lie in several pieces. */
export interface ServerResponse {
  /** HTTP status. */
  readonly status: number;
  /** Header fields by lower-case name. */
  readonly headers: HeaderMap;
  /** The body. */
  readonly body: Content;
  /** Whether a body goes with it: not for HEAD, 204 and 304. */
  readonly bodiless: boolean;
  /** The connection is cut after so many bytes of the body. */
  readonly cutAfterBytes?: number;
  /** Is called once the body is sent, or is not to be. */
  readonly done: () => void;
}

/** Operations with checksums of objects, not of what is in their bodies. */
const OWN_CHECKSUMS: readonly OperationName[] = [
  "CompleteMultipartUpload",
  "DeleteObjects",
  "PutObject",
  "UploadPart",
];

const HANDLERS: Handlers = {
  ...bucketHandlers,
  ...objectHandlers,
  ...listingHandlers,
  ...multipartHandlers,
};

/** What is known of a request while it is answered. */
interface Progress {
  service: "s3" | "sts";
  operation: string;
  bucket: string;
  key: string;
  query: Target["query"];
  signature?: LocalSignature;
  code?: string;
  fault?: Fault;
}

/** Answers requests, as S3 and STS do. */
export class Server {
  readonly #parts: ServerParts;
  #requests = 0;
  readonly #journal = new Journal();

  constructor(parts: ServerParts) {
    this.#parts = parts;
  }

  /** The requests so far, the oldest first. */
  get journal(): readonly LocalRequest[] {
    return this.#journal.requests();
  }

  /** Forgets the requests so far. */
  clearJournal(): void {
    this.#journal.clear();
  }

  /** Answers a request; also with an error document. */
  async handle(request: WireRequest): Promise<ServerResponse> {
    if (isHealthCheck(request)) return healthy();
    await this.#parts.store.sweep();
    const time = this.#parts.clock.now();
    const number = String(++this.#requests).padStart(16, "0");
    const ids = { requestId: number, hostId: `local/${number}` };
    const progress: Progress = {
      service: isSts(request) ? "sts" : "s3",
      operation: "",
      bucket: "",
      key: "",
      query: [],
    };
    const { length } = request.body;
    const { status, headers, body } = progress.service === "sts"
      ? await this.#sts(request, ids, progress)
      : await this.#s3(request, ids, progress);
    this.#note(request, progress, status, time, length);
    const own = progress.service === "sts"
      ? { "x-amzn-requestid": ids.requestId }
      : { "x-amz-request-id": ids.requestId, "x-amz-id-2": ids.hostId };
    const noBody = status === 204 || status === 304;
    const content = body instanceof Uint8Array
      ? wholeContent([memoryPiece(body)])
      : body;
    // Without a 100 before it, a client that waits for one keeps a stale state.
    const expects = request.headers["expect"] !== undefined && length === 0;
    const cut = progress.fault?.cutAfterBytes;
    const { store } = this.#parts;
    const bodiless = noBody || request.method === "HEAD";
    return {
      status,
      headers: {
        ...headers,
        ...noBody
          ? {}
          : { "content-length": String(content.end - content.start) },
        ...own,
        date: httpDate(time),
        server: "LocalAws",
        ...expects ? { connection: "close" } : {},
      },
      body: content,
      bodiless,
      done: () => bodiless ? undefined : store.letGo(content.pieces),
      ...cut === undefined ? {} : { cutAfterBytes: cut },
    };
  }

  async #s3(
    request: WireRequest,
    ids: RequestIds,
    progress: Progress,
  ): Promise<Answer> {
    let cors: HeaderMap = {};
    try {
      const target = parseTarget(request.target);
      const host = request.headers["host"] ?? "";
      const resource = resourceOf(target.path, host);
      Object.assign(progress, resource, { query: target.query });
      cors = this.#cors(request, resource.bucket);
      if (request.method === "OPTIONS") {
        return this.#preflight(request, resource.bucket);
      }
      const answer = await this.#signed(request, target, resource, progress);
      return { ...answer, headers: { ...answer.headers, ...cors } };
    } catch (error) {
      const known = knownError(error);
      progress.code = known.code;
      const path = request.target.split("?")[0] ?? "/";
      const document = isJson(request)
        ? jsonErrorResponse(known)
        : s3ErrorResponse(known, ids, path);
      return { ...document, headers: { ...document.headers, ...cors } };
    }
  }

  /** Answers a request of S3 once it is clear who it comes from. */
  async #signed(
    request: WireRequest,
    target: Target,
    resource: { readonly bucket: string; readonly key: string },
    progress: Progress,
  ): Promise<Answer> {
    const { keys, clock } = this.#parts;
    const now = clock.now();
    const parsed = readSignature(request, target);
    noteSignature(progress, parsed);
    checkService(request, parsed);
    const region = this.#region(request, parsed);
    const sent = parsed?.place === "query"
      ? { ...hoistedHeaders(target.query), ...request.headers }
      : request.headers;
    const asked: TableRequest = {
      ...resource,
      method: request.method,
      query: target.query,
      headers: sent,
      body: request.body,
    };
    const type = request.headers["content-type"] ?? "";
    if (
      request.method === "POST" && parsed === undefined &&
      type.startsWith("multipart/form-data")
    ) {
      progress.operation = "PostObject";
      await this.#fault(progress);
      const form = readForm(type, request.body);
      noteForm(progress, form);
      return await this.#form(asked, form, region);
    }
    let name: OperationName | undefined;
    let wrong: unknown;
    try {
      name = operationOf(asked);
      progress.operation = name;
    } catch (error) {
      wrong = error;
    }
    await this.#fault(progress);
    let key: Key | undefined;
    let body = request.body;
    let headers = sent;
    const stated = request.headers["x-amz-content-sha256"];
    if (parsed !== undefined) {
      const hash = payloadHash(parsed, request, target);
      const expected: Expectation = {
        keys,
        region,
        service: "s3",
        now,
        payloadHash: hash,
        // The whole path is the key then.
        bucketInHost: target.path === `/${resource.key}` ? resource.bucket : "",
      };
      key = await checkSignature(parsed, request, target, expected);
      const payload = await readPayload(hash, request, { parsed, key });
      body = payload.bytes;
      // The chunks were put together elsewhere.
      if (body.buffer !== request.body.buffer) discard(request.body);
      headers = { ...headers, ...payload.trailer };
    } else if (stated?.startsWith("STREAMING-")) {
      const payload = await readPayload(stated, request, undefined);
      body = payload.bytes;
      headers = { ...headers, ...payload.trailer };
    }
    if (name === undefined) throw wrong;
    await checkCustomerKeyMd5(headers);
    return await this.#run(
      name,
      { ...asked, headers, body },
      key?.identity,
      region,
    );
  }

  /** Runs the handler of an operation. */
  async #run(
    name: OperationName,
    request: TableRequest,
    caller: Identity | undefined,
    region: string,
  ): Promise<Answer> {
    const handler = HANDLERS[name] as
      | ((call: Call, input: Members) => Promise<Members> | Members)
      | undefined;
    if (handler === undefined) throw notImplemented({ Operation: name });
    const { keys, store, regions, minPartSize, clock } = this.#parts;
    const reply: Reply = { status: 200, headers: {} };
    const call: Call = {
      ...request,
      operation: name,
      caller,
      now: clock.now(),
      store,
      keys,
      region,
      regions,
      minPartSize,
      reply,
    };
    const input = readInput(name, request);
    checkOptions(name, request.headers, input);
    // These look at the checksums of their bodies themselves, or have others.
    if (!OWN_CHECKSUMS.includes(name)) {
      await checkChecksums(request.headers, request.body);
    }
    const output = await handler(call, input) ?? {};
    const written = writeOutput(name, output, reply.mixed);
    const noBody = reply.status === 204 || reply.status === 304;
    return {
      status: reply.status,
      headers: {
        ...written.document === undefined || noBody
          ? {}
          : { "content-type": "application/xml" },
        ...written.headers,
        ...reply.headers,
      },
      body: reply.body ?? (noBody ? undefined : written.document) ??
        new Uint8Array(),
    };
  }

  /** Uploads the file of a form. */
  async #form(
    request: TableRequest,
    form: PostForm,
    region: string,
  ): Promise<Answer> {
    const { bucket } = request;
    const { keys, clock } = this.#parts;
    if (bucket === "" || request.key !== "") {
      throw new S3Error("MethodNotAllowed", { Method: "POST" });
    }
    const found = this.#parts.store.buckets.get(bucket);
    if (found === undefined) {
      throw new S3Error("NoSuchBucket", { BucketName: bucket });
    }
    const now = clock.now();
    const signer = await checkForm(form, { bucket, keys, region, now });
    const key = form.fields.get("key")
      ?.replaceAll("${filename}", baseName(form.fileName));
    if (!key) {
      throw invalidArgument(
        "key",
        "",
        "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the fields.",
      );
    }
    const { host = "" } = request.headers;
    const headers = formHeaders(form);
    await checkCustomerKeyMd5(headers);
    const put = await this.#run(
      "PutObject",
      { method: "PUT", bucket, key, query: [], headers, body: form.file },
      signer?.identity,
      region,
    );
    const location = locationOf(host, { bucket, key });
    const etag = put.headers["etag"] ?? "";
    const more = { ...put.headers, location, etag };
    const redirect = redirectOf(form, { bucket, key, etag });
    if (redirect !== undefined) {
      return {
        status: 303,
        headers: { ...more, location: redirect },
        body: new Uint8Array(),
      };
    }
    const status = form.fields.get("success_action_status");
    if (status !== "201") {
      return {
        status: status === "200" ? 200 : 204,
        headers: more,
        body: new Uint8Array(),
      };
    }
    const document = fields({
      Location: location,
      Bucket: bucket,
      Key: key,
      ETag: etag,
    });
    return {
      status: 201,
      headers: { ...more, "content-type": "application/xml" },
      body: writeXml(element("PostResponse", document)),
    };
  }

  /** The header fields that a bucket's rules of CORS give to an answer. */
  #cors({ method, headers }: WireRequest, name: string): HeaderMap {
    const origin = headers["origin"];
    const bucket = this.#parts.store.buckets.get(name);
    if (origin === undefined || bucket === undefined) return {};
    if (method === "OPTIONS") return {};
    // A browser sends it with preflights only; S3 weighs it wherever it is sent.
    const asked = headers["access-control-request-method"] ?? method;
    return corsHeaders(corsOf(bucket), { origin, method: asked }) ?? {};
  }

  #preflight({ headers }: WireRequest, name: string): Answer {
    const bucket = this.#parts.store.buckets.get(name);
    return {
      status: 200,
      headers: preflight(
        bucket === undefined ? undefined : corsOf(bucket),
        headers,
      ),
      body: new Uint8Array(),
    };
  }

  async #sts(
    request: WireRequest,
    ids: RequestIds,
    progress: Progress,
  ): Promise<Answer> {
    const { keys, clock } = this.#parts;
    try {
      const target = parseTarget(request.target);
      const params = [...target.query, ...parseQuery(text(request.body))];
      progress.operation = valueOf(params, "Action") ?? "";
      progress.query = target.query;
      const hash = await sha256HexOf(request.body);
      const parsed = readSignature(request, target);
      noteSignature(progress, parsed);
      checkService(request, parsed);
      await this.#fault(progress);
      const key = parsed === undefined ? undefined : await checkSignature(
        parsed,
        request,
        target,
        {
          keys,
          region: this.#region(request, parsed),
          service: "sts",
          now: clock.now(),
          payloadHash: hash,
          bucketInHost: "",
        },
      );
      const now = clock.now();
      return answerSts({ params, key, keys, now, requestId: ids.requestId });
    } catch (error) {
      const known = knownError(error);
      progress.code = known.code;
      return stsErrorResponse(known, ids);
    }
  }

  /** The region that a request was sent to: its host's, or its signature's. */
  #region(
    { headers }: WireRequest,
    parsed: ParsedSignature | undefined,
  ): string {
    const { regions } = this.#parts;
    const [first = ""] = regions;
    const named = regionOf(headers["host"] ?? "");
    if (named !== undefined && regions.includes(named)) return named;
    const signed = parsed?.scope.region ?? "";
    return regions.includes(signed) ? signed : first;
  }

  async #fault(progress: Progress): Promise<void> {
    const fault = this.#parts.faults.take(progress.operation, progress);
    if (fault === undefined) return;
    progress.fault = fault;
    if (fault.delayMs !== undefined) await this.#parts.faults.wait(fault);
    if (fault.error !== undefined) throw fault.error;
  }

  #note(
    { method, headers }: WireRequest,
    progress: Progress,
    status: number,
    time: Date,
    bytes: number,
  ): void {
    const { service, operation, bucket, key, code, signature } = progress;
    const noted: LocalRequest = {
      time,
      service,
      operation,
      method,
      bucket,
      key,
      query: Object.fromEntries(withoutSecrets(progress.query)),
      headers: Object.fromEntries(withoutSecrets(Object.entries(headers))),
      bytes,
      status,
      ...code === undefined ? {} : { code },
      ...signature === undefined ? {} : { signature },
    };
    this.#journal.add(noted);
    this.#parts.onRequest?.(noted);
  }
}

function noteSignature(
  progress: Progress,
  parsed: ParsedSignature | undefined,
): void {
  if (parsed === undefined) return;
  progress.signature = { version: parsed.version, place: parsed.place };
}

function noteForm(progress: Progress, { fields: form }: PostForm): void {
  const version = form.has("x-amz-algorithm")
    ? 4
    : form.has("awsaccesskeyid")
    ? 2
    : undefined;
  if (version !== undefined) progress.signature = { version, place: "form" };
}

/** An answer before it gets what every answer has. */
type Answer = Omit<PlainResponse, "body"> & {
  readonly body: Content | PlainResponse["body"];
};

/** Whether a request is for STS: a form or an action at the root. */
function isSts({ target, headers }: WireRequest): boolean {
  const form = headers["content-type"]?.startsWith(
    "application/x-www-form-urlencoded",
  );
  return /^\/(?:\?|$)/.test(target) &&
    (form === true || /[?&]Action=/.test(target));
}

/** Whether a request is one of the JSON protocols, which other services have. */
function isJson({ headers }: WireRequest): boolean {
  return headers["x-amz-target"] !== undefined ||
    (headers["content-type"] ?? "").startsWith("application/x-amz-json");
}

/** Refuses what is for another service, by name. */
function checkService(
  { headers }: WireRequest,
  parsed: ParsedSignature | undefined,
): void {
  const target = headers["x-amz-target"];
  const service = parsed?.scope.service ??
    target?.replace(/[._].*/, "").toLowerCase() ?? "s3";
  if (target === undefined && ["s3", "sts"].includes(service)) return;
  throw new S3Error(
    "NotImplemented",
    { Service: service },
    `LocalAws has S3 and STS only; the request is for the service "${service}"`,
  );
}

function knownError(error: unknown): S3Error {
  if (error instanceof S3Error) return error;
  // An error of the server itself must not end the program under test.
  return new S3Error(
    "InternalError",
    {},
    `LocalAws has failed: ${String(error)}`,
  );
}

const HEALTH_PATHS = ["/_local/health", "/minio/health/live"];

function isHealthCheck({ method, target }: WireRequest): boolean {
  return method === "GET" && HEALTH_PATHS.includes(target);
}

function healthy(): ServerResponse {
  const body = new TextEncoder().encode('{"status":"running"}\n');
  return {
    status: 200,
    headers: {
      "content-type": "application/json",
      "content-length": String(body.length),
    },
    body: wholeContent([memoryPiece(body)]),
    bodiless: false,
    done: () => {},
  };
}

/** Where a form wants its browser to go, with what was uploaded. */
function redirectOf(
  { fields: form }: PostForm,
  { bucket, key, etag }: Readonly<Record<"bucket" | "etag" | "key", string>>,
): string | undefined {
  const wanted = form.get("success_action_redirect") ?? form.get("redirect");
  if (wanted === undefined || !URL.canParse(wanted)) return undefined;
  const url = new URL(wanted);
  if (!/^https?:$/.test(url.protocol)) return undefined;
  url.searchParams.append("bucket", bucket);
  url.searchParams.append("key", key);
  url.searchParams.append("etag", etag);
  return url.href;
}
