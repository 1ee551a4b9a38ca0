/**
 * The verbs that answer questions about the caller and the machine: whoami,
 * explain, permissions, doctor, local.
 *
 * @module
 */
import { ServiceError } from "../../mod.ts";
import { permissionsFor } from "../diagnostics/mod.ts";
import { GetObject, S3 } from "../services/s3/mod.ts";
import { LocalAws } from "../testing/mod.ts";
import {
  CALL_PERMISSIONS,
  type CliCall,
  type CliVerb,
  countText,
  EXIT,
  printable,
  s3Address,
  UsageError,
} from "./command.ts";

const WHOAMI: CliVerb = {
  name: "whoami",
  summary: "Ask STS who calls are made as.",
  args: "",
  count: [0, 0],
  permissions: CALL_PERMISSIONS,
  example: "whoami --profile dev",
  run: async (call) => {
    const identity = await call.session.whoami(call.signal);
    const { account, arn, userId, source } = identity;
    await call.print(identity, () =>
      [
        `account  ${account}`,
        `arn      ${arn}`,
        `user     ${userId}`,
        ...source === undefined ? [] : [`source   ${source}`],
      ].map(printable).join("\n"));
    return EXIT.done;
  },
};

const EXPLAIN: CliVerb = {
  name: "explain",
  summary: "Tell where credentials or settings come from, without secrets.",
  args: "credentials|config",
  count: [1, 1],
  permissions: CALL_PERMISSIONS,
  example: "explain credentials --profile dev",
  run: async (call) => {
    const [topic = ""] = call.args;
    if (topic === "credentials") {
      const explanation = await call.session.explainCredentials(call.signal);
      const { sources, winner } = explanation;
      await call.print({ winner, sources }, () => lines(`${explanation}`));
      return winner === undefined ? EXIT.failed : EXIT.done;
    }
    if (topic === "config") {
      const explanation = await call.session.explainConfig(S3);
      const { profile, settings } = explanation;
      await call.print({ profile, settings }, () => lines(`${explanation}`));
      return EXIT.done;
    }
    throw new UsageError(
      `expected "credentials" or "config", got "${printable(topic)}"`,
    );
  },
};

/** Text of several lines as a terminal may show it. */
function lines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}

const PERMISSIONS: CliVerb = {
  name: "permissions",
  summary:
    "Print the flags of deno run that a program needs for these buckets.",
  args: "[s3://bucket...]",
  count: [0, Infinity],
  permissions: "-A",
  example: "permissions s3://photos --profile dev",
  run: async (call) => {
    const hosts: string[] = [];
    for (const { Bucket } of call.args.map(s3Address)) {
      hosts.push(await hostOf(call, Bucket));
    }
    const flags = await permissionsFor(call.sessionOptions, hosts);
    await call.print({ flags }, flags.join(" "));
    return EXIT.done;
  },
};

/** The host that calls of a bucket go to. */
async function hostOf(call: CliCall, bucket: string): Promise<string> {
  const { url } = await call.client().presign(
    GetObject,
    { Bucket: bucket, Key: "key" },
    { signal: call.signal },
  );
  return new URL(url).host;
}

/** What became of one check. */
interface Check {
  readonly name: string;
  readonly verdict: "fail" | "note" | "ok";
  readonly detail: string;
}

const DOCTOR: CliVerb = {
  name: "doctor",
  summary: "Check credentials, region, endpoint, proxy, clock and permissions.",
  args: "[s3://bucket]",
  options: {
    write: {
      type: "boolean",
      help: "also put, get and delete a small object in the bucket",
    },
  },
  count: [0, 1],
  permissions: CALL_PERMISSIONS,
  example: "doctor s3://photos --write",
  run: async (call) => {
    const [address] = call.args;
    const bucket = address === undefined
      ? undefined
      : s3Address(address).Bucket;
    if (bucket === undefined && call.flag("write")) {
      throw new UsageError("--write needs a bucket");
    }
    let failed = 0;
    const isWritten = call.flag("write") && bucket !== undefined;
    const checks: readonly NamedCheck[] = [
      ["credentials", checkCredentials],
      ["region", checkRegion],
      ["settings", checkSettings],
      ["permission", checkPermissions],
      ["service", (call) => checkService(call, bucket)],
      ...isWritten
        ? [["round", (call) => checkRound(call, bucket)] as NamedCheck]
        : [],
    ];
    for (const check of checks) {
      for (const { name, verdict, detail } of await run(call, check)) {
        if (verdict === "fail") failed++;
        await call.print(
          { name, verdict, detail },
          `${verdict.padEnd(4)}  ${name.padEnd(11)}  ${printable(detail)}`,
        );
      }
    }
    if (failed > 0) await call.note(`${countText(failed, "problem")} found`);
    return failed > 0 ? EXIT.failed : EXIT.done;
  },
};

/** A check, and what it is called where it fails. */
type NamedCheck = readonly [
  name: string,
  check: (call: CliCall) => Promise<readonly Check[]>,
];

async function run(
  call: CliCall,
  [name, check]: NamedCheck,
): Promise<readonly Check[]> {
  try {
    return await check(call);
  } catch (error) {
    call.signal.throwIfAborted();
    const message = error instanceof Error ? error.message : String(error);
    const advice = error instanceof ServiceError
      ? error.detail.advice
      : undefined;
    const detail = advice === undefined ? message : `${message}. ${advice}`;
    return [{ name, verdict: "fail", detail }];
  }
}

async function checkCredentials(call: CliCall): Promise<readonly Check[]> {
  if (call.flag("no-sign-request")) {
    return [{ name: "credentials", verdict: "note", detail: "none are used" }];
  }
  const { decisive, sources } = await call.session.explainCredentials(
    call.signal,
  );
  const instance = sources.find(({ name }) => /iam-role|instance/.test(name));
  const skipped = sources.filter(({ verdict }) => verdict === "skipped");
  return [
    decisive === undefined
      ? { name: "credentials", verdict: "fail", detail: "no source has any" }
      : {
        name: "credentials",
        verdict: decisive.verdict === "found" ? "ok" : "fail",
        detail: `${decisive.name}: ${decisive.detail}`,
      },
    ...skipped.map(({ name, flags }): Check => ({
      name: "credentials",
      verdict: "note",
      detail: `${name} could not be looked at without ${flags.join(" ")}`,
    })),
    ...instance === undefined ? [] : [{
      name: "metadata",
      verdict: "note" as const,
      detail:
        `instance metadata service: ${instance.verdict}, ${instance.detail}`,
    }],
  ];
}

async function checkRegion(call: CliCall): Promise<readonly Check[]> {
  const region = call.text("region") ?? await call.session.region();
  return [
    region === undefined
      ? {
        name: "region",
        verdict: "fail",
        detail: "none is set; set AWS_REGION or --region",
      }
      : { name: "region", verdict: "ok", detail: region },
  ];
}

/** The endpoint and the proxy, as they are set. */
async function checkSettings(call: CliCall): Promise<readonly Check[]> {
  const { settings } = await call.session.explainConfig(S3);
  const found = ["endpointUrl", "proxy"].map((name) =>
    [name, settings.find((setting) => setting.name === name)] as const
  );
  return found.flatMap(([name, setting]): Check[] => {
    const shown = name === "proxy" ? "proxy" : "endpoint";
    if (setting?.value === undefined) {
      const denied = setting?.denied ?? [];
      return [{
        name: shown,
        verdict: "note",
        detail: denied.length > 0
          ? `not known without ${denied.join(" ")}`
          : shown === "proxy"
          ? "none"
          : "that of Amazon",
      }];
    }
    const detail = `${setting.value} (${setting.source})`;
    return [{ name: shown, verdict: "ok", detail }];
  });
}

/** What the program may do, without asking for more. */
async function checkPermissions(): Promise<readonly Check[]> {
  const checks: Check[] = [];
  for (const name of ["net", "env", "read", "write", "run"] as const) {
    const { state, partial } = await Deno.permissions.query({ name });
    const detail = state === "granted"
      ? partial ? "granted in part" : "granted"
      : partial
      ? "granted in part"
      : `not granted; --allow-${name}`;
    checks.push({
      name: "permission",
      verdict: "note",
      detail: `${name}: ${detail}`,
    });
  }
  return checks;
}

/** Largest difference of clocks that S3 takes, in milliseconds. */
const MOST_SKEW_MS = 15 * 60 * 1_000;

/** Whether the service answers, as whom, and what time it has. */
async function checkService(
  call: CliCall,
  bucket: string | undefined,
): Promise<readonly Check[]> {
  const { signal } = call;
  const s3 = call.client();
  const { ResponseMetadata } = bucket === undefined
    ? await s3.listBuckets({}, { signal })
    // A refusal of HEAD would have no reason.
    : await s3.listObjectsV2({ Bucket: bucket, MaxKeys: 1 }, { signal });
  const { HTTPHeaders, Attempts } = ResponseMetadata;
  const where = bucket === undefined ? "ListBuckets" : `bucket ${bucket}`;
  const skewMs = Date.now() - Date.parse(HTTPHeaders.date ?? "");
  return [
    {
      name: "service",
      verdict: "ok",
      detail: `${where}: answered after ${
        countText(Attempts.length, "attempt")
      }`,
    },
    Number.isNaN(skewMs)
      ? { name: "clock", verdict: "note", detail: "the service told no time" }
      : {
        name: "clock",
        verdict: Math.abs(skewMs) < MOST_SKEW_MS ? "ok" : "fail",
        detail: `${Math.round(Math.abs(skewMs) / 1_000)} s ${
          skewMs < 0 ? "behind" : "ahead of"
        } the service`,
      },
  ];
}

/** Puts, gets and deletes an object. */
async function checkRound(
  call: CliCall,
  Bucket: string,
): Promise<readonly Check[]> {
  const { signal } = call;
  const s3 = call.client();
  const Key = `inia-doctor-${crypto.randomUUID()}`;
  const content = "inia doctor";
  await s3.putObject({ Bucket, Key, Body: content }, { signal });
  let text: string;
  try {
    const { Body } = await s3.getObject({ Bucket, Key }, { signal });
    text = await Body.text();
  } finally {
    // Also after Ctrl-C.
    await s3.deleteObject({ Bucket, Key });
  }
  return [{
    name: "round",
    verdict: text === content ? "ok" : "fail",
    detail: text === content
      ? "put, got and deleted an object"
      : "what was got is not what was put",
  }];
}

const LOCAL: CliVerb = {
  name: "local",
  summary: "Run a small S3 and STS in memory until Ctrl-C, to try things out.",
  args: "",
  options: {
    port: {
      type: "string",
      value: "N",
      help: "port on 127.0.0.1; default: any",
    },
    bucket: {
      type: "string",
      multiple: true,
      value: "NAME",
      help: "make a bucket",
    },
  },
  count: [0, 0],
  permissions: "--allow-net=127.0.0.1",
  example: "local --port 9000 --bucket photos",
  run: async (call) => {
    const port = call.number("port");
    const region = call.text("region");
    const local = await LocalAws.start({
      ...port !== undefined && { port },
      ...region !== undefined && { region },
    });
    try {
      const { endpointUrl, credentials, region: used } = local.clientConfig;
      const s3 = call.client(local.clientConfig);
      for (const Bucket of call.texts("bucket")) {
        await s3.createBucket({ Bucket });
      }
      const { accessKeyId, secretAccessKey } = credentials;
      // The example key of Amazon's documentation, which opens nothing else.
      const variables = {
        AWS_ENDPOINT_URL: endpointUrl,
        AWS_REGION: used,
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
      };
      await call.print(
        variables,
        Object.entries(variables).map(([name, value]) =>
          `export ${name}=${value}`
        )
          .join("\n"),
      );
      await call.note("Listening; Ctrl-C ends it and all it holds.");
      if (!call.signal.aborted) {
        await new Promise<void>((resolve) =>
          call.signal.addEventListener("abort", () => resolve(), { once: true })
        );
      }
      return EXIT.done;
    } finally {
      await local[Symbol.asyncDispose]();
    }
  },
};

/** The verbs. */
export const IDENTITY_VERBS: readonly CliVerb[] = [
  WHOAMI,
  EXPLAIN,
  PERMISSIONS,
  DOCTOR,
  LOCAL,
];
